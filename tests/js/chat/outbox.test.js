// What was written is sent once, in order, however often the page, the line or the server gives way.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Outbox } from '../../../static/chat/outbox.js';
import { Refused } from '../../../static/lib/errors.js';
import { Clock, settle } from '../lib/support.js';

/** A shelf that outlives the page; `rows` is what a reload finds. */
const shelfOf = (rows = new Map()) => ({
  rows,
  all: async () => [...rows.values()],
  put: async (row) => void rows.set(row.client_key, structuredClone(row)),
  delete: async (key) => void rows.delete(key),
});

let clock, shelf, server, echoes, online;

/** A page with an outbox over the shelf; the first is the one that sends. */
const page = async ({ leads = true } = {}) => {
  const seen = new Map();
  let lead;
  const box = new Outbox(
    { shelf, send: (entry) => server(entry), isOnline: () => online, lead: (run) => (leads ? run() : (lead = run)), tellOthers: () => undefined, now: clock.now, after: clock.after, random: () => 1 },
    {
      echoed: (all) => all.forEach((each) => seen.set(each.client_key, each)),
      changed: (key, change) => seen.has(key) && seen.set(key, { ...seen.get(key), ...change }),
      dropped: (key) => seen.delete(key),
    },
  );
  await box.begin();
  await settle();
  echoes = seen;
  return { box, seen, takeOver: () => lead() };
};
/** @returns {any} */
const entry = (key, more = {}) => ({ client_key: key, room: 'r', thread: null, reply_to: null, body: `body ${key}`, created: Number(key), attempts: 0, state: 'waiting', code: null, seq: null, ...more });
const states = () => Object.fromEntries([...echoes].map(([key, each]) => [key, each.state]));

/** A server whose answers the test gives; `asked` are the keys in order. */
const manual = () => {
  const asked = [];
  const answers = [];
  server = (each) => {
    asked.push(each.client_key);
    return new Promise((resolve, reject) => answers.push({ ok: (seq) => resolve({ seq }), no: (code, more) => reject(new Refused(code, more)) }));
  };
  return { asked, answer: async (how) => { how(answers.shift()); await settle(); } };
};

beforeEach(() => {
  clock = new Clock();
  shelf = shelfOf();
  online = true;
});

test('a message is on the shelf before it is on the line', async () => {
  server = async () => {
    assert.equal(shelf.rows.size, 1);
    return { seq: 1 };
  };
  const { box } = await page();
  await box.add(entry('1'));
  await settle();
  assert.deepEqual(states(), { 1: 'sent' });
  assert.equal(shelf.rows.size, 0);
});

test('a room is sent in order, each after the answer to the one before', async () => {
  const { asked, answer } = manual();
  const { box } = await page();
  for (const key of ['1', '2', '3']) await box.add(entry(key));
  await box.add(entry('4', { room: 'other' }));
  assert.deepEqual(asked, ['1', '4']);
  await answer((it) => it.ok(1));
  assert.deepEqual(asked, ['1', '4', '2']);
});

test('offline everything waits, and a reload loses nothing', async () => {
  online = false;
  const { asked } = manual();
  const first = await page();
  for (const key of ['1', '2', '3']) await first.box.add(entry(key));
  assert.equal(first.box.waiting, 3);
  const { box } = await page();
  assert.deepEqual(states(), { 1: 'waiting', 2: 'waiting', 3: 'waiting' });
  assert.deepEqual(asked, []);
  online = true;
  box.flush();
  await settle();
  assert.deepEqual(asked, ['1']);
});

test('a lost connection sends again under the same key', async () => {
  const { asked, answer } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  online = false;
  await answer((it) => it.no('live.lost'));
  assert.deepEqual(states(), { 1: 'waiting' });
  online = true;
  box.flush();
  await settle();
  assert.deepEqual(asked, ['1', '1']);
});

test('a busy server is asked again after its own time, then at growing distances', async () => {
  const { asked, answer } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  await answer((it) => it.no('chat.too_fast', { retry_after_ms: 3_000 }));
  assert.deepEqual(clock.pending, [3_000]);
  clock.pass(3_000);
  await settle();
  assert.deepEqual(asked, ['1', '1']);
  await answer((it) => it.no('error.busy', { retry_after_ms: 1 }));
  assert.deepEqual(clock.pending, [1_000]);
});

