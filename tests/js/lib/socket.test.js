// The connection keeps the delivery contract: in order, once, nothing missing, whatever the line does.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { digestOf } from '../../../static/lib/logs.js';
import { Socket } from '../../../static/lib/socket.js';
import { Clock, FakeSocket, settle } from './support.js';

const ROOM = '7305812345678901';
const OTHER = '912';

let clock, sockets, told, socket, chance;

/** The connection that is open now. */
const line = () => sockets.at(-1);
const hello = (heads, epoch = 'a', signals = 4) => line().say({ type: 'hello', v: 1, epoch, connection: '1', me: { id: '1' }, heads, signals, calls: [], heartbeat_ms: 25_000 });
const event = (seq, room = ROOM) => line().say({ type: 'event', room, seq, at: seq, event: { kind: 'message_pinned', id: String(seq), actor: '1' } });
const heartbeat = (n, cursors, signals = 4) => line().say({ type: 'heartbeat', n, heads_digest: digestOf(cursors), signals });
const signal = (n) => line().say({ type: 'signal', n, signal: { kind: 'settings_changed' } });
const seqs = (room = ROOM) => told.filter(([kind, entry]) => kind === 'event' && entry.room === room).map(([, entry]) => entry.seq);
const count = (kind) => told.filter(([each]) => each === kind).length;

beforeEach(() => {
  clock = new Clock();
  sockets = [];
  told = [];
  chance = 1;
  /** @type {any} */
  const listener = Object.fromEntries(
    ['event', 'signal', 'missed', 'status', 'reset', 'gone', 'hello', 'caughtUp', 'restored', 'signedOut'].map((kind) => [kind, (...rest) => told.push([kind, ...rest])]),
  );
  socket = new Socket('ws://test/live', listener, 'a', {
    open: () => sockets[sockets.push(new FakeSocket()) - 1],
    now: clock.now,
    after: clock.after,
    cancel: clock.cancel,
    random: () => chance,
  });
  socket.signals = 4;
  socket.follow(ROOM, 5);
  socket.follow('me', 2);
  socket.open();
});

describe('signals to everyone', () => {
  const at = { [ROOM]: 5, me: 2 };

  test('whoever heard each of them has missed none, also after a break', () => {
    hello(at);
    signal(5);
    signal(6);
    line().say({ type: 'signal', signal: { kind: 'typing' } });
    heartbeat(0, at, 6);
    line().end(1006);
    clock.pass(1_000);
    hello(at, 'a', 6);
    assert.deepEqual([count('signal'), count('missed')], [3, 0]);
  });

  test('one that was dropped shows with the next one, and the last one with the heartbeat', () => {
    hello(at);
    signal(6);
    assert.equal(count('missed'), 1, 'the fifth');
    signal(7);
    heartbeat(0, at, 7);
    assert.equal(count('missed'), 1, 'and none since');
    heartbeat(0, at, 8);
    assert.equal(count('missed'), 2);
  });

  test('what was said before the connection was missed, and so was everything where the server counts from elsewhere', () => {
    hello(at, 'a', 5);
    assert.equal(count('missed'), 1);
    line().end(1006);
    clock.pass(1_000);
    hello(at, 'a', 1_048_576);
    signal(1_048_577);
    assert.equal(count('missed'), 2);
  });
});

describe('order', () => {
  beforeEach(() => hello({ [ROOM]: 5, me: 2 }));

  test('events are told once and in order', () => {
    event(6);
    event(7);
    assert.deepEqual(seqs(), [6, 7]);
  });

  test('whoever follows one log alone takes the others as they stand, and nothing is asked for', () => {
    const [, { me, heads }] = told.find(([kind]) => kind === 'hello');
    assert.deepEqual([me, heads], [{ id: '1' }, { [ROOM]: 5, me: 2 }]);
    socket.follow(OTHER, 40);
    event(41, OTHER);
    heartbeat(1, { [ROOM]: 5, [OTHER]: 41, me: 2 });
    assert.equal(line().last('sync'), undefined);
  });

  test('a duplicate is dropped', () => {
    event(5);
    event(6);
    event(6);
    assert.deepEqual(seqs(), [6]);
  });

  test('a gap holds later events back and asks for what is missing', async () => {
    event(8);
    event(7);
    assert.deepEqual(seqs(), []);
    assert.deepEqual(line().last('sync').rooms, { [ROOM]: 5, me: 2 });
    line().say({ type: 'ack', ref: line().last('sync').ref, heads: { [ROOM]: 8, me: 2 } });
    await settle();
    event(6);
    event(7);
    event(8);
    assert.deepEqual(seqs(), [6, 7, 8]);
  });

  test('one gap is asked for once while its replay moves', () => {
    event(8);
    event(9);
    event(10);
    assert.equal(line().sent.filter((frame) => frame.type === 'sync').length, 1);
  });

  test('logs are independent of each other', () => {
    socket.follow(OTHER, 0);
    event(8);
    event(1, OTHER);
    assert.deepEqual(seqs(OTHER), [1]);
    assert.deepEqual(seqs(), []);
  });

  test('events of a room wait until its snapshot is known', () => {
    event(3, OTHER);
    event(4, OTHER);
    assert.deepEqual(seqs(OTHER), []);
    socket.follow(OTHER, 2);
    assert.deepEqual(seqs(OTHER), [3, 4]);
  });
});

