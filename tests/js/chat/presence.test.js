// What the server is told of the screen, and what a room is told of who writes.
import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Store } from '../../../static/lib/store.js';
import { Presence } from '../../../static/chat/presence.js';
import { after, begin } from '../../../static/chat/state.js';
import { snapshot } from './cast.js';

/** @type {any[]} */
let told = [];
/** @type {Presence} */
let presence;
const socket = /** @type {any} */ ({ status: 'open', tell: (/** @type {unknown} */ frame) => told.push(frame) });

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 100_000 });
  told = [];
  socket.status = 'open';
  presence = new Presence(new Store(begin(snapshot([])), after), socket);
});

test('members of all surfaces are told together, sorted, once each', () => {
  presence.watch('list', ['7', '3']);
  presence.watch('timeline', ['3', '5']);
  presence.opened('12');
  assert.deepEqual(told, [], 'not at once');
  mock.timers.tick(300);
  assert.deepEqual(told, [{ type: 'presence.watch', members: ['3', '5', '7'], open: '12' }]);
  presence.watch('list', ['3', '7']);
  mock.timers.tick(300);
  assert.equal(told.length, 1, 'what the server knows is not said again');
});

test('at most two hundred members are watched', () => {
  presence.watch('panel', Array.from({ length: 201 }, (_, n) => String(1_000 + n)));
  mock.timers.tick(300);
  assert.equal(told[0].members.length, 200);
});

test('a new connection is told everything again, a closed one nothing', () => {
  socket.status = 'waiting';
  presence.watch('list', ['3']);
  mock.timers.tick(300);
  assert.deepEqual(told, []);
  socket.status = 'open';
  presence.greeted();
  presence.greeted();
  assert.deepEqual(told, Array(2).fill({ type: 'presence.watch', members: ['3'] }));
});

test('a room hears every three seconds that I write, and at once after I sent', () => {
  for (const step of [0, 2_999, 1]) {
    mock.timers.tick(step);
    presence.typing('12');
  }
  assert.equal(told.length, 2);
  presence.sent();
  presence.typing('12');
  assert.deepEqual(told, Array(3).fill({ type: 'chat.typing', room: '12' }));
});

test('who stopped writing is forgotten after six seconds', () => {
  presence.start();
  presence.store.dispatch({ type: 'signalled', signal: { kind: 'typing', room: '12', member: '5' }, at: Date.now() });
  mock.timers.tick(5_000);
  assert.deepEqual(presence.store.state.typing, { 12: { 5: 100_000 } });
  mock.timers.tick(2_000);
  assert.deepEqual(Object.values(presence.store.state.typing).flatMap((each) => Object.keys(each)), []);
});
