// Memberships are paid: the lock on the call button, a wish from its sheet, cash at the dashboard, and the button works in the open tab.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** How long a right may take into an open tab. */
const SOON = { timeout: 2_000 };

test('a free member asks at the lock, pays cash, and calls without reloading', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, bruno: account, vera } = await community(server, 'bruno', 'vera');
  const { items } = await olga.call('GET', '/members?q=vera');
  const talk = await account.call('POST', '/rooms', { kind: 'direct', members: [items[0].id] });
  await account.call('POST', `/rooms/${talk.id}/messages`, { body: 'Shall we talk?', client_key: 'first' });
  const bruno = await someone('bruno');
  const admin = await someone('olga');
  await acts.signIn(bruno.page, server.url, 'bruno');
  await acts.signIn(admin.page, server.url, 'olga');

  await test.step('the administrator says what it costs, and how it is paid', async () => {
    await admin.page.goto(`${server.url}/admin/plans`);
    const card = admin.page.getByRole('region', { name: 'Member' });
    await card.locator('summary').first().click();
    await card.getByLabel('Amount').fill('5,5');
    await card.getByRole('button', { name: 'Set the price' }).click();
    await expect(card.locator('summary').first()).toContainText('€5.50 each month');
    await admin.page.goto(`${server.url}/admin/settings`);
    const memberships = admin.page.getByRole('region', { name: 'Memberships' });
    await memberships.getByLabel('How members pay').fill('At the quay, on Fridays.');
    await memberships.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await olga.call('GET', '/admin/settings')).payment_words).toBe('At the quay, on Fridays.');
  });

  await test.step('the lock says why, what it costs and how to pay, and takes the wish', async () => {
    await bruno.page.goto(`${server.url}/r/${talk.id}`);
    await bruno.page.getByRole('button', { name: 'Start a call: needs a plan' }).click();
    const sheet = bruno.page.getByRole('dialog', { name: 'Starting calls needs a plan' });
    await expect(sheet).toContainText('At the quay, on Fridays.');
    await expect(sheet.getByText('€5.50 each month')).toBeVisible();
    await sheet.getByLabel('A word to whoever decides').fill('I sail on Friday');
    await sheet.getByRole('button', { name: 'Ask for membership' }).click();
    await expect(sheet.getByText('You asked for it.')).toBeVisible();
    await expect(sheet.getByText(/RF\d\d 000\d/)).toBeVisible();
  });

  await test.step('it lands in what needs the administrator, who takes the money', async () => {
    await admin.page.goto(`${server.url}/admin`);
    await admin.page.getByRole('link', { name: '1 member asks for a membership' }).click();
    const row = admin.page.locator('li', { hasText: 'I sail on Friday' });
    await row.getByText('Record a payment').click();
    await row.getByRole('button', { name: 'Record', exact: true }).click();
    const from = Date.now();
    // The sheet closes by itself, and the button of the open tab rings.
    await expect(bruno.page.getByRole('dialog')).toHaveCount(0, SOON);
    await expect(bruno.page.getByRole('button', { name: 'Start a call', exact: true })).toBeVisible(SOON);
    console.log(`    the call button works after ${Date.now() - from} ms`);
    await bruno.page.getByRole('button', { name: 'Start a call', exact: true }).click();
    await expect(bruno.page.getByRole('menuitem', { name: 'Voice call' }).or(bruno.page.getByRole('menuitem').first())).toBeVisible();
    await bruno.page.keyboard.press('Escape');
  });

  const page = bruno.page;
  await test.step('my memberships: what it costs, the receipt, cancelled in two clicks, resumed', async () => {
    await page.goto(`${server.url}/settings/membership`);
    const paying = page.getByRole('region', { name: 'What you pay for' });
    await expect(paying).toContainText('€5.50 each month');
    await expect(paying).toContainText('In a year: €66.00');
    await paying.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await expect(paying).toContainText('ends on');
    await paying.getByRole('button', { name: 'Resume' }).click();
    await expect(paying).toContainText('next payment on');
    await page.getByRole('link', { name: /Receipt \d{4}-0001/ }).click();
    await expect(page.getByRole('heading', { name: /Receipt \d{4}-0001/ })).toBeVisible();
    await expect(page.getByText('€5.50')).toBeVisible();
  });

  await test.step('a part of it is given back and both sides read why; then the rest, and the right goes with it', async () => {
    await page.goto(`${server.url}/r/${talk.id}`);
    await expect(page.getByRole('button', { name: 'Start a call', exact: true })).toBeVisible();
    await admin.page.goto(`${server.url}/admin/orders?show=all`);
    const row = admin.page.locator('li', { hasText: 'I sail on Friday' });
    /** @param {string} amount @param {string} why */
    const giveBack = async (amount, why) => {
      await row.locator('summary', { hasText: 'Give money back' }).first().click();
      if (amount) await row.getByLabel('Amount').fill(amount);
      await row.getByLabel('Why').fill(why);
      await row.getByRole('button', { name: 'Give money back' }).click();
      await admin.page.getByRole('dialog').getByRole('button', { name: 'Give money back' }).click();
      await expect(row).toContainText(why);
    };
    // The row that one acts on grows by what was done.
    admin.expected.push(/layout shift 0\.0\d+ at \/admin\/orders/);
    await giveBack('1.50', 'Two days in the yard');
    await expect(row).toContainText('\u2212€1.50');
    await expect(page.getByRole('button', { name: 'Start a call', exact: true })).toBeVisible();
    const reader = await page.context().newPage();
    await reader.goto(`${server.url}/settings/membership`);
    await expect(reader.getByText('Two days in the yard')).toBeVisible();
    await reader.close();
    await giveBack('', 'The wrong member');
    await expect(page.getByRole('button', { name: 'Start a call: needs a plan' })).toBeVisible(SOON);
    expect((await account.call('GET', '/me/orders')).items[0].state).toBe('refunded');
  });

  await test.step('whoever is turned down reads why', async () => {
    const plan = (await vera.call('GET', '/offers')).plans[0];
    const order = await vera.call('POST', '/me/orders', { plan: plan.id, price: plan.prices[0].id, client_key: 'wish', note: '' });
    await olga.call('POST', `/admin/orders/${order.id}/decline`, { note: 'Come to the meeting first' });
    const reader = await someone('vera');
    await acts.signIn(reader.page, server.url, 'vera');
    await reader.page.goto(`${server.url}/settings/membership`);
    await expect(reader.page.getByText('Come to the meeting first')).toBeVisible();
  });
});