test('in a slow room a message waits as long as it is told, however long, and is sent once', async () => {
  const { asked, answer } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  await box.add(entry('2'));
  await answer((it) => it.no('chat.slow_mode', { retry_after_ms: 3_600_000, status: 429 }));
  assert.deepEqual([clock.pending, states()], [[3_600_000], { 1: 'waiting', 2: 'waiting' }]);
  clock.pass(3_600_000);
  await settle();
  await answer((it) => it.no('chat.slow_mode', { retry_after_ms: 1, status: 429 }));
  assert.deepEqual([clock.pending, asked], [[1], ['1', '1']]);
  clock.pass(1);
  await settle();
  await answer((it) => it.ok(7));
  assert.deepEqual(asked, ['1', '1', '1', '2'], 'the order stays, and nothing fails for want of an answer');
  assert.equal(echoes.get('1').state, 'sent');
});

test('a room that is slow no longer is tried at once', async () => {
  const { asked, answer } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  await answer((it) => it.no('chat.slow_mode', { retry_after_ms: 3_600_000 }));
  box.hurry('other');
  await settle();
  assert.deepEqual(asked, ['1']);
  box.hurry('r');
  await settle();
  assert.deepEqual(asked, ['1', '1']);
  await answer((it) => it.ok(7));
  clock.pass(3_600_000);
  await settle();
  assert.deepEqual(asked, ['1', '1']);
});

test('what is refused for good fails, and the next one goes on', async () => {
  const { asked, answer } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  await box.add(entry('2'));
  await answer((it) => it.no('chat.not_a_member'));
  assert.equal(echoes.get('1').state, 'failed');
  assert.equal(echoes.get('1').code, 'chat.not_a_member');
  assert.deepEqual(asked, ['1', '2']);
  assert.equal(shelf.rows.get('1').state, 'failed');
});

describe('a failed message', () => {
  const fail = async () => {
    const { asked, answer } = manual();
    const { box } = await page();
    await box.add(entry('1'));
    await answer((it) => it.no('chat.archived'));
    return { box, asked, answer };
  };

  test('is not sent by itself, not even after a reload', async () => {
    const { asked } = await fail();
    await page();
    assert.deepEqual(asked, ['1']);
    assert.deepEqual(states(), { 1: 'failed' });
  });

  test('is sent again under its key on demand', async () => {
    const { box, asked, answer } = await fail();
    await box.retry('1');
    assert.deepEqual(asked, ['1', '1']);
    await answer((it) => it.ok(9));
    assert.equal(shelf.rows.size, 0);
  });

  test('can be given up', async () => {
    const { box } = await fail();
    await box.drop('1');
    assert.equal(shelf.rows.size, 0);
    assert.equal(echoes.size, 0);
  });
});

test('after a minute without an answer on a working line the person is asked', async () => {
  const { answer } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  clock.pass(60_000);
  await answer((it) => it.no('live.lost'));
  assert.deepEqual(states(), { 1: 'failed' });
  assert.equal(echoes.get('1').code, 'chat.not_answered');
});

test('being offline for an hour is no failure', async () => {
  const { answer } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  online = false;
  box.interrupted();
  clock.pass(3_600_000);
  await answer((it) => it.no('live.lost'));
  assert.deepEqual(states(), { 1: 'waiting' });
});

test('one of two tabs sends; the other takes over when the first is closed', async () => {
  const { asked, answer } = manual();
  const first = await page();
  const second = await page({ leads: false });
  await second.box.add(entry('1'));
  assert.deepEqual(asked, []);
  await first.box.reload();
  assert.deepEqual(asked, ['1']);
  await answer((it) => it.ok(1));
  await second.box.reload();
  assert.deepEqual(states(), { 1: 'sent' });
  await second.box.add(entry('2'));
  second.takeOver();
  await settle();
  assert.deepEqual(asked, ['1', '2']);
});

test('a message that was being sent when the page died is sent under the same key', async () => {
  const { asked } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  await page();
  assert.deepEqual(asked, ['1', '1']);
});

test('without a shelf messages are sent all the same', async () => {
  shelf = { all: () => Promise.reject(new Error('no')), put: () => Promise.reject(new Error('no')), delete: () => Promise.reject(new Error('no')) };
  const { asked, answer } = manual();
  const { box } = await page();
  await box.add(entry('1'));
  await answer((it) => it.ok(1));
  assert.deepEqual(asked, ['1']);
  assert.deepEqual(states(), { 1: 'sent' });
});
