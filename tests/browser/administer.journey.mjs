// An administrator at the dashboard: settings, invites, a ban that takes effect at once, and the trail of it all.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('the dashboard rules the community', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  await community(server, 'bruno', 'vera');
  const olga = await someone('olga');
  const vera = await someone('vera');
  await acts.signIn(olga.page, server.url, 'olga');
  await acts.signIn(vera.page, server.url, 'vera');
  await acts.openRoom(vera.page, 'general');
  const admin = olga.page;

  await test.step('a setting changes what strangers see', async () => {
    await admin.goto(`${server.url}/admin/settings`);
    const card = admin.getByRole('region', { name: 'Community' });
    await card.getByRole('textbox', { name: 'Name' }).fill('Old Harbour');
    await card.getByRole('button', { name: 'Save' }).click();
    const stranger = await someone('stranger');
    await expect(async () => {
      await stranger.page.goto(server.url);
      await expect(stranger.page.getByRole('heading', { level: 1 })).toContainText('Old Harbour', { timeout: 500 });
    }).toPass({ timeout: 5_000 });
  });

  await test.step('an invite is made and taken back', async () => {
    const address = await acts.invite(admin, server.url);
    await admin.getByRole('button', { name: 'Take back' }).click();
    await admin.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await expect(admin.getByRole('textbox', { name: 'Address to send' })).toHaveCount(0);
    const stranger = await someone('stranger with an old invite');
    await stranger.page.goto(address);
    await expect(stranger.page.getByRole('heading', { name: 'This invite is over' })).toBeVisible();
  });

  await test.step('a ban closes the member’s screen at once', async () => {
    vera.expects(/status of (401|403)|WebSocket/);
    await admin.goto(`${server.url}/admin/members?q=vera`);
    await admin.getByRole('link', { name: 'Open Vera' }).click();
    const card = admin.getByRole('region', { name: 'Ban' });
    await card.getByLabel('Reason').fill('Sold the same compass twice');
    await card.getByRole('button', { name: 'Ban' }).click();
    const shownAgain = admin.waitForEvent('load');
    await admin.getByRole('dialog').getByRole('button', { name: 'Ban' }).click();
    const from = Date.now();
    await expect(acts.composer(vera.page)).toHaveCount(0, { timeout: 2_000 });
    console.log(`    out after ${Date.now() - from} ms`);
    await shownAgain;
  });

  await test.step('the audit trail tells of all three', async () => {
    await admin.goto(`${server.url}/admin/audit`);
    for (const act of ['Settings changed', 'Invite made', 'Invite taken back', 'Banned']) {
      await expect(admin.getByRole('row').filter({ hasText: act }).first()).toBeVisible();
    }
    await expect(admin.getByRole('row').filter({ hasText: 'Banned' }).first()).toContainText('Sold the same compass twice');
  });
});
