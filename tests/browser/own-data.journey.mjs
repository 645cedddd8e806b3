// One's own data: everything in one file, and afterwards the end of the account.
import { readFileSync } from 'node:fs';
import { expect, test } from './support/journey.mjs';
import { PASSWORD, community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('a member takes their data and leaves', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  await community(server, 'bruno', 'vera');
  const vera = await someone('vera', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const { page } = vera;
  await acts.signIn(page, server.url, 'vera');
  await acts.openRoom(page, 'general');
  await acts.composer(page).fill('The compass is mine.');
  await page.getByRole('button', { name: 'Send' }).tap();
  await expect(acts.message(page, 'The compass is mine.')).toBeVisible();

  await test.step('it comes as one file', async () => {
    await page.goto(`${server.url}/settings/security`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download my data' }).click()]);
    expect(download.suggestedFilename()).toBe('my-data.json');
    const { tables } = JSON.parse(readFileSync(await download.path(), 'utf8'));
    expect(tables.messages.map((each) => each.body)).toEqual(['The compass is mine.']);
    expect(tables.members[0].username).toBe('vera');
    expect(tables.members[0].password).toBeUndefined();
  });

  await test.step('the account ends, and what was said stays without a name', async () => {
    await page.getByLabel('Password').last().fill(PASSWORD);
    await page.getByRole('button', { name: 'Delete' }).last().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(page).toHaveURL(/\/(sign-in)?$/);
    const bruno = await someone('bruno');
    await acts.signIn(bruno.page, server.url, 'bruno');
    await acts.openRoom(bruno.page, 'general');
    const left = acts.message(bruno.page, 'The compass is mine.');
    await expect(left).toBeVisible();
    await expect(left).not.toContainText('Vera');
  });
});
