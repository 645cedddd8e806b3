// Figures, failing hops, codecs, layers and where tiles stand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose, preferred } from '../../../static/calls/codecs.js';
import { failingHop, figures, sumsOf, WATCH_MS } from '../../../static/calls/digest.js';
import { columnsFor, fits, layout, promoted } from '../../../static/calls/layout.js';
import { live, ME, person } from './cast.js';

const reports = (/** @type {number} */ n) => [
  { type: 'inbound-rtp', kind: 'video', mid: '8', bytesReceived: 125_000 * n, packetsReceived: 100 * n, packetsLost: 5 * n, framesDecoded: 300 * n, totalFreezesDuration: n, freezeCount: n },
  { type: 'inbound-rtp', kind: 'audio', mid: '4', bytesReceived: 0, packetsReceived: 95 * n, packetsLost: 0, concealedSamples: 60 * n, silentConcealedSamples: 50 * n, totalSamplesReceived: 1_000 * n },
  { type: 'outbound-rtp', kind: 'video', bytesSent: 250_000 * n, packetsSent: 90 * n, qualityLimitationReason: 'cpu' },
  { type: 'remote-inbound-rtp', packetsLost: 10 * n },
  { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.0424, localCandidateId: 'L' },
  { type: 'candidate-pair', nominated: false, state: 'succeeded', currentRoundTripTime: 9 },
  { type: 'local-candidate', id: 'L', protocol: 'udp' },
];

test('two looks at the counters make the figures of the time between', () => {
  assert.deepEqual(figures(sumsOf(reports(2), 11_000), sumsOf(reports(1), 1_000)), {
    rtt_ms: 42, route: 'udp', limited: 'cpu', up_kbps: 200, down_kbps: 100, loss_up: 0.1, loss_down: 0.025, frames_per_second: 30, frozen: 0.1, concealed: 0.01,
  });
});

test('counters that begin anew with another connection make no negative figures', () => {
  const { up_kbps, down_kbps, loss_down } = figures(sumsOf([], 11_000), sumsOf(reports(5), 1_000));
  assert.deepEqual([up_kbps, down_kbps, loss_down], [0, 0, 0]);
});

test('the first hop that fails is named, five seconds after it should work', () => {
  const cam = { mid: '8', source: /** @type {const} */ ('cam'), state: 'live', since: 0 };
  const facts = { ice: 'connected', dtls: 'connected', since: 0, now: WATCH_MS, expected: [cam] };
  const [before, after] = [sumsOf(reports(1), 0), sumsOf(reports(2), WATCH_MS)];
  const stuck = sumsOf(reports(1).map((each) => (each.mid === '8' ? { ...each, packetsReceived: 200 } : each)), WATCH_MS);
  const hop = (/** @type {object} */ more, now = after) => failingHop({ ...facts, ...more }, now, before);
  assert.equal(hop({}), null, 'all is well');
  assert.equal(hop({ now: WATCH_MS - 1, ice: 'checking' }), null, 'too young to be judged');
  assert.equal(hop({ ice: 'checking' }), 'no_ice');
  assert.equal(hop({ dtls: 'connecting' }), 'no_dtls');
  assert.equal(hop({}, before), 'no_packets');
  assert.equal(hop({}, stuck), 'no_keyframe');
  assert.equal(hop({ expected: [{ ...cam, since: 1 }] }, before), null, 'the slot is younger');
  assert.equal(hop({ expected: [{ ...cam, state: 'muted' }] }, before), 'muted');
  assert.equal(hop({ expected: [{ ...cam, state: 'paused' }] }, before), 'policy');
  assert.equal(hop({ expected: [] }, before), null, 'nothing is expected of an empty call');
});

