// A plan is changed from my memberships: dearer at once, cheaper where the period ends, and open tabs know it; a trial ends in one.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** How long a right may take into an open tab, and out of it. */
const SOON = { timeout: 2_000 };

/**
 * A community with three plans that are paid at the test page; who starts rooms pays most, who starts calls something.
 * @param {any} start
 */
async function shop(start) {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, bruno } = await community(server, 'bruno');
  await olga.call('PATCH', '/admin/settings', { test_payments: true, rooms_need_plan: true });
  const member = (await olga.call('GET', '/admin/plans')).items[0];
  const patron = await olga.call('POST', '/admin/plans', { name: 'Patron', entitlements: { 'calls.start': true, 'rooms.create': true } });
  const friend = await olga.call('POST', '/admin/plans', { name: 'Friend', entitlements: { 'upload.max_mb': 50 } });
  /** @param {{id: string}} plan @param {number} amount */
  const price = (plan, amount) => olga.call('POST', `/admin/plans/${plan.id}/prices`, { amount, currency: 'EUR', every: 'month' });
  const first = await price(member, 700);
  await price(patron, 1_500);
  await price(friend, 300);
  /** Bruno pays at the test page. @param {string} act */
  const pay = async (act) => {
    const { url, order } = await bruno.call('POST', '/checkout', { price: first.id, provider: 'test' });
    await bruno.call('POST', url, { act });
    await bruno.call('POST', `/me/orders/${order}/settle`, {});
  };
  return { server, olga, bruno, member, pay };
}

/** What the open tab of the talk may do. @param {import('@playwright/test').Page} page @param {string} right */
const may = (page, right) => page.evaluate((name) => /** @type {any} */ (document.querySelector('rialto-app')).client.state.entitlements[name], right);

test('a dearer plan is paid and works in the open tab, and a cheaper one waits for the end of the period', async ({ start, someone }) => {
  const { server, pay } = await shop(start);
  await pay('pay');
  const bruno = await someone('bruno');
  const { page } = bruno;
  await acts.signIn(page, server.url, 'bruno');
  await acts.openRoom(page, 'general');
  const newRoom = page.locator('room-list .sidebar-head').getByRole('button', { name: 'New room' });
  await expect.poll(() => may(page, 'calls.start'), SOON).toBe(true);
  await expect(newRoom).toHaveCount(0);
  const own = await bruno.context.newPage();
  await own.goto(`${server.url}/settings/membership`);
  const paying = own.getByRole('region', { name: 'What you pay for' });

  await test.step('where the bank of the card asks, the way to it is offered and nothing is other yet', async () => {
    const answer = { subscription: null, order: null, confirm_at: 'https://pay.example/bill' };
    await own.route('**/change', (route) => route.fulfill({ json: answer }), { times: 1 });
    await paying.getByRole('button', { name: 'Change the plan' }).click();
    const sheet = own.getByRole('dialog', { name: 'Change the plan' });
    await sheet.getByRole('radio', { name: /Patron/ }).check();
    await sheet.getByRole('button', { name: 'Upgrade for €8.00' }).click();
    await expect(sheet.getByText(/wants you to confirm this payment\. Once you have, you have Patron/)).toBeVisible();
    await expect(sheet.getByRole('link', { name: 'Confirm with your bank' })).toHaveAttribute('href', answer.confirm_at);
    await own.keyboard.press('Escape');
    await expect(own.getByRole('dialog')).toHaveCount(0);
    await expect(paying).toContainText('Member');
  });

  await test.step('what it comes to is said before it is chosen', async () => {
    await paying.getByRole('button', { name: 'Change the plan' }).click();
    const sheet = own.getByRole('dialog', { name: 'Change the plan' });
    await sheet.getByRole('radio', { name: /Patron/ }).check();
    await expect(sheet.getByText(/You pay €8\.00 now: the rest of the period in Patron, less what you have paid of Member\./)).toBeVisible();
    await expect(sheet.getByText(/Next payment on .*: €15\.00 each month\./)).toBeVisible();
    const from = Date.now();
    await sheet.getByRole('button', { name: 'Upgrade for €8.00' }).click();
    await expect(newRoom).toBeVisible(SOON);
    console.log(`    the right is in the open tab after ${Date.now() - from} ms`);
    await expect(own.getByRole('dialog')).toHaveCount(0);
    await expect(paying).toContainText('Patron');
    await expect(own.getByRole('region', { name: 'Payments and receipts' })).toContainText('€8.00');
  });

  await test.step('a cheaper one is planned, given up, and planned again', async () => {
    const plan = async () => {
      await paying.getByRole('button', { name: 'Change the plan' }).click();
      const sheet = own.getByRole('dialog', { name: 'Change the plan' });
      await sheet.getByRole('radio', { name: /Friend/ }).check();
      await expect(sheet.getByText(/Patron holds until .*\. You pay nothing now\./)).toBeVisible();
      await expect(sheet.getByText(/From .* on you have Friend, for €3\.00 each month\./)).toBeVisible();
      await sheet.getByRole('button', { name: /^Change on / }).click();
      await expect(paying).toContainText(/from .*: Friend, €3\.00 each month/);
    };
    await plan();
    await paying.getByRole('button', { name: 'Keep Patron' }).click();
    await expect(paying).not.toContainText('Friend');
    await plan();
    await expect(newRoom).toBeVisible();
  });

  await test.step('where the period ends it takes its place, in the open tab too', async () => {
    await paying.getByRole('button', { name: 'Card' }).click();
    await own.getByRole('button', { name: 'Let the period end now' }).click();
    await expect(newRoom).toHaveCount(0, SOON);
    await expect.poll(() => may(page, 'calls.start'), SOON).toBe(false);
    await expect(paying).toContainText('Friend');
    await expect(paying).toContainText('€3.00 each month');
  });
});

