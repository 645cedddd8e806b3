// Every state of a call, as it is photographed: with real media, and people of the village as the others.
import { expect as soon } from '@playwright/test';
import * as acts from './acts.mjs';
import { desk } from './calls.mjs';
import { seen } from './crowd.mjs';

// Pictures are not about time: a busy machine may take it.
const expect = soon.configure({ timeout: 20_000 });

/** @typedef {import('@playwright/test').Page} Page */
/** @typedef {import('./crowd.mjs').Crowd} Crowd */

/** The one who is photographed. @param {Page} page */
const me = (page) => page.evaluate(() => /** @type {any} */ (document.querySelector('rialto-app')).client.state.me.id);
/** In the room of this name, which has voice. @param {Page} page */
const inRoom = async (page, name = 'harbour') => {
  await expect(acts.roomLink(page, '').first()).toBeVisible();
  await acts.roomLink(page, name).first().click();
  await expect(acts.composer(page)).toBeVisible();
  return page.evaluate(async () => {
    const { room } = /** @type {any} */ (document.querySelector('rialto-app')).place.state;
    await fetch(`/api/v1/rooms/${room}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ voice: true }) });
    return room;
  });
};
/** How the call is looked at. @param {Page} page @param {object} look */
const look = (page, look) => page.evaluate((change) => /** @type {any} */ (document.querySelector('call-stage')).see(change), look);
/** Rings somebody. @param {Page} page @param {string} to */
const ring = (page, to, video = true) => desk(page, (it, wish) => void it.start({ call: null, kind: 'direct', room: null, ...wish }), { to, video });

/** A call of two, with pictures. @param {Page} page @param {Crowd} crowd */
const two = async (page, crowd) => {
  await inRoom(page);
  const { id } = await crowd.one('ilse');
  await ring(page, id);
  await crowd.answers('ilse', true);
  await seen(page, 2);
};
/** A room's call that I began, with three others in it. @param {Page} page @param {Crowd} crowd */
const four = async (page, crowd) => {
  const room = await inRoom(page);
  await desk(page, async (it, wanted) => {
    const wish = { call: null, kind: 'room', to: null, room: wanted, video: true };
    await it.look(wish);
    await it.enter(wish);
  }, room);
  await expect(page.locator('.call-bar')).toBeVisible();
  await crowd.join(['ilse', 'ana', 'kofi'], room);
  await expect(page.locator('.tile')).toHaveCount(4);
  await seen(page, 4);
};
/** The large picture is there. @param {Page} page */
const onStage = (page) =>
  page.waitForFunction(() => {
    const video = /** @type {HTMLVideoElement | null} */ (document.querySelector('.tile-stage video'));
    return video !== null && video.getVideoPlaybackQuality().totalVideoFrames > 1;
  });

/** @type {import('./screens-list.mjs').Screen[]} */
export const callScreens = [
  {
    name: 'call-door',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page) => {
      const room = await inRoom(page);
      await desk(page, (it, wanted) => it.look({ call: null, kind: 'room', to: null, room: wanted, video: true }), room);
      await page.waitForFunction(() => /** @type {HTMLVideoElement | null} */ (document.querySelector('.look-self video'))?.videoWidth > 0);
      await page.waitForFunction(() => /** @type {HTMLMeterElement} */ (document.querySelector('.look-meter')).value > 0.2);
    },
  },
  {
    name: 'call-refused',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page) => {
      const room = await inRoom(page);
      await page.evaluate(() => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))));
      await desk(page, (it, wanted) => it.look({ call: null, kind: 'room', to: null, room: wanted, video: true }), room);
      await expect(page.locator('.call-banner').first()).toBeVisible();
    },
  },
  {
    name: 'call-incoming',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await inRoom(page);
      await crowd.rings('ilse', await me(page), true);
      await expect(page.locator('.ring-relation')).not.toBeEmpty();
    },
  },
  {
    name: 'call-outgoing',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await inRoom(page);
      const { id } = await crowd.one('ilse');
      await ring(page, id);
      await (await crowd.one('ilse')).page.locator('.ring').waitFor();
      await expect(page.locator('.outgoing-self video')).toBeVisible();
    },
  },
  { name: 'call-two', who: 'owner', path: '/', calls: true, then: two },
  { name: 'call-grid', who: 'owner', path: '/', calls: true, then: four },
  {
    name: 'call-speaker',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await four(page, crowd);
      await look(page, { wanted: 'speaker' });
      await onStage(page);
    },
  },
  {
    name: 'call-share',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await four(page, crowd);
      await crowd.does('ilse', (it) => it.set('screen', true));
      await expect(page.locator('.tile-stage .tile[data-source=screen] video')).toBeVisible();
      await onStage(page);
    },
  },
  {
    name: 'call-people',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await four(page, crowd);
      await crowd.does('kofi', (it) => it.hand(true));
      await crowd.does('ana', (it) => it.set('mic', false));
      await desk(page, (it) => it.moderate({ type: 'call.mod.lock', locked: true }));
      await look(page, { showsPeople: true });
      await expect(page.locator('.call-hand')).toBeVisible();
      await expect(page.locator('.call-locked')).toBeVisible();
    },
  },
  {
    name: 'call-host-menu',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await four(page, crowd);
      await look(page, { showsPeople: true });
      await page.locator('.call-people [aria-haspopup=menu]').first().click();
      await expect(page.getByRole('menu')).toBeVisible();
    },
  },
  {
    name: 'call-more',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await two(page, crowd);
      await page.locator('.call-bar [aria-haspopup=menu]').click();
      await expect(page.getByRole('menu')).toBeVisible();
    },
  },
  {
    name: 'call-devices',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await two(page, crowd);
      await page.locator('.call-bar [aria-haspopup=menu]').click();
      await page.getByRole('menuitem').filter({ has: page.locator('[href$="#settings"]') }).click();
      await expect(page.locator('#call-mic')).toBeVisible();
    },
  },
  {
    name: 'call-troubles',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await two(page, crowd);
      // What a broken network would have the server say.
      await desk(page, (it) => it.store.dispatch({ type: 'quality', marks: { [it.state.me]: 1 }, heard: false, unseen: ['cam'], silent: {}, link: 'no_packets' }));
      await expect(page.locator('.call-banner[data-tone=danger]').first()).toBeVisible();
    },
  },
  {
    name: 'call-over-tcp',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await two(page, crowd);
      // What a network without UDP and with much loss leads to.
      await desk(page, (it) => {
        it.watch.end();
        it.watch.figures = { ...it.watch.figures, route: 'tcp' };
        it.store.dispatch({ type: 'quality', marks: { [it.state.me]: 1 }, heard: true, unseen: [], silent: {}, link: null });
      });
      await expect(page.locator('.call-banner[data-tone=warn]').first()).toBeVisible();
    },
  },
  {
    name: 'call-connecting',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page) => {
      const room = await inRoom(page);
      // The browser makes nothing of the answer.
      await page.evaluate(() => (RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => undefined)));
      await desk(page, async (it, wanted) => {
        const wish = { call: null, kind: 'room', to: null, room: wanted, video: true };
        await it.look(wish);
        await it.enter(wish);
      }, room);
      await expect(page.locator('.call-bar')).toBeVisible();
      await page.waitForFunction(() => /** @type {HTMLVideoElement | null} */ (document.querySelector('.outgoing-self video'))?.videoWidth > 0);
    },
  },
  {
    name: 'call-beside',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await four(page, crowd);
      const talk = page.locator('.call-bar [data-wide]').last();
      if (await talk.isVisible()) await talk.click();
      else await look(page, { isSmall: true });
      await expect(acts.composer(page)).toBeVisible();
    },
  },
  {
    name: 'call-mini',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await two(page, crowd);
      await look(page, { isSmall: true });
      await seen(page, 1);
    },
  },
  {
    name: 'call-ended',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await inRoom(page);
      await ring(page, (await crowd.one('ilse')).id, false);
      await crowd.declines('ilse');
      await expect(page.locator('.call-end')).toBeVisible();
    },
  },
  {
    name: 'call-failed',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await inRoom(page);
      await ring(page, (await crowd.one('ilse')).id, false);
      await (await crowd.one('ilse')).page.locator('.ring').waitFor();
      // It rings there before the answer is here.
      const known = () => desk(page, (it) => it.current?.call?.id ?? null);
      await expect.poll(known).not.toBeNull();
      // What a wall around the media port leads to.
      await desk(page, async (it, call) => {
        it.store.dispatch({ type: 'trouble', trouble: 'no_ice' });
        it.store.dispatch({ type: 'failed', cause: 'failed', code: null, now: Date.now() });
        await it.line.request({ type: 'call.cancel', call });
      }, await known());
      await expect(page.locator('.call-end')).toBeVisible();
    },
  },
  {
    name: 'call-missed',
    who: 'owner',
    path: '/',
    calls: true,
    then: async (page, crowd) => {
      await expect(acts.roomLink(page, '').first()).toBeVisible();
      await acts.roomLink(page, 'Ilse').first().click();
      await expect(acts.composer(page)).toBeVisible();
      await crowd.rings('ilse', await me(page), false);
      await expect(page.locator('.ring')).toBeVisible();
      await crowd.does('ilse', (it) => it.leave());
      await expect(page.locator('.missed')).toBeVisible();
    },
  },
  {
    name: 'calls-live',
    who: 'owner',
    path: '/calls',
    calls: true,
    then: async (page, crowd) => {
      const room = await page.evaluate(async () => {
        const { rooms } = await fetch('/api/v1/me/state').then((answer) => answer.json());
        const { id } = rooms.find(({ name }) => name === 'harbour');
        await fetch(`/api/v1/rooms/${id}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ voice: true }) });
        return id;
      });
      await crowd.join(['ilse', 'ana'], room);
      await page.reload();
      await expect(page.locator('call-board [data-kind=primary]').first()).toBeVisible();
    },
  },
  {
    name: 'admin-calls-live',
    who: 'owner',
    path: '/admin/calls',
    calls: true,
    then: async (page, crowd) => {
      const room = await page.evaluate(async () => {
        const { rooms } = await fetch('/api/v1/me/state').then((answer) => answer.json());
        return rooms.find(({ name }) => name === 'harbour').id;
      });
      await crowd.join(['ilse', 'ana', 'kofi'], room);
      await page.reload();
      await expect(page.locator('.table tbody tr').nth(2)).toBeVisible();
    },
  },
];
