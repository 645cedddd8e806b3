// An administrator connects an account at Stripe, checks it and lets it go; a key that is none or that is not accepted says so.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import { KEY, stripe } from './support/stripe.mjs';
import * as acts from './support/acts.mjs';

test('an account is connected, checked and let go', async ({ start, someone }) => {
  const there = await stripe();
  const data = dataFolder();
  setUp(data);
  const server = await start({ data, args: ['--stripe-url', there.url] });
  await community(server);
  const person = await someone('olga');
  const { page } = person;
  person.expected.push(/status of (422|503)/);
  await acts.signIn(page, server.url, 'olga');
  await page.goto(`${server.url}/admin/stripe`);
  const paste = async (/** @type {string} */ key) => {
    await page.getByLabel('Key', { exact: true }).fill(key);
    await page.getByRole('button', { name: /^(Connect|Replace)$/ }).click();
  };

  await test.step('what is no key, and what is not accepted, says so', async () => {
    await paste('pk_test_journey0000000001');
    await expect(page.getByText('That is the publishable key.')).toBeVisible();
    await paste('sk_test_another0000000001');
    await expect(page.getByText('Stripe does not accept the key')).toBeVisible();
  });

  await test.step('the right one connects the account, and is not shown again', async () => {
    await paste(KEY);
    const account = page.getByRole('region', { name: 'Account', exact: true });
    await expect(account).toContainText('Test: no money moves');
    await expect(account).toContainText('acct_journey');
    await expect(account).toContainText('Off: what happened is asked for every quarter of an hour.');
    await expect(page.getByText(KEY)).toHaveCount(0);
  });

  await test.step('a check makes a round trip and compares clocks', async () => {
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(page.getByText(/there and back in \d+ ms/)).toBeVisible();
    await expect(page.getByText(/Clocks differ by -?[01] s\./)).toBeVisible();
  });

  await test.step('it is let go', async () => {
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
    await expect(page.getByRole('button', { name: 'Connect', exact: true })).toBeVisible();
    await expect(page.getByText('acct_journey')).toHaveCount(0);
  });
  there.close();
});
