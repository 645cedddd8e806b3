// The demo's village: a voice room that is in use, by people who are really in it, and a room that is slow.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';
import { bar, counted, desk, DEVICES, door, launchOptions } from './support/calls.mjs';

test.use({ launchOptions });

test('the night shift is awake: who is in is seen, and one comes in', async ({ startDemo, someone }) => {
  const server = await startDemo();
  const { page } = await someone('wren', DEVICES);
  await acts.enterDemo(page, await server.demoAddress('free'));
  await acts.openRoom(page, 'night-shift');
  await page.getByRole('button', { name: 'Join · 2' }).click();
  await expect(door(page)).toContainText(/Priya.*Min-?jun|Min-?jun.*Priya/);
  await door(page).getByRole('button', { name: 'Join', exact: true }).click();
  await expect(bar(page).getByRole('button', { name: '3 people in the call' })).toBeVisible();
  await expect(page.getByRole('article', { name: /^Min.*microphone off/ })).toBeVisible();
  await expect.poll(async () => (await counted(page)).packets, { message: 'packets of an open microphone come' }).toBeGreaterThan(3);
  expect(await desk(page, (it) => it.current?.call?.video), 'one of voices').toBe(false);
  await bar(page).getByRole('button', { name: 'Leave call' }).click();
  await expect(page.getByRole('button', { name: 'Join · 2' })).toBeVisible();
});

test('the market is slow: one calls out, and waits', async ({ startDemo, someone }) => {
  const server = await startDemo();
  const { page } = await someone('wren');
  await acts.enterDemo(page, await server.demoAddress('free'));
  await acts.openRoom(page, 'market');
  await expect(page.locator('room-composer').getByText('One message in 1 min')).toBeVisible();
  await acts.say(page, 'Fresh samphire, two bunches.');
  await expect(page.getByRole('timer')).toContainText('The next one in');
});
