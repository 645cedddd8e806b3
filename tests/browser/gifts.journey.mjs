// Gifts and trials: an administrator makes a code, a member redeems it by its address, and both work and end in open tabs.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** How long a right may take into an open tab, and out of it. */
const SOON = { timeout: 2_000 };

test('a gift is made, passed on, and redeemed by its address', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { bruno: account, vera } = await community(server, 'bruno', 'vera');
  const bruno = await someone('bruno');
  const admin = await someone('olga');
  await acts.signIn(bruno.page, server.url, 'bruno');
  await acts.signIn(admin.page, server.url, 'olga');
  await acts.openRoom(bruno.page, 'general');
  const starts = () => bruno.page.evaluate(() => /** @type {any} */ (document.querySelector('rialto-app')).client.state.entitlements['calls.start']);
  expect(await starts()).toBe(false);
  let code = '';

  await test.step('the administrator makes a code for three months, with a word', async () => {
    await admin.page.goto(`${server.url}/admin`);
    await admin.page.getByRole('navigation').getByRole('link', { name: 'Gifts' }).first().click();
    const card = admin.page.getByRole('region', { name: 'Make a gift' });
    await card.getByLabel('For how long').selectOption({ label: 'Three months' });
    await card.getByLabel('A word to whoever redeems it').fill('Won at the raffle');
    await card.getByRole('button', { name: 'Make the code' }).click();
    code = await admin.page.getByLabel('Code of the gift').inputValue();
    expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
  });

  await test.step('a typo learns nothing', async () => {
    const page = await bruno.context.newPage();
    await page.goto(`${server.url}/settings/membership`);
    await page.getByLabel('Code of the gift').fill('K7QM-4ZTP-9WRX-0H2D');
    await page.getByRole('button', { name: 'Redeem' }).click();
    await expect(page.getByText('Nobody can redeem this code')).toBeVisible();
    await page.close();
  });

  await test.step('its address leads to where it is redeemed, and the open tab has the right', async () => {
    const page = await bruno.context.newPage();
    await page.goto(`${server.url}/redeem/${code.toLowerCase()}`);
    await expect(page.getByLabel('Code of the gift')).toHaveValue(code);
    const from = Date.now();
    await page.getByRole('button', { name: 'Redeem' }).click();
    await expect.poll(starts, SOON).toBe(true);
    console.log(`    the right is there after ${Date.now() - from} ms`);
    await expect(page.getByRole('region', { name: 'How you have it' })).toContainText('Won at the raffle');
    await page.close();
  });

  await test.step('nobody redeems it twice, and the dashboard says who has it', async () => {
    await expect(vera.call('POST', '/me/gifts/redeem', { code })).rejects.toThrow(/billing.gift_code/);
    await admin.page.goto(`${server.url}/admin/gifts`);
    await expect(admin.page.getByText('redeemed by Bruno')).toBeVisible();
  });

  await test.step('one that nobody has redeemed is taken back', async () => {
    await admin.page.getByRole('button', { name: 'Make the code' }).click();
    const waiting = admin.page.locator('li', { hasText: 'Waits' });
    const second = await waiting.getByLabel('Code of the gift').inputValue();
    await waiting.getByRole('button', { name: 'Take back' }).click();
    await admin.page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await expect(admin.page.getByText('Taken back')).toBeVisible();
    await expect(account.call('POST', '/me/gifts/redeem', { code: second })).rejects.toThrow(/billing.gift_code/);
  });
});

test('a gift is bought at the test page and its code passed on', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, vera } = await community(server, 'bruno', 'vera');
  const plan = (await olga.call('GET', '/admin/plans')).items[0];
  await olga.call('POST', `/admin/plans/${plan.id}/prices`, { amount: 700, currency: 'EUR', every: 'month' });
  await olga.call('PATCH', `/admin/plans/${plan.id}`, { gifts: true });
  await olga.call('PATCH', '/admin/settings', { test_payments: true });
  const { page } = await someone('bruno');
  await acts.signIn(page, server.url, 'bruno');
  await page.goto(`${server.url}/settings/membership`);
  await page.getByText('Give it to somebody').click();
  const gift = page.locator('details', { hasText: 'Give it to somebody' });
  await expect(gift).toContainText('€7.00, a gift for a month');
  await gift.getByRole('button', { name: 'Pay (test)' }).click();
  await page.getByRole('button', { name: 'Pay', exact: true }).click();
  await expect(page.getByText('The code of your gift stands under My memberships.')).toBeVisible();
  await page.getByRole('link', { name: 'My memberships' }).click();
  const bought = page.getByRole('region', { name: 'Gifts that you bought' });
  const code = await bought.getByLabel('Code of the gift').inputValue();
  await vera.call('POST', '/me/gifts/redeem', { code });
  await page.reload();
  await expect(bought).toContainText('Redeemed');
  expect((await vera.call('GET', '/me')).entitlements['calls.start']).toBe(true);
});

test('a trial that an administrator gives ends in the open tab', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga } = await community(server, 'bruno');
  const bruno = await someone('bruno');
  const admin = await someone('olga');
  await acts.signIn(bruno.page, server.url, 'bruno');
  await acts.signIn(admin.page, server.url, 'olga');
  await acts.openRoom(bruno.page, 'general');
  const { id } = (await olga.call('GET', '/members?q=bruno')).items[0];
  const starts = () => bruno.page.evaluate(() => /** @type {any} */ (document.querySelector('rialto-app')).client.state.entitlements['calls.start']);

  await test.step('it is given at the dashboard, once', async () => {
    await admin.page.goto(`${server.url}/admin/members/${id}`);
    const card = admin.page.getByRole('region', { name: 'Give a plan' });
    await card.getByLabel('Where it comes from').selectOption({ label: 'Trial' });
    await card.getByLabel('For how long').selectOption({ label: 'Two weeks' });
    await card.getByRole('button', { name: 'Give' }).click();
    await expect.poll(starts, SOON).toBe(true);
    await expect(admin.page.getByRole('region', { name: 'Membership', exact: true })).toContainText('Trial');
    const [{ plan }] = (await olga.call('GET', `/admin/members/${id}/grants`)).grants;
    const second = { plan: plan.id, source: 'trial', ends_at: Date.now() + 86_400_000 };
    await expect(olga.call('POST', `/admin/members/${id}/grants`, second)).rejects.toThrow(/billing.trial_had/);
  });

  await test.step('its end is seen in the open tab within two seconds', async () => {
    const [grant] = (await olga.call('GET', `/admin/members/${id}/grants`)).grants;
    const ends_at = Date.now() + 3_000;
    await olga.call('PATCH', `/admin/grants/${grant.id}`, { ends_at });
    expect(await starts()).toBe(true);
    await expect.poll(starts, { timeout: 5_000, intervals: [50] }).toBe(false);
    const late = Date.now() - ends_at;
    console.log(`    over ${late} ms after its end`);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(2_000);
  });
});
