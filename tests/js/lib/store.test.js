// Watchers are told once per microtask, with the state before and after.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../../static/lib/store.js';
import { settle } from './support.js';

const add = (state, event) => (event === 0 ? state : state + event);

test('many events, one telling', async () => {
  const store = new Store(0, add);
  const told = [];
  store.watch((now, before) => told.push([now, before]));
  store.dispatch(1);
  store.dispatch(2);
  assert.equal(store.state, 3);
  assert.deepEqual(told, []);
  await settle();
  assert.deepEqual(told, [[3, 0]]);
});

test('an event that changes nothing tells nobody', async () => {
  const store = new Store(0, add);
  let told = 0;
  store.watch(() => (told += 1));
  store.dispatch(0);
  await settle();
  assert.equal(told, 0);
});

test('who stopped watching is not told', async () => {
  const store = new Store(0, add);
  let told = 0;
  const stop = store.watch(() => (told += 1));
  store.dispatch(1);
  stop();
  await settle();
  assert.equal(told, 0);
});

test('a watcher that breaks does not keep the others from it', async (t) => {
  globalThis.reportError ??= () => undefined;
  const report = t.mock.method(globalThis, 'reportError', () => undefined);
  const store = new Store(0, add);
  let told = 0;
  store.watch(() => {
    throw new Error('broken view');
  });
  store.watch(() => (told += 1));
  store.dispatch(1);
  await settle();
  assert.equal(told, 1);
  assert.equal(report.mock.callCount(), 1);
});
