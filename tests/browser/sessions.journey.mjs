// One member on two devices: what is read is read on both, and one can sign the other out.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('two devices agree, and one can end the other', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga } = await community(server, 'bruno');
  const desk = await someone('desk');
  const phone = await someone('phone', { viewport: { width: 1024, height: 800 } });
  for (const device of [desk, phone]) await acts.signIn(device.page, server.url, 'bruno');

  await test.step('read marks agree', async () => {
    await acts.openRoom(desk.page, 'announcements');
    await acts.openRoom(phone.page, 'announcements');
    const room = await olga.room('general');
    for (const n of [1, 2, 3]) await olga.say(room.id, `Notice ${n} of the harbour master.`);
    await olga.say(room.id, '@bruno please read them.');
    await expect(acts.roomLink(desk.page, 'general')).toContainText('1');
    await expect(acts.roomLink(phone.page, 'general')).toContainText('1');
    await acts.openRoom(desk.page, 'general');
    await acts.arrives(desk.page, '@bruno please read them.');
    await expect(acts.roomLink(phone.page, 'general')).not.toContainText('1');
  });

  await test.step('the other device is signed out within two seconds', async () => {
    await desk.page.goto(`${server.url}/settings/sessions`);
    phone.expects(/status of 401|WebSocket/);
    const other = desk.page.getByRole('listitem').filter({ has: desk.page.getByRole('button', { name: 'Sign out' }) });
    await other.first().getByRole('button', { name: 'Sign out' }).click();
    const from = Date.now();
    await expect(phone.page.getByRole('link', { name: 'Sign in' }).or(phone.page.getByRole('button', { name: 'Sign in' })).first())
      .toBeVisible({ timeout: 2_000 });
    console.log(`    signed out after ${Date.now() - from} ms`);
  });

  await test.step('this device stays', async () => {
    await desk.page.goto(server.url);
    await acts.openRoom(desk.page, 'general');
    await acts.say(desk.page, 'Still here.');
  });
});
