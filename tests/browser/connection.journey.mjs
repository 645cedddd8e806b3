// The way of the media, against a second peer connection in the same page that plays the server's part.
import { expect, test as base } from '@playwright/test';
import { chromiumArgs, chromiumPath } from './support/browsers.mjs';
import { serveModules } from './support/modules.mjs';

const test = base.extend({
  page: async ({ browser }, use) => {
    const modules = await serveModules();
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(modules.url);
    await page.evaluate(async () => {
      const [{ Connection }, { SecondPeer }] = await Promise.all(['/static/calls/connection.js', '/doubles/second-peer.mjs'].map((path) => import(path)));
      const told = { media: [], slots: {} };
      const peer = new SecondPeer((answer) => connection.answered(answer));
      const connection = new Connection({ offer: peer.offer, media: (media) => told.media.push(media), slot: (mid, stream) => (told.slots[mid] = stream) });
      // What is counted grows, or it does not: asked until it is so.
      const stat = async (pc, type, mid, field) => [...(await pc.getStats()).values()].find((each) => each.type === type && each.mid === mid)?.[field] ?? 0;
      const until = async (ask) => {
        for (const end = performance.now() + 15_000; performance.now() < end; await new Promise((resolve) => requestAnimationFrame(resolve))) if (await ask()) return true;
        return false;
      };
      Object.assign(window, { connection, peer, told, stat, until, Connection });
    });
    await use(page);
    await context.close();
    await modules.stop();
    expect(errors).toEqual([]);
  },
});
test.use({ launchOptions: { executablePath: chromiumPath, args: [...chromiumArgs, '--allow-loopback-in-peer-connection'] } });

test('one offer names what is sent and keeps slots free', async ({ page }) => {
  const offer = await page.evaluate(async () => {
    await /** @type {any} */ (window).connection.begin();
    return { .../** @type {any} */ (window).peer.offers[0], count: /** @type {any} */ (window).peer.offers.length };
  });
  expect(offer.count).toBe(1);
  expect(offer.gen).toBe(1);
  expect(offer.tracks.map((track) => track.source)).toEqual(['mic', 'cam', 'screen', 'screen_audio']);
  const sections = offer.sdp.split('\nm=').slice(1);
  expect(sections.map((part) => `${part.split(' ')[0]} ${/a=(sendonly|recvonly|inactive)/.exec(part)?.[1]}`)).toEqual([
    'audio sendonly', 'video sendonly', 'video sendonly', 'audio sendonly', ...Array(4).fill('audio recvonly'), ...Array(6).fill('video recvonly'),
  ]);
  const cam = sections[1];
  expect(cam).toContain('a=simulcast:send q;h;f');
  expect(offer.sdp).not.toMatch(/a=rtpmap:\d+ (ulpfec|flexfec|PCMU|G722)/i);
  expect(offer.sdp.length).toBeLessThan(64 * 1024);
});

test('media comes in slots, and devices change without an offer', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const { connection, peer, told, stat, until } = /** @type {any} */ (window);
    await connection.begin();
    const slots = await peer.fill();
    const connected = await until(() => told.media.at(-1) === 'up');
    const video = document.body.appendChild(Object.assign(document.createElement('video'), { autoplay: true, muted: true }));
    await until(() => told.slots[slots.video]);
    video.srcObject = told.slots[slots.video];
    const decoded = await until(async () => (await stat(connection.pc, 'inbound-rtp', slots.video, 'framesDecoded')) > 10);
    const heard = await until(async () => (await stat(connection.pc, 'inbound-rtp', slots.audio, 'packetsReceived')) > 20);
    const camera = (await navigator.mediaDevices.getUserMedia({ video: true })).getVideoTracks()[0];
    await connection.send('cam', camera);
    const cam = peer.offers[0].tracks.find((track) => track.source === 'cam').mid;
    const sent = await until(async () => (await stat(peer.pc, 'inbound-rtp', cam, 'packetsReceived')) > 20);
    await connection.send('cam', null);
    return { connected, decoded, heard, sent, offers: peer.offers.length, sending: connection.sending('cam') };
  });
  expect(seen).toEqual({ connected: true, decoded: true, heard: true, sent: true, offers: 1, sending: null });
});

test('more people: more slots with one more offer, and what flowed flows on', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const { connection, peer, stat, until } = /** @type {any} */ (window);
    await connection.begin();
    const slots = await peer.fill();
    await until(async () => (await stat(connection.pc, 'inbound-rtp', slots.video, 'framesDecoded')) > 5);
    connection.grow({ audio: 0, video: 6 });
    connection.grow({ audio: 0, video: 0 });
    await until(() => peer.offers.length === 2 && connection.pc.signalingState === 'stable');
    const before = await stat(connection.pc, 'inbound-rtp', slots.video, 'framesDecoded');
    const flows = await until(async () => (await stat(connection.pc, 'inbound-rtp', slots.video, 'framesDecoded')) > before + 5);
    return { offers: peer.offers.map((offer) => offer.gen), slots: connection.slots, flows };
  });
  expect(seen).toEqual({ offers: [1, 2], slots: { audio: 4, video: 12 }, flows: true });
});

test('another network: ICE begins anew at once, and an answer that comes late is dropped', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const { connection, peer, told, stat, until } = /** @type {any} */ (window);
    await connection.begin();
    const slots = await peer.fill();
    await until(() => told.media.at(-1) === 'up');
    const ufrag = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)[1];
    peer.isHolding = true;
    connection.networkChanged();
    await until(() => peer.offers.length === 2);
    connection.networkChanged();
    await until(() => peer.offers.length === 3);
    const { signalingState } = connection.pc;
    await connection.answered({ gen: 2, sdp: 'an answer to what nobody asks any more' });
    peer.isHolding = false;
    await peer.answer(peer.offers[2]);
    const before = await stat(connection.pc, 'inbound-rtp', slots.video, 'framesDecoded');
    const flows = await until(async () => (await stat(connection.pc, 'inbound-rtp', slots.video, 'framesDecoded')) > before + 5);
    return { isNew: ufrag(peer.offers[0].sdp) !== ufrag(peer.offers[2].sdp), signalingState, now: connection.pc.signalingState, flows };
  });
  expect(seen).toEqual({ isNew: true, signalingState: 'have-local-offer', now: 'stable', flows: true });
});

test('layers that nobody looks at are turned off by their sender', async ({ page }) => {
  const active = await page.evaluate(async () => {
    const { connection } = /** @type {any} */ (window);
    await connection.begin();
    await connection.layers('cam', { q: true, h: true, f: false });
    const sender = connection.pc.getTransceivers()[1].sender;
    return sender.getParameters().encodings.map((each) => each.active);
  });
  // The double takes no simulcast: one layer is left, and it stays on.
  expect(active[0]).toBe(true);
});
