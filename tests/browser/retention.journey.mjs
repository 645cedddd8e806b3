// How long messages are kept: the choice says first what it deletes, asks for the password, and what is over goes from open tabs.
import { expect, test } from './support/journey.mjs';
import { community, PASSWORD, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('the community keeps messages for a shorter time: what goes is said, and the password wanted', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga: owner } = await community(server, 'bruno');
  const olga = await someone('olga');
  await acts.signIn(olga.page, server.url, 'olga');
  await olga.page.goto(`${server.url}/admin/settings`);
  const card = olga.page.getByRole('region', { name: 'How long messages are kept' });
  const days = card.getByLabel('Keep messages in rooms, in days');
  const again = card.getByLabel('Password');
  await expect(again).toBeHidden();
  await days.fill('30');
  await days.press('Tab');
  await expect(card.getByRole('status')).toHaveText('Nothing would be deleted now.');
  olga.expects(/status of 422/);
  await again.fill('not my password');
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(card.getByText('That is not your password.')).toBeVisible();
  expect((await owner.call('GET', '/admin/settings')).keep_messages_days).toBe(0);
  await again.fill(PASSWORD);
  await card.getByRole('button', { name: 'Save' }).click();
  await expect.poll(async () => (await owner.call('GET', '/admin/settings')).keep_messages_days).toBe(30);
  await expect(again).toBeHidden();

  await test.step('more days ask for nothing', async () => {
    await days.fill('60');
    await days.press('Tab');
    await expect(again).toBeHidden();
    await card.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await owner.call('GET', '/admin/settings')).keep_messages_days).toBe(60);
  });
});

test('a room forgets, and what is over goes from open tabs', async ({ startDemo, someone }) => {
  const server = await startDemo();
  const mara = await someone('mara');
  const wren = await someone('wren');
  await acts.enterDemo(wren.page, await server.demoAddress('free'));
  await acts.openRoom(wren.page, 'market');
  const shown = acts.timeline(wren.page).getByRole('article');
  await expect(shown.first()).toBeVisible();
  const before = await shown.count();
  await acts.enterDemo(mara.page, await server.demoAddress('owner'));
  await acts.openRoom(mara.page, 'market');
  await mara.page.getByRole('button', { name: 'More', exact: true }).first().click();
  await mara.page.getByRole('menuitem', { name: 'Change room' }).click();
  const dialog = mara.page.getByRole('dialog', { name: 'Change room' });
  await expect(dialog.getByLabel(/^Your password/)).toHaveCount(0);
  await dialog.getByLabel('Keep messages').selectOption('1');
  await expect(dialog.getByText(/messages would be deleted now, for good\./)).toBeVisible();
  mara.expects(/status of 422/);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText('That is not your password.')).toBeVisible();
  await dialog.getByLabel(/^Your password/).fill('village-mara');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  await expect.poll(() => shown.count()).toBeLessThan(before);
});
