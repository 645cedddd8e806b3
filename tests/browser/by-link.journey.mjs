// A link leads into an open room that one is not in: it can be read, and joined in place.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('a link into an open room is a way in', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga } = await community(server, 'bruno');
  const market = await olga.call('POST', '/rooms', { kind: 'public', name: 'market', topic: 'What is fresh today' });
  const quay = await olga.call('POST', '/rooms', { kind: 'public', name: 'quay', topic: 'Who moors where' });
  let linked = 0;
  for (const text of ['Leeks', 'Fennel', 'Sardines', 'Lemons']) {
    const { seq } = await olga.say(market.id, text);
    if (text === 'Fennel') linked = seq;
  }
  await olga.say(quay.id, 'Berth nine is free');
  const general = await olga.room('general');
  await olga.say(general.id, `Have a look at ${server.url}/r/${quay.id}`);

  const { page } = await someone('bruno');
  await acts.signIn(page, server.url, 'bruno');
  const join = page.locator('room-timeline ~ room-composer').getByRole('button', { name: 'Join room' });

  await test.step('the address of a message shows the room around it', async () => {
    await page.goto(`${server.url}/r/${market.id}/${linked}`);
    await expect(page.getByRole('heading', { name: 'market', level: 1 })).toBeVisible();
    await expect(page.getByText('What is fresh today').first()).toBeVisible();
    await expect(acts.message(page, 'Fennel')).toBeVisible();
    await expect(page.locator('room-composer')).toContainText('You are reading # market.');
    await expect(page.locator('room-composer')).toContainText('1 member');
    await expect(acts.composer(page)).toHaveCount(0);
    await expect(acts.roomLink(page, 'market')).toHaveCount(0);
  });

  await test.step('a visitor sees what is said meanwhile, when they look again', async () => {
    await olga.say(market.id, 'The dill has come');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await expect(acts.message(page, 'The dill has come')).toHaveCount(1);
  });

  await test.step('joining leaves one at the message, now among members', async () => {
    await join.click();
    await expect(acts.composer(page)).toBeVisible();
    await expect(acts.message(page, 'Fennel')).toBeVisible();
    await expect(acts.roomLink(page, 'market')).toBeVisible();
    await acts.say(page, 'I take the lemons');
  });

  await test.step('a link in a message leads into a room without loading the page', async () => {
    await acts.openRoom(page, 'general');
    await page.evaluate(() => (document.body.dataset.visit = 'one'));
    await acts.timeline(page).getByRole('link', { name: `/r/${quay.id}` }).click();
    await expect(page.getByRole('heading', { name: 'quay', level: 1 })).toBeVisible();
    await expect(acts.message(page, 'Berth nine is free')).toBeVisible();
    await join.click();
    await acts.say(page, 'Mine then');
    expect(await page.evaluate(() => document.body.dataset.visit)).toBe('one');
  });
});
