// Somebody quicker than the network: a form that is sent before its code has arrived neither leaks nor loses anything.
import { expect, test } from './support/journey.mjs';
import { community, PASSWORD, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('a password sent early stays out of the address, and the form is sent when it can be', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  await community(server, 'bruno');
  const bruno = await someone('bruno');
  const { page } = bruno;

  let release;
  const code = new Promise((resolve) => (release = resolve));
  await page.route(/\/static\/[^/]+\/start\.js$/, async (route) => {
    await code;
    await route.continue();
  });
  const addresses = [];
  page.on('request', (request) => addresses.push(request.url()));
  await page.goto(`${server.url}/sign-in`, { waitUntil: 'commit' });
  await page.getByLabel('Username or e-mail').fill('bruno');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  release();
  await expect(acts.roomLink(page, '').first()).toBeVisible();
  expect(addresses.filter((address) => address.includes('password') || address.includes(PASSWORD))).toEqual([]);
});