test('a trial ends in an open tab: a card that fails owes with days of grace, one that was cancelled is over', async ({ start, someone }) => {
  const { server, olga, bruno: account, member, pay } = await shop(start);
  await olga.call('PATCH', `/admin/plans/${member.id}`, { trial_days: 14 });
  await pay('pay_once');
  const bruno = await someone('bruno');
  // What is due, and what is paid, comes and goes on the page of the membership while one looks.
  bruno.expects(/layout shift .* at \/settings\/membership/);
  // So does the banner over the rooms of a tab in which nobody pressed anything.
  bruno.expects(/layout shift 0\.03\d at \/r\/\d+ by main\.room (0…800 → 48…800|48…800 → 0…800),/);
  const { page } = bruno;
  await acts.signIn(page, server.url, 'bruno');
  await acts.openRoom(page, 'general');
  await expect.poll(() => may(page, 'calls.start'), SOON).toBe(true);
  const own = await bruno.context.newPage();
  const paying = own.getByRole('region', { name: 'What you pay for' });
  const skip = async () => {
    await own.goto(`${server.url}/settings/membership`);
    await paying.getByRole('button', { name: 'Card' }).click();
    await own.getByRole('button', { name: 'Let the period end now' }).click();
  };
  const banner = page.getByRole('region', { name: 'A payment is due.' });

  await test.step('the card fails where the trial ends: the banner stands over the talk, and the right holds', async () => {
    await skip();
    await expect(banner).toContainText('7 days are left to pay', SOON);
    expect(await may(page, 'calls.start')).toBe(true);
    await expect(own.getByText('A payment is due.').first()).toBeVisible();
  });

  await test.step('the way from the banner leads to where it is mended, and it goes in the other open tab', async () => {
    const other = await bruno.context.newPage();
    await other.goto(server.url);
    const there = other.getByRole('region', { name: 'A payment is due.' });
    await expect(there).toContainText('7 days are left to pay');
    await banner.getByRole('link', { name: 'Pay now' }).click();
    await expect(page.getByRole('heading', { name: 'My membership' })).toBeVisible();
    await page.getByRole('button', { name: 'Pay now' }).click();
    await page.getByRole('button', { name: 'A card that works; pay what is due' }).click();
    await expect(page.getByText('A payment is due.')).toHaveCount(0);
    await expect(there).toHaveCount(0, SOON);
    await other.close();
    await page.goto(server.url);
    await acts.openRoom(page, 'general');
    await expect(banner).toHaveCount(0);
  });

  await test.step('cancelled, it is over in the open tab where its period ends', async () => {
    const { subscriptions } = await account.call('GET', '/me/membership');
    await account.call('POST', `/me/subscriptions/${subscriptions[0].id}/cancel`, {});
    expect(await may(page, 'calls.start')).toBe(true);
    await skip();
    await expect.poll(() => may(page, 'calls.start'), SOON).toBe(false);
  });
});
