// A checkout that does not fit its order: it stands among what needs an administrator, is asked about again, and set aside with a word.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';

test('a checkout that does not fit is looked at and set aside', async ({ startDemo, someone }) => {
  const server = await startDemo();
  const owner = await someone('owner');
  const { page } = owner;
  owner.expected.push(/status of 409/);
  await acts.enterDemo(page, await server.demoAddress('owner'));
  const card = page.getByRole('region', { name: 'Does not fit' });

  await test.step('it stands among what needs somebody, and what was paid stands beside what was expected', async () => {
    await page.goto(`${server.url}/admin`);
    await page.getByRole('link', { name: /1 checkout does not fit its order/ }).click();
    await expect(card).toContainText(/Expected: .* · Paid there: /);
  });

  await test.step('asked again, the provider says the same', async () => {
    await card.getByText('Look at it').click();
    await card.getByRole('button', { name: 'Ask the provider again' }).click();
    await expect(card.getByRole('alert').filter({ hasText: 'does not belong to this order' })).toBeVisible();
  });

  await test.step('set aside with a word, it needs nobody any more', async () => {
    await card.getByLabel('What came of it').fill('The rest was paid in cash');
    await card.getByRole('button', { name: 'Set aside' }).click();
    await expect(page.getByRole('heading', { name: 'Everything fits' })).toBeVisible();
    await page.goto(`${server.url}/admin`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByText('does not fit its order')).toHaveCount(0);
    await page.goto(`${server.url}/admin/orders?show=all`);
    await expect(page.getByText('The rest was paid in cash')).toBeVisible();
  });
});