test('a free member pays at the test page, and calls within two seconds without reloading', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, bruno: account } = await community(server, 'bruno', 'vera');
  const { items } = await olga.call('GET', '/members?q=vera');
  const talk = await account.call('POST', '/rooms', { kind: 'direct', members: [items[0].id] });
  await account.call('POST', `/rooms/${talk.id}/messages`, { body: 'Shall we talk?', client_key: 'first' });
  const plan = (await olga.call('GET', '/admin/plans')).items[0];
  await olga.call('POST', `/admin/plans/${plan.id}/prices`, { amount: 700, currency: 'EUR', every: 'month' });
  await olga.call('PATCH', '/admin/settings', { test_payments: true });
  const bruno = await someone('bruno');
  await acts.signIn(bruno.page, server.url, 'bruno');
  const { page } = bruno;
  await page.goto(`${server.url}/r/${talk.id}`);
  let shop = page;

  await test.step('the sheet at the lock opens the checkout beside, and the place is kept', async () => {
    await page.getByRole('button', { name: 'Start a call: needs a plan' }).click();
    const sheet = page.getByRole('dialog', { name: 'Starting calls needs a plan' });
    await expect(sheet.getByText('€7.00 each month')).toBeVisible();
    [shop] = await Promise.all([bruno.context.waitForEvent('page'), sheet.getByRole('button', { name: 'Pay (test)' }).click()]);
    await expect(shop.getByRole('heading', { name: 'Test payment' })).toBeVisible();
    await expect(shop.getByText('no money moves')).toBeVisible();
    expect(new URL(page.url()).pathname).toBe(`/r/${talk.id}`);
  });

  await test.step('the card is refused, the bank says no, and another card works', async () => {
    await shop.getByRole('button', { name: 'Fail: the card is refused' }).click();
    await expect(shop.getByText('The card was refused.')).toBeVisible();
    await shop.getByRole('button', { name: '3-D Secure: the bank asks' }).click();
    await shop.getByRole('button', { name: 'It is not me' }).click();
    await expect(shop.getByText('The card was refused.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Start a call: needs a plan' })).toBeVisible();
    const from = Date.now();
    await shop.getByRole('button', { name: 'Pay, and fail next time' }).click();
    await expect(page.getByRole('button', { name: 'Start a call', exact: true })).toBeVisible(SOON);
    console.log(`    the call button works after ${Date.now() - from} ms`);
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(shop.getByText('It is paid.')).toBeVisible();
    await page.getByRole('button', { name: 'Start a call', exact: true }).click();
    await expect(page.getByRole('menuitem').first()).toBeVisible();
    await page.keyboard.press('Escape');
  });

  await test.step('cancelled in two clicks with its end, and resumed', async () => {
    await shop.goto(`${server.url}/settings/membership`);
    const paying = shop.getByRole('region', { name: 'What you pay for' });
    await expect(paying).toContainText('€7.00 each month');
    await paying.getByRole('button', { name: 'Cancel' }).click();
    await shop.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await expect(paying).toContainText('ends on');
    await paying.getByRole('button', { name: 'Resume' }).click();
    await expect(paying).toContainText('next payment on');
    await paying.getByRole('button', { name: 'Card' }).click();
    await expect(shop.getByText('The card will be refused next time.')).toBeVisible();
    await shop.getByRole('button', { name: 'A card that works; pay what is due' }).click();
    await expect(shop.getByRole('heading', { name: 'My membership' })).toBeVisible();
  });
});