describe('heartbeats', () => {
  beforeEach(() => hello({ [ROOM]: 5, me: 2 }));

  test('a heartbeat that agrees asks for nothing', () => {
    event(6);
    heartbeat(1, { [ROOM]: 6, me: 2 });
    assert.equal(line().last('sync'), undefined);
  });

  test('a lost tail is found by the digest and repaired', async () => {
    heartbeat(0, { [ROOM]: 7, me: 2 });
    line().say({ type: 'ack', ref: line().last('sync').ref, heads: { [ROOM]: 7, me: 2 } });
    await settle();
    event(6);
    event(7);
    assert.deepEqual(seqs(), [6, 7]);
    heartbeat(2, { [ROOM]: 7, me: 2 });
    assert.equal(line().sent.filter((frame) => frame.type === 'sync').length, 1);
  });

  test('a lost frame is found by the count even when the heads agree', () => {
    heartbeat(1, { [ROOM]: 5, me: 2 });
    assert.ok(line().last('sync'));
  });

  test('the digest goes by number, not by letter, and puts me last', () => {
    assert.equal(digestOf({ me: 12, 10: 1, 9: 2 }), digestOf({ 9: 2, 10: 1, me: 12 }));
    assert.notEqual(digestOf({ 9: 2, 10: 1, me: 12 }), digestOf({ 9: 1, 10: 2, me: 12 }));
    // FNV-1a 32 of "9:2;10:1;me:12;", computed apart.
    const bytes = new TextEncoder().encode('9:2;10:1;me:12;');
    let hash = 0x811c9dc5n;
    for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
    assert.equal(digestOf({ 9: 2, 10: 1, me: 12 }), hash.toString(16).padStart(8, '0'));
    assert.equal(digestOf({}), '811c9dc5');
  });
});

describe('reset, gone and another database', () => {
  test('a reset holds the log until it was loaded again', () => {
    hello({ [ROOM]: 900, me: 2 });
    line().say({ type: 'reset', room: ROOM });
    assert.deepEqual(told.at(-1), ['reset', ROOM]);
    event(901);
    assert.deepEqual(seqs(), []);
    socket.follow(ROOM, 900);
    assert.deepEqual(seqs(), [901]);
    assert.equal(count('caughtUp'), 1);
  });

  test('after a reset the snapshot is the truth even when it is lower', () => {
    hello({ [ROOM]: 5, me: 2 });
    line().say({ type: 'reset', room: ROOM });
    socket.follow(ROOM, 3);
    event(4);
    assert.deepEqual(seqs(), [4]);
  });

  test('a room that is gone is forgotten', () => {
    hello({ me: 2 });
    line().say({ type: 'gone', room: ROOM });
    assert.deepEqual(told.at(-1), ['gone', ROOM]);
    heartbeat(0, { me: 2 });
    assert.equal(line().last('sync'), undefined);
  });

  test('another epoch drops every cursor and says so', () => {
    hello({ [ROOM]: 2, me: 1 }, 'b');
    assert.equal(count('restored'), 1);
    assert.deepEqual(socket.logs.cursors(), {});
    assert.equal(count('hello'), 0);
    assert.equal(sockets[0].closed, true);
    socket.follow(ROOM, 2);
    socket.open();
    hello({ [ROOM]: 3, me: 1 }, 'b');
    event(3);
    assert.deepEqual(seqs(), [3]);
  });
});

describe('catching up', () => {
  test('it is said at once when nothing was missed', () => {
    hello({ [ROOM]: 5, me: 2 });
    assert.equal(count('caughtUp'), 1);
  });

  test('it is said when the last missed event came', async () => {
    hello({ [ROOM]: 7, me: 2 });
    assert.equal(count('caughtUp'), 0);
    line().say({ type: 'ack', ref: line().last('sync').ref, heads: { [ROOM]: 7, me: 2 } });
    await settle();
    event(6);
    assert.equal(count('caughtUp'), 0);
    event(7);
    assert.equal(count('caughtUp'), 1);
  });
});

