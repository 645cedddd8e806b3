// Memberships in open tabs: what is given works within two seconds, what ends is over within two, and the badge says why.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** How long a right may take into an open tab, and out of it. */
const SOON = { timeout: 2_000 };

test('a plan is given and taken back, and open tabs know it', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, vera } = await community(server, 'bruno', 'vera');
  const bruno = await someone('bruno');
  const admin = await someone('olga');
  await acts.signIn(bruno.page, server.url, 'bruno');
  await acts.signIn(admin.page, server.url, 'olga');
  await acts.openRoom(bruno.page, 'general');
  const { id } = (await olga.call('GET', '/members?q=bruno')).items[0];
  const newRoom = bruno.page.locator('room-list .sidebar-head').getByRole('button', { name: 'New room' });
  const starts = () => bruno.page.evaluate(() => /** @type {any} */ (document.querySelector('rialto-app')).client.state.entitlements['calls.start']);

  await test.step('the owner makes a plan at the dashboard', async () => {
    await admin.page.goto(`${server.url}/admin/plans`);
    const card = admin.page.getByRole('region', { name: 'A new plan' });
    await card.getByText('A new plan').click();
    await card.getByLabel('Name', { exact: true }).fill('Patron');
    await card.getByLabel('Start calls', { exact: true }).check();
    await card.getByLabel('Make rooms').check();
    await card.getByLabel('Badge beside the name').fill('Patron');
    await card.getByRole('button', { name: 'Make the plan' }).click();
    await expect(admin.page.getByRole('region', { name: 'Patron' })).toBeVisible();
    await olga.call('PATCH', '/admin/settings', { rooms_need_plan: true });
    await expect(newRoom).toHaveCount(0);
    expect(await starts()).toBe(false);
  });

  const [ofBruno, ofVera] = [await admin.context.newPage(), await bruno.context.newPage()];
  const badge = ofBruno.locator('.person-head').getByRole('button', { name: 'Patron' });
  const ring = ofVera.locator('.person-calls').getByRole('button', { name: 'Call', exact: true });

  await test.step('before, the open profiles show no badge, and a lock', async () => {
    await ofBruno.goto(`${server.url}/people/${id}`);
    await ofVera.goto(`${server.url}/people/${(await olga.call('GET', '/members?q=vera')).items[0].id}`);
    await expect(ring).toHaveAttribute('aria-haspopup', 'dialog');
    await expect(badge).toHaveCount(0);
  });

  await test.step('it is given, and works in the open tab', async () => {
    await admin.page.goto(`${server.url}/admin/members/${id}`);
    const card = admin.page.getByRole('region', { name: 'Give a plan' });
    await card.getByLabel('Plan').selectOption({ label: 'Patron' });
    await card.getByLabel('Note').fill('Paid at the quay');
    await card.getByRole('button', { name: 'Give' }).click();
    const from = Date.now();
    await expect(newRoom).toBeVisible(SOON);
    await expect.poll(starts, SOON).toBe(true);
    await Promise.all([expect(badge).toBeVisible(SOON), expect(ring).not.toHaveAttribute('aria-haspopup', /./, SOON)]);
    console.log(`    given after ${Date.now() - from} ms`);
    await expect(admin.page.getByRole('region', { name: 'Membership' })).toContainText('Paid at the quay');
    await expect(admin.page.getByRole('heading', { name: 'Give a plan' })).toBeFocused();
  });

  await test.step('the badge says why, by the keyboard alone', async () => {
    await acts.say(bruno.page, 'I keep the lamp burning now.');
    const sign = acts.message(bruno.page, 'I keep the lamp burning now.').getByRole('button', { name: 'Patron' });
    await sign.focus();
    await bruno.page.keyboard.press('Enter');
    await expect(bruno.page.getByText('Verified: has a plan with this badge.')).toBeVisible();
    await bruno.page.keyboard.press('Escape');
    await expect(bruno.page.getByText('Verified: has a plan with this badge.')).toHaveCount(0);
    await expect(sign).toBeFocused();
  });

  await test.step('my own page says what, why and until when', async () => {
    const page = await bruno.context.newPage();
    await page.goto(`${server.url}/settings/membership`);
    await expect(page.getByRole('heading', { name: 'My membership' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'What it gives you' })).toContainText('Start calls');
    await expect(page.getByRole('region', { name: 'What happened to it' })).toContainText('Paid at the quay');
    await page.close();
  });

  await test.step('it is taken back, and is gone from the open tab', async () => {
    const card = admin.page.getByRole('region', { name: 'Membership', exact: true });
    await card.getByText('Change', { exact: true }).click();
    // Each box says what it is for.
    for (const name of ['Why the end changes', 'Your comment', 'Why it is taken back']) await expect(card.getByRole('textbox', { name })).toHaveCount(1);
    await card.getByRole('button', { name: 'Take back' }).click();
    await admin.page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await expect(newRoom).toHaveCount(0, { timeout: 5_000 });
    await expect.poll(starts, SOON).toBe(false);
    await Promise.all([expect(badge).toHaveCount(0, SOON), expect(ring).toHaveAttribute('aria-haspopup', 'dialog', SOON)]);
    await expect(acts.message(bruno.page, 'I keep the lamp burning now.').getByRole('button', { name: 'Patron' })).toHaveCount(0);
    await expect(admin.page.getByRole('heading', { name: 'Membership', exact: true })).toBeFocused();
    const verified = admin.page.getByRole('region', { name: 'Verification' });
    await verified.getByRole('button').press('Enter');
    await expect(verified.getByRole('button')).toHaveText(/Take/);
    await expect(verified.getByRole('heading')).toBeFocused();
  });

  await test.step('one that ends by itself ends in the open tab', async () => {
    const plan = (await vera.call('GET', '/plans')).items.find((each) => each.name === 'Patron');
    const ends_at = Date.now() + 3_000;
    await olga.call('POST', `/admin/members/${id}/grants`, { plan: plan.id, source: 'comp', ends_at });
    await expect.poll(starts, SOON).toBe(true);
    await expect.poll(starts, { timeout: 5_000, intervals: [50] }).toBe(false);
    const late = Date.now() - ends_at;
    console.log(`    over ${late} ms after its end`);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(2_000);
    await expect(newRoom).toHaveCount(0);
  });
});
