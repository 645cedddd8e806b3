// Cards of calls cover nothing of a page that somebody must press: one scrolls past who rings, and past what was missed.
import { expect, test } from './support/journey.mjs';
import { openRoom, say } from './support/acts.mjs';
import { callOf, conversation, DEVICES, endOf, enter, launchOptions, ring, sheet, town } from './support/calls.mjs';

test.use({ launchOptions });

/** What one cannot press, having scrolled to it: something else lies over its middle. */
const covered = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll('body > :not(call-stage) :is(a[href], button, input, select, summary)')].filter(
      (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.matches('.visually-hidden, [type=hidden]'),
    );
    const hit = (element) => {
      element.scrollIntoView({ block: 'center', behavior: 'instant' });
      const box = element.getBoundingClientRect();
      if (box.width < 8 || box.height < 8) return true;
      const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      return found !== null && !found.closest('call-stage');
    };
    return shown.filter((element) => !hit(element)).map((element) => element.outerHTML.slice(0, 120));
  });

test('cards of calls lie over nothing that one must press', async ({ start, someone }) => {
  test.setTimeout(180_000);
  const place = await town(start, ['mara', 'bruno'], []);
  await conversation(place, 'mara', 'bruno');
  const { server, ids } = place;
  const mara = await enter(await someone('mara', DEVICES), server, 'mara');
  const bruno = await enter(await someone('bruno', DEVICES), server, 'bruno', '/people');
  await bruno.setViewportSize({ width: 1440, height: 900 });
  const widths = [[360, 740], [768, 900], [1440, 900]];

  await test.step('somebody rings: the directory can be used all the same', async () => {
    await ring(mara, ids.bruno);
    await expect(sheet(bruno, 'Mara')).toBeVisible();
    expect(await covered(bruno)).toEqual([]);
  });

  await test.step('what was missed covers nothing on a page, on a phone neither', async () => {
    await callOf(mara).getByRole('button', { name: 'Cancel call' }).click();
    await expect(bruno.getByRole('heading', { name: 'Missed call' })).toBeVisible();
    for (const [width, height] of widths) {
      await bruno.setViewportSize({ width, height });
      expect(await covered(bruno), `${width}`).toEqual([]);
    }
  });
});

/** What of the app lies under a card, or out of sight: heads, places, and what one writes with must be free where they stand. */
const underCards = (page) =>
  page.evaluate(() => {
    const places = ['room-header', 'room-composer', '.rail', '.panel > .header', '.sidebar-head'].map((place) => `body > .shell ${place}`).join(', ');
    const shown = [...document.querySelectorAll(`:is(${places}) :is(a[href], button, textarea, [role=textbox])`)].filter((element) => {
      const box = element.getBoundingClientRect();
      return element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && box.width >= 8 && box.height >= 8;
    });
    const hit = (element) => {
      const box = element.getBoundingClientRect();
      const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      // What lies under a panel or a menu is no card's doing.
      return found !== null && !found.closest('call-stage') && box.bottom <= innerHeight;
    };
    return shown.filter((element) => !hit(element)).map((element) => element.outerHTML.slice(0, 120));
  });

test('cards of calls leave the app’s rooms to their heads, their places and what one writes with', async ({ start, someone }) => {
  test.setTimeout(180_000);
  const place = await town(start, ['mara', 'bruno'], []);
  const room = await conversation(place, 'mara', 'bruno');
  const { server, ids, accounts } = place;
  const [root] = await accounts.mara.messages(room);
  await accounts.mara.call('POST', `/rooms/${room}/messages`, { body: 'An answer', client_key: 'answer', thread: root.id });
  const mara = await enter(await someone('mara', DEVICES), server, 'mara');
  const person = await someone('bruno', DEVICES);
  // The room ends above what was missed.
  person.expects(/layout shift .* at \/r?/);
  const bruno = await enter(person, server, 'bruno');
  await openRoom(bruno, 'Mara');
  const free = async (what) => {
    for (const [width, height] of [[360, 740], [360, 420], [1440, 900]]) {
      await bruno.setViewportSize({ width, height });
      expect(await underCards(bruno), `${what}, ${width} × ${height}`).toEqual([]);
    }
  };
  /** In the room, beside a thread, and in the list of rooms of a phone. */
  const throughout = async (what) => {
    await free(`a room: ${what}`);
    await bruno.getByRole('feed').getByRole('link', { name: /answer/i }).or(bruno.getByRole('feed').getByRole('button', { name: /answer/i })).first().click();
    await expect(bruno.locator('.panel room-composer')).toBeVisible();
    await free(`a thread: ${what}`);
    await bruno.locator('.panel > .header').getByRole('button', { name: 'Close' }).click();
    await bruno.setViewportSize({ width: 360, height: 740 });
    await bruno.locator('room-header').getByRole('link', { name: 'Rooms' }).click();
    await free(`the list: ${what}`);
    expect(await covered(bruno), `what scrolls in the list: ${what}`).toEqual([]);
    await openRoom(bruno, 'Mara');
  };

  await test.step('somebody rings', async () => {
    await ring(mara, ids.bruno);
    await expect(sheet(bruno, 'Mara')).toBeVisible();
    await throughout('it rings');
    await say(bruno, 'I write all the same');
  });

  await test.step('a call was missed', async () => {
    await callOf(mara).getByRole('button', { name: 'Cancel call' }).click();
    await expect(bruno.getByRole('heading', { name: 'Missed call' })).toBeVisible();
    await throughout('it was missed');
    await bruno.getByRole('region', { name: 'Missed call' }).getByRole('button', { name: 'Close' }).click();
  });

  await test.step('a call has ended', async () => {
    await ring(bruno, ids.mara);
    await sheet(mara, 'Bruno').getByRole('button', { name: 'Decline' }).click();
    await expect(endOf(bruno)).toBeVisible();
    await throughout('it has ended');
  });
});
