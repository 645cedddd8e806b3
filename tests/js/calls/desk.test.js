// What a tab does with the notices of a call: in order, each once, and what was missed is asked for once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallDesk } from '../../../static/calls/desk.js';
import { Refused } from '../../../static/lib/errors.js';
import { call, ME, person, wish } from './cast.js';

/** What a page keeps for its tab. */
globalThis.sessionStorage ??= /** @type {any} */ ({ getItem: () => null, setItem: () => undefined, removeItem: () => undefined });

/** @typedef {{type: string, call?: string, seq?: number, key?: string}} Command */

/** A tab in a call, whose line keeps what it says and answers when the test says so. */
function inCall() {
  /** @type {Command[]} */
  const said = [];
  /** @type {(() => void)[]} */
  const waiting = [];
  const line = {
    request: (/** @type {Command} */ command) => {
      said.push(command);
      return new Promise((/** @type {(ack: {id?: string}) => void} */ resolve) => waiting.push(() => resolve({ id: '1' })));
    },
    tell: (/** @type {Command} */ command) => void said.push(command),
  };
  const desk = new CallDesk(line, ME);
  desk.connection = /** @type {any} */ ({ close: () => undefined, send: () => Promise.resolve(), slots: { audio: 4, video: 6 } });
  desk.store.dispatch({ type: 'joining', wish: wish(), now: Date.now() });
  const answered = async () => {
    waiting.splice(0).forEach((answer) => answer());
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { desk, said, answered, syncs: () => said.filter(({ type }) => type === 'call.sync').map(({ seq }) => seq) };
}

/** @param {number} seq @param {object} [more] @returns {any} */
const joined = (seq, more = {}) => ({
  type: 'call.joined', call: call({ state: 'active', expires_at: null }), number: 9, role: 'speaker', hand: false, held: [], resume: 'token', resumed: true,
  limits: { members: 10, audio_slots: 4, video_slots: 6, most_video_slots: 18, keep_ms: 30_000 }, members: [person(ME)], seq, ...more,
});

/** @param {number} seq @param {string[]} ids @param {boolean} [full] @returns {any} */
const members = (seq, ids, full = false) => ({ type: 'call.members', call: '1', full, members: ids.map((id) => person(id)), left: {}, seq });

const people = (/** @type {CallDesk} */ desk) => Object.keys(desk.current?.people ?? {}).sort();

test('a gap is asked for once, and what comes twice is heard once', async () => {
  const { desk, answered, syncs } = inCall();
  desk.hear(joined(1));
  desk.hear(members(3, ['3']));
  desk.hear(members(4, ['4']));
  assert.deepEqual(syncs(), [1], 'one question for both');
  for (const seq of [2, 3, 4]) desk.hear(members(seq, [String(seq)]));
  desk.hear(members(3, ['8']));
  await answered();
  assert.deepEqual(people(desk), ['2', '3', '4', ME]);
  desk.hear(members(6, ['6']));
  assert.deepEqual(syncs(), [1, 4], 'the next gap is asked for again');
  desk.close();
});

test('after too many were missed everything is said anew, and it is the base of what follows', async () => {
  const { desk, answered, syncs } = inCall();
  desk.hear(joined(1));
  desk.hear(members(2, ['2', '3']));
  desk.hear(members(300, ['4']));
  assert.deepEqual(syncs(), [2]);
  desk.hear(members(301, [ME, '5'], true));
  desk.hear(joined(302, { resume: 'anew', role: 'host', members: [person(ME), person('5')] }));
  await answered();
  desk.hear(members(303, ['6']));
  assert.deepEqual(syncs(), [2], 'nothing is asked a second time');
  assert.deepEqual(people(desk), ['5', '6', ME]);
  assert.deepEqual([desk.current?.resume, desk.current?.role], ['anew', 'host']);
  desk.close();
});

test('a question that fails is asked again at the next gap, and another stay counts from its own beginning', async () => {
  const { desk, said, syncs } = inCall();
  desk.line.request = (command) => {
    said.push(command);
    return Promise.reject(new Error('gone'));
  };
  desk.hear(joined(1));
  desk.hear(members(5, ['5']));
  await new Promise((resolve) => setImmediate(resolve));
  desk.hear(members(6, ['6']));
  assert.deepEqual(syncs(), [1, 1]);
  desk.hear(joined(1));
  assert.equal(desk.current?.resume, 'token', 'the same notice again changes nothing');
  desk.close();
});

test('a call begins with a key also where the page has no secure context', async () => {
  const { desk, said, answered } = inCall();
  desk.close();
  desk.own.open = () => Promise.resolve();
  const before = crypto.randomUUID;
  // Plain http on a local network: browsers leave this function out there.
  Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true });
  try {
    void desk.start(wish({ call: null }));
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    Object.defineProperty(crypto, 'randomUUID', { value: before, configurable: true });
  }
  const start = said.find(({ type }) => type === 'call.start');
  assert.match(start?.key ?? '', /^[0-9a-f]{32}$/u);
  await answered();
  desk.close();
});

test('a camera that was on while it rang goes off where the other lets no pictures through', () => {
  const { desk } = inCall();
  desk.hear(joined(1));
  let isStopped = false;
  desk.own.store.dispatch({ cam: /** @type {any} */ ({ stop: () => (isStopped = true), onended: null }) });
  const state = (/** @type {object} */ more) => /** @type {any} */ ({ type: 'call.state', call: call({ state: 'connecting', expires_at: null, ...more }), part: 'in', connection: null });
  desk.hear(state({ pictures: true }));
  desk.hear(state({ id: '2', pictures: false }));
  assert.equal(desk.own.isOn('cam'), true, 'another call is none of its business');
  desk.hear(state({ pictures: false }));
  assert.deepEqual([desk.own.isOn('cam'), isStopped], [false, true]);
  desk.close();
});

/** A peer connection with which nothing ever connects. */
class Peer {
  /** @type {any} */
  localDescription = null;

  addTransceiver = () => ({ mid: '0', sender: { track: null, replaceTrack: async () => undefined } });
  createOffer = async () => ({ type: 'offer', sdp: 'offer' });
  setLocalDescription = async (/** @type {any} */ it) => void (this.localDescription = it);
  close = () => undefined;
}

test('whoever makes an offer that is refused for good leaves the call that they are in', async () => {
  for (const [code, status, leaves] of /** @type {[string, number, number][]} */ ([['calls.no_common_codec', 422, 1], ['calls.server_full', 503, 0]])) {
    const { desk, said } = inCall();
    Object.assign(globalThis, { RTCPeerConnection: Peer, RTCRtpReceiver: {} });
    desk.connection = null;
    desk.stay.begin = () => undefined;
    desk.watch.begin = () => undefined;
    desk.line.request = (command) => {
      said.push(command);
      return command.type === 'pc.offer' ? Promise.reject(new Refused(code, { status })) : Promise.resolve({});
    };
    desk.hear(joined(1, { resumed: false }));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(said.filter(({ type }) => type === 'pc.offer').length, 1);
    assert.deepEqual([said.filter(({ type }) => type === 'call.leave').length, desk.current?.phase === 'ended'], [leaves, leaves === 1], code);
    desk.close();
  }
});