describe('requests', () => {
  beforeEach(() => hello({ [ROOM]: 5, me: 2 }));

  test('an answer goes to the request of its ref', async () => {
    const first = socket.request({ type: 'chat.send', room: ROOM });
    const second = socket.request({ type: 'chat.send', room: OTHER });
    const [a, b] = line().sent;
    line().say({ type: 'ack', ref: b.ref, id: '2', seq: 2 });
    line().say({ type: 'ack', ref: a.ref, id: '1', seq: 1 });
    assert.equal((await first).id, '1');
    assert.equal((await second).id, '2');
  });

  test('a refusal carries its code and when to try again', async () => {
    const asked = socket.request({ type: 'chat.send', room: ROOM });
    line().say({ type: 'refused', ref: line().sent[0].ref, code: 'chat.too_fast', message: 'Slower.', retry_after_ms: 800 });
    await assert.rejects(asked, { code: 'chat.too_fast', retry_after_ms: 800 });
  });

  test('the end of the connection ends every request', async () => {
    const asked = socket.request({ type: 'chat.send', room: ROOM });
    line().end(1006);
    await assert.rejects(asked, { code: 'live.lost' });
  });

  test('a request without an answer ends in time', async () => {
    const asked = socket.request({ type: 'ping' });
    clock.pass(20_000);
    await assert.rejects(asked, { code: 'live.lost' });
  });

  test('there are no requests without a connection', async () => {
    line().end(1006);
    await assert.rejects(socket.request({ type: 'ping' }), { code: 'live.lost' });
  });
});

describe('coming back', () => {
  test('waits grow from half a second to thirty, with full jitter', () => {
    const waits = [];
    for (let n = 0; n < 9; n += 1) {
      line().end(1006);
      const [, status, at] = told.findLast(([kind]) => kind === 'status');
      assert.equal(status, 'waiting');
      waits.push(at - clock.now());
      clock.pass(at - clock.now());
    }
    assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    chance = 0;
    line().end(1006);
    assert.equal(told.findLast(([kind]) => kind === 'status')[2], clock.now());
  });

  test('while a call goes on no wait is longer than five seconds', () => {
    socket.isUrgent = true;
    for (const most of [500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
      line().end(1006);
      const at = told.findLast(([kind]) => kind === 'status')[2];
      assert.equal(at - clock.now(), most);
      clock.pass(most);
    }
  });

  test('a server that goes away says when to come back', () => {
    hello({ [ROOM]: 5, me: 2 });
    line().say({ type: 'going_away', retry_after_ms: 1_700 });
    line().end(4009);
    assert.equal(told.findLast(([kind]) => kind === 'status')[2] - clock.now(), 1_700);
  });

  test('a slow consumer comes back and is brought up to date', () => {
    hello({ [ROOM]: 5, me: 2 });
    line().end(4008);
    clock.pass(500);
    hello({ [ROOM]: 9, me: 2 });
    assert.deepEqual(line().last('sync').rooms, { [ROOM]: 5, me: 2 });
  });

  test('who is signed out does not come back', () => {
    hello({ [ROOM]: 5, me: 2 });
    line().end(4001);
    assert.equal(count('signedOut'), 1);
    clock.pass(100_000);
    assert.equal(sockets.length, 1);
  });

  test('a silent connection is dead after two and a half heartbeats', () => {
    hello({ [ROOM]: 5, me: 2 });
    clock.pass(62_499);
    assert.equal(socket.status, 'open');
    clock.pass(1);
    assert.equal(socket.status, 'waiting');
    assert.equal(sockets[0].closed, true);
  });

  test('a frame from a connection that was given up is not heard', () => {
    hello({ [ROOM]: 5, me: 2 });
    clock.pass(62_500);
    clock.pass(500);
    hello({ [ROOM]: 5, me: 2 });
    sockets[0].say({ type: 'event', room: ROOM, seq: 6, at: 6, event: { kind: 'message_pinned', id: '6', actor: '1' } });
    assert.deepEqual(seqs(), []);
  });

  test('a probe finds a dead line in five seconds', async () => {
    hello({ [ROOM]: 5, me: 2 });
    socket.probe();
    clock.pass(5_000);
    assert.equal(socket.status, 'waiting');
    clock.pass(500);
    hello({ [ROOM]: 5, me: 2 });
    socket.probe();
    line().say({ type: 'ack', ref: line().last('ping').ref });
    await settle();
    clock.pass(5_000);
    assert.equal(socket.status, 'open');
  });

  test('events that waited for a gap are not kept over a new connection', () => {
    hello({ [ROOM]: 5, me: 2 });
    event(9);
    line().end(1006);
    clock.pass(500);
    hello({ [ROOM]: 9, me: 2 });
    for (const seq of [6, 7, 8]) event(seq);
    assert.deepEqual(seqs(), [6, 7, 8]);
    event(9);
    assert.deepEqual(seqs(), [6, 7, 8, 9]);
  });

  test('unknown frames and unknown fields are passed over', () => {
    hello({ [ROOM]: 5, me: 2 });
    line().say({ type: 'tomorrow', x: 1 });
    event(6);
    assert.deepEqual(seqs(), [6]);
  });
});
