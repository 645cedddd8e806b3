// What is written without a connection waits, survives a reload, and arrives exactly once.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('messages written offline arrive exactly once', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, bruno: account } = await community(server, 'bruno');
  const quay = await olga.call('POST', '/rooms', { kind: 'public', name: 'quay' });
  await olga.say(quay.id, 'Berth nine is free');
  await account.joinAll();
  const bruno = await someone('bruno');
  bruno.expects(/ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket connection/);
  // What waited is sent while the room opens, and its messages push those before them up.
  bruno.expects(/^layout shift 0\.0[0-4]\d .* by div\.timeline-feed [^,]*$/);
  await acts.signIn(bruno.page, server.url, 'bruno');
  await acts.openRoom(bruno.page, 'general');

  await bruno.context.setOffline(true);
  for (const text of ['First from the boat.', 'Second from the boat.', 'Third from the boat.']) {
    await acts.say(bruno.page, text);
  }
  await expect(bruno.page.getByRole('status').filter({ hasText: 'You are offline.' })).toContainText('3 messages wait');

  await test.step('nothing has reached the server', async () => {
    const room = await olga.room('general');
    const bodies = (await olga.messages(room.id)).map((message) => message.body);
    expect(bodies.filter((body) => body?.includes('from the boat'))).toEqual([]);
  });

  await test.step('a reload keeps them', async () => {
    // The page itself must come from the server, so the line is up for the reload while the socket stays barred.
    await bruno.page.routeWebSocket(/\/live$/, (socket) => socket.close({ code: 4009 }));
    await bruno.context.setOffline(false);
    await bruno.page.reload();
    for (const text of ['First from the boat.', 'Second from the boat.', 'Third from the boat.']) {
      await expect(acts.message(bruno.page, text)).toHaveCount(1);
    }
  });

  await test.step('back online they are sent, in order, once', async () => {
    await bruno.page.unrouteAll();
    const again = await bruno.newPage();
    await bruno.page.close();
    await again.goto(server.url);
    await acts.openRoom(again, 'general');
    const room = await olga.room('general');
    await expect(async () => {
      const bodies = (await olga.messages(room.id)).map((message) => message.body);
      expect(bodies.filter((body) => body?.includes('from the boat'))).toEqual([
        'First from the boat.',
        'Second from the boat.',
        'Third from the boat.',
      ]);
    }).toPass({ timeout: 20_000 });
    for (const text of ['First', 'Second', 'Third']) {
      await expect(acts.message(again, `${text} from the boat.`)).toHaveCount(1);
    }
    await expect(again.getByRole('status').filter({ hasText: /offline|wait/i })).toHaveCount(0);

    await test.step('a room that was opened without a connection loads when it is back', async () => {
      await bruno.context.setOffline(true);
      await acts.roomLink(again, 'quay').click();
      await expect(again.getByRole('button', { name: 'Try again' })).toBeVisible();
      // Its drawing was there before the line went.
      const drawn = () => again.locator('.empty .drawing').evaluate((drawing) => /** @type {SVGGraphicsElement} */ (drawing.firstElementChild).getBBox().width);
      await expect.poll(drawn).toBeGreaterThan(0);
      await bruno.context.setOffline(false);
      await expect(acts.message(again, 'Berth nine is free')).toHaveCount(1, { timeout: 20_000 });
    });
  });
});
