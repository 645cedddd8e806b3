// A promotion code: made at the dashboard, typed at the lock and on my memberships, wrong and right, used up, shown on what was paid.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('a code is made, typed before paying, and used up', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, bruno: account } = await community(server, 'bruno', 'vera');
  const { items } = await olga.call('GET', '/members?q=vera');
  const talk = await account.call('POST', '/rooms', { kind: 'direct', members: [items[0].id] });
  await account.call('POST', `/rooms/${talk.id}/messages`, { body: 'Shall we talk?', client_key: 'first' });
  await olga.call('PATCH', '/admin/settings', { test_payments: true });
  const plan = (await olga.call('GET', '/admin/plans')).items[0];
  await olga.call('POST', `/admin/plans/${plan.id}/prices`, { amount: 800, currency: 'EUR', every: 'month' });
  const admin = await someone('olga');
  const bruno = await someone('bruno');
  await acts.signIn(admin.page, server.url, 'olga');
  await acts.signIn(bruno.page, server.url, 'bruno');
  const { page } = bruno;
  bruno.expected.push(/status of 422/);

  await test.step('it is made at the dashboard', async () => {
    await admin.page.goto(`${server.url}/admin`);
    await admin.page.getByRole('link', { name: 'Promotion codes' }).first().click();
    const card = admin.page.getByRole('region', { name: 'A new code' });
    await card.getByLabel('Promotion code').fill('harbour-25');
    await card.getByLabel('Per cent off').fill('25');
    await card.getByLabel('Of which payments').selectOption({ label: 'those of the first months' });
    await card.getByLabel('How many months').fill('3');
    await card.getByLabel('How often it can be used').fill('1');
    await card.getByRole('button', { name: 'Make the code' }).click();
    await expect(admin.page.getByRole('region', { name: 'Codes', exact: true })).toContainText('HARBOUR25');
    await expect(admin.page.getByRole('region', { name: 'Codes', exact: true })).toContainText('25 %, the first 3 months');
    await expect(admin.page.getByRole('region', { name: 'Codes', exact: true })).toContainText('used 0 of 1 times');
  });

  let shop = page;
  await test.step('typed at the lock, a typo says so, and the right one says what it comes to', async () => {
    await page.goto(`${server.url}/r/${talk.id}`);
    await page.getByRole('button', { name: 'Start a call: needs a plan' }).click();
    const sheet = page.getByRole('dialog', { name: 'Starting calls needs a plan' });
    await sheet.getByLabel('Promotion code').fill('HARBOR25');
    await sheet.getByRole('button', { name: 'Apply' }).click();
    await expect(sheet.getByText('There is no such code: look for a typo.')).toBeVisible();
    await sheet.getByLabel('Promotion code').fill('harbour25');
    await sheet.getByRole('button', { name: 'Apply' }).click();
    await expect(sheet.getByText('HARBOUR25: €6.00 instead of €8.00 for the first 3 payments.')).toBeVisible();
    [shop] = await Promise.all([bruno.context.waitForEvent('page'), sheet.getByRole('button', { name: 'Pay (test)' }).click()]);
    await expect(shop.getByText(/€6\.00/)).toBeVisible();
    await shop.getByRole('button', { name: 'Pay', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Start a call', exact: true })).toBeVisible({ timeout: 2_000 });
    // The page that one comes back to loads itself anew once the money is in: whoever leaves it before is in its way.
    await expect(shop.getByText('It is paid.')).toBeVisible();
  });

  await test.step('it stands on what was paid', async () => {
    await shop.goto(`${server.url}/settings/membership`);
    await expect(shop.getByRole('region', { name: 'Payments and receipts' })).toContainText('code HARBOUR25, instead of €8.00');
    await expect(shop.getByRole('region', { name: 'What you pay for' })).toContainText('€8.00 each month');
  });

  await test.step('used up, it says so to the next one, and is ended at the dashboard', async () => {
    const vera = await someone('vera');
    vera.expected.push(/status of 422/);
    await acts.signIn(vera.page, server.url, 'vera');
    // Another code that can be used, so that there is a reason to look for one.
    await olga.call('POST', '/admin/promotions', { code: 'LANTERN', amount: 100 });
    await vera.page.goto(`${server.url}/settings/membership`);
    const field = vera.page.getByLabel('Promotion code').first();
    await field.fill('HARBOUR25');
    await field.press('Enter');
    await expect(vera.page.getByText('This code is used up, or you have used it already.')).toBeVisible();
    await field.fill('lantern');
    await field.press('Enter');
    await expect(vera.page.getByText('LANTERN: €7.00 instead of €8.00 for the first payment.')).toBeVisible();
    await admin.page.reload();
    const row = admin.page.locator('li', { hasText: 'LANTERN' });
    await row.getByRole('button', { name: 'End' }).click();
    await admin.page.getByRole('dialog').getByRole('button', { name: 'End' }).click();
    await expect(row).toContainText('ended');
    await vera.page.getByRole('button', { name: 'Pay (test)' }).first().click();
    await expect(vera.page.getByText('There is no such code: look for a typo.').first()).toBeVisible();
  });
});
