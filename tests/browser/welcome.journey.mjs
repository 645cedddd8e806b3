// Whoever was made over the API is led to the welcome at the first sign-in, and straight to the rooms from then on.
import { expect, test } from './support/journey.mjs';
import { community, setUp, signUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('the first sign-in leads to the welcome, the second to the rooms', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  await community(server);
  const account = await signUp(server.url, 'bruno', 'Bruno');
  await account.joinAll();
  const first = await someone('first');
  await acts.knock(first.page, server.url, 'bruno');
  await expect(first.page).toHaveURL(`${server.url}/welcome`);
  await expect(first.page.getByRole('heading', { level: 1 })).toContainText('Bruno');
  await first.page.getByRole('button', { name: 'Start talking' }).click();
  await expect(acts.roomLink(first.page, '').first()).toBeVisible();
  const second = await someone('second');
  await acts.signIn(second.page, server.url, 'bruno');
});
