// The call check: which hop fails, how good the way is, and an echo against doubles of the peer connection and of the server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACK_WITHIN_MS, CONNECT_WITHIN_MS, gradeOf, hopOf } from '../../../static/calls/check-verdict.js';
import { Echo } from '../../../static/calls/check-echo.js';

const well = { isConnected: true, ice: 'connected', age: 20_000, open: 10_000, back: 100, arrived: null };

test('the hop that fails is named once it had its time', () => {
  const hop = (/** @type {Partial<typeof well> & {arrived?: number | null}} */ more) => hopOf({ ...well, ...more });
  assert.equal(hop({}), null);
  assert.equal(hop({ isConnected: false, ice: 'checking', age: CONNECT_WITHIN_MS - 1 }), null, 'too early');
  assert.equal(hop({ isConnected: false, ice: 'checking', age: CONNECT_WITHIN_MS }), 'no_ice');
  assert.equal(hop({ isConnected: false, ice: 'failed', age: 0 }), 'no_ice', 'the browser gave up');
  assert.equal(hop({ isConnected: false, ice: 'connected', age: CONNECT_WITHIN_MS }), 'no_dtls');
  assert.equal(hop({ back: 0, open: BACK_WITHIN_MS - 1 }), null, 'too early');
  assert.equal(hop({ back: 0, arrived: 0 }), 'no_way_up');
  assert.equal(hop({ back: 0, arrived: 12 }), 'no_way_back');
  assert.equal(hop({ back: 0 }), 'no_way_back', 'as far as one can tell');
});

test('the way is as good as its worse side', () => {
  assert.equal(gradeOf({ rtt: 150, loss: 0.01 }), 'good');
  assert.equal(gradeOf({ rtt: null, loss: 0 }), 'good');
  assert.equal(gradeOf({ rtt: 151, loss: 0 }), 'fair');
  assert.equal(gradeOf({ rtt: 20, loss: 0.011 }), 'fair');
  assert.equal(gradeOf({ rtt: 401, loss: 0 }), 'poor');
  assert.equal(gradeOf({ rtt: 20, loss: 0.06 }), 'poor');
});

/** A peer connection that does what the test says. */
class Peer {
  connectionState = 'new';
  iceConnectionState = 'new';
  isClosed = false;
  /** @type {any[]} */
  reports = [];
  /** @type {any} */
  localDescription = null;
  /** @type {any} */
  remote = null;
  /** @type {(() => void) | null} */
  onconnectionstatechange = null;

  addTransceiver = () => ({ sender: { track: null, replaceTrack: async () => undefined } });
  createOffer = async () => ({ type: 'offer', sdp: 'offer' });
  setLocalDescription = async (/** @type {any} */ it) => void (this.localDescription = it);
  setRemoteDescription = async (/** @type {any} */ it) => void (this.remote = it);
  getStats = async () => new Map(this.reports.map((each, at) => [at, each]));
  close = () => void (this.isClosed = true);

  /** @param {string} state */
  becomes(state) {
    this.connectionState = this.iceConnectionState = state;
    this.onconnectionstatechange?.();
  }
}

/** @param {Partial<{open: () => Promise<any>, look: () => Promise<any>}>} [more] */
function stage(more = {}) {
  const peers = /** @type {Peer[]} */ ([]);
  const said = /** @type {string[]} */ ([]);
  const clock = { now: 0 };
  Object.assign(globalThis, { RTCRtpReceiver: {} });
  const echo = new Echo({
    makePeer: () => {
      const peer = new Peer();
      peers.push(peer);
      return /** @type {any} */ (peer);
    },
    open: more.open ?? (async () => ({ sdp: 'answer', ends_at: 0 })),
    look: more.look ?? (async () => ({ audio_in: 0 })),
    close: async () => void said.push('closed'),
    now: () => clock.now,
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { echo, peers, said, clock, settled };
}
const track = /** @type {any} */ ({ kind: 'audio' });

test('an echo opens, is measured, and ends with what it held', async () => {
  const { echo, peers, said, clock, settled } = stage();
  await echo.start(track);
  assert.equal(peers[0]?.remote.sdp, 'answer');
  const peer = /** @type {Peer} */ (peers[0]);
  peer.becomes('connected');
  await settled();
  assert.deepEqual([echo.state.phase, echo.state.figures], ['open', null]);
  clock.now = 4_000;
  peer.reports = [
    { type: 'inbound-rtp', kind: 'audio', mid: '1', packetsReceived: 190, packetsLost: 10 },
    { type: 'outbound-rtp', kind: 'audio', packetsSent: 200 },
    { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.012, localCandidateId: 'L' },
    { type: 'local-candidate', id: 'L', protocol: 'tcp' },
  ];
  peer.becomes('connected');
  await settled();
  assert.deepEqual([echo.state.back, echo.state.figures], [190, { rtt: 12, loss: 0.05, route: 'tcp' }]);
  echo.stop();
  assert.deepEqual([echo.state.phase, peer.isClosed, said], ['idle', true, ['closed']]);
});

test('nothing comes back: the server is asked whether anything arrived', async () => {
  for (const [arrived, hop] of /** @type {[number, string][]} */ ([[0, 'no_way_up'], [7, 'no_way_back']])) {
    const { echo, peers, said, clock, settled } = stage({ look: async () => ({ audio_in: arrived }) });
    await echo.start(track);
    peers[0]?.becomes('connected');
    await settled();
    clock.now = BACK_WITHIN_MS;
    peers[0]?.becomes('connected');
    await settled();
    assert.deepEqual([echo.state.phase, echo.state.hop, said], ['failed', hop, ['closed']]);
  }
});

test('a refusal is kept with its reason; a later start forgets it', async () => {
  const refusal = new Error('full');
  let isFull = true;
  const { echo, peers, settled } = stage({ open: async () => (isFull ? Promise.reject(refusal) : { sdp: 'answer', ends_at: 0 }) });
  await echo.start(track);
  assert.deepEqual([echo.state.phase, echo.state.error, peers[0]?.isClosed], ['failed', refusal, true]);
  isFull = false;
  await echo.start(track);
  assert.deepEqual([echo.state.phase, echo.state.error], ['connecting', null]);
  peers[1]?.becomes('failed');
  await settled();
  assert.deepEqual([echo.state.phase, echo.state.hop], ['failed', 'no_ice']);
});

test('a slow answer to an echo that was stopped changes nothing', async () => {
  let answer = (/** @type {any} */ _) => undefined;
  const { echo, peers } = stage({ open: () => new Promise((resolve) => void (answer = /** @type {any} */ (resolve))) });
  const started = echo.start(track);
  await new Promise((resolve) => setImmediate(resolve));
  echo.stop();
  answer({ sdp: 'answer', ends_at: 0 });
  await started;
  assert.deepEqual([echo.state.phase, peers[0]?.remote], ['idle', null]);
});