test('codecs: what the server forwards, in our order, with what repeats them', () => {
  const known = [
    { mimeType: 'video/AV1', sdpFmtpLine: 'level-idx=5;profile=0;tier=0' }, { mimeType: 'video/rtx' }, { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=2' }, { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=0' },
    { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=0;profile-level-id=42e01f' }, { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=42e01f' }, { mimeType: 'video/VP8' }, { mimeType: 'video/ulpfec' },
  ];
  assert.deepEqual(preferred('video', known).map(({ mimeType, sdpFmtpLine }) => `${mimeType} ${sdpFmtpLine ?? ''}`), [
    'video/VP8 ', 'video/H264 packetization-mode=1;profile-level-id=42e01f', 'video/VP9 profile-id=0', 'video/AV1 level-idx=5;profile=0;tier=0', 'video/rtx ',
  ]);
  assert.deepEqual(preferred('audio', [{ mimeType: 'audio/red' }, { mimeType: 'audio/PCMU' }, { mimeType: 'audio/opus' }]).map((each) => each.mimeType), ['audio/opus', 'audio/red']);
  assert.deepEqual(preferred('video', [{ mimeType: 'video/rtx' }]), [], 'nothing in common: the browser’s own order stays');
});

test('layers that nobody looks at are not encoded', () => {
  const parameters = /** @type {any} */ ({ encodings: [{ rid: 'q', active: true }, { rid: 'h', active: true }, { rid: 'f' }] });
  assert.equal(choose(parameters, { q: true, h: false, f: false }), true);
  assert.deepEqual(parameters.encodings.map((/** @type {any} */ each) => each.active), [true, false, false]);
  assert.equal(choose(parameters, { h: false }), false, 'nothing to set');
});

test('tiles become as large as they can', () => {
  assert.deepEqual([1, 2, 4, 9].map((count) => columnsFor(count, 1_280, 720).columns), [1, 2, 2, 3]);
  assert.deepEqual([2, 6].map((count) => columnsFor(count, 344, 500).columns), [1, 2]);
  assert.equal(fits(1_280, 720), 12);
  assert.ok(fits(344, 480) <= 6 && fits(344, 480) >= 4);
  assert.equal(fits(100, 60), 1, 'one is always shown');
});

test('a share takes the stage, a pin before it, a speaker after it', () => {
  const base = /** @type {any} */ (live().current);
  const view = { me: ME, wanted: /** @type {const} */ ('grid'), pinned: null, spoke: null, order: [], page: 0, perPage: 4, showsMe: true };
  const people = { [ME]: person(ME), 7: person('7'), 8: person('8') };
  const current = { ...base, people };
  assert.deepEqual(layout(current, view).tiles.map((tile) => tile.key), ['7 cam', '8 cam', '9 cam'], 'I come last');
  assert.equal(layout(current, { ...view, wanted: 'speaker', spoke: '8' }).stage?.key, '8 cam');
  const two = { ...base, people: { [ME]: person(ME), 7: person('7') } };
  assert.deepEqual([layout(two, { ...view, wanted: 'speaker' }).stage?.key, layout({ ...base, people: { [ME]: person(ME) } }, { ...view, wanted: 'speaker' }).stage], ['7 cam', null], 'of two, the other one; alone, nobody');
  const sharing = { ...base, people: { ...people, 7: person('7', { sources: { screen: 'live' } }) } };
  const shared = layout(sharing, view);
  assert.deepEqual([shared.stage?.key, shared.tiles.map((tile) => tile.key)], ['7 screen', ['7 cam', '8 cam', '9 cam']], 'who shares is still seen');
  assert.equal(layout(sharing, { ...view, pinned: '8' }).stage?.key, '8 cam');
  assert.equal(layout(current, { ...view, pinned: '5' }).stage, null, 'who left is pinned no more');
  const pages = layout(current, { ...view, perPage: 2, page: 7 });
  assert.deepEqual([pages.page, pages.pages, pages.tiles.length], [1, 2, 1]);
  const alone = { ...base, people: { [ME]: person(ME) } };
  assert.deepEqual(layout(alone, { ...view, showsMe: false }).tiles.map((tile) => tile.key), ['9 cam'], 'alone I see myself');
});

test('who speaks comes onto the first page, in place of somebody silent', () => {
  assert.deepEqual(promoted(['a', 'b', 'c', 'd'], ['d'], 2), ['a', 'd', 'c', 'b']);
  assert.deepEqual(promoted(['a', 'b', 'c', 'd'], ['b', 'd'], 2), ['d', 'b', 'c', 'a']);
  assert.deepEqual(promoted(['a', 'b', 'c'], ['a', 'b', 'c'], 2), ['a', 'b', 'c'], 'everybody speaks: nobody is moved');
  assert.deepEqual(promoted(['a', 'b'], ['x'], 2), ['a', 'b']);
});
