// What stands in a timeline, and where.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Heights } from '../../../static/chat/scroll-keeper.js';
import { rowsOf } from '../../../static/chat/rows.js';
import { IDRIS, MARTA, ME, message } from './cast.js';

const MINUTE = 60_000;
const noon = new Date(2026, 10, 24, 12).getTime();
const at = (seq, minutes, more = {}) => message(seq, { at: noon + minutes * MINUTE, ...more });
const rows = (items, { from = 0, to = Infinity, echoes = [], newFrom = null } = {}) => rowsOf({ range: { from, to, items }, echoes, newFrom, me: ME });
const shape = (all) => all.map((row) => (row.kind === 'message' ? `${row.isFirst ? '+' : ''}${row.message.seq}` : row.kind));

describe('rows', () => {
  test('one author within five minutes stands together', () => {
    assert.deepEqual(shape(rows([at(1, 0), at(2, 4), at(3, 10), at(4, 11, { author: IDRIS }), at(5, 12, { author: IDRIS, reply_to: { id: '1', seq: 1, author: MARTA, excerpt: 'x' } })])),
      ['start', 'date', '+1', '2', '+3', '+4', '+5']);
  });

  test('a day begins with its date, and a group does not reach over it', () => {
    assert.deepEqual(shape(rows([at(1, 11 * 60 + 58), at(2, 12 * 60 + 1)], { from: 1 })), ['date', '+1', 'date', '+2']);
  });

  test('the start stands only where nothing older exists', () => {
    assert.deepEqual(shape(rows([at(9, 0)], { from: 9 })), ['date', '+9']);
  });

  test('the line of what is new stands before the first unread message of others', () => {
    assert.deepEqual(shape(rows([at(1, 0), at(2, 1, { author: ME }), at(3, 2), at(4, 3)], { from: 1, newFrom: 1 })), ['date', '+1', '+2', 'new', '+3', '4']);
  });

  test('the date stands above the line, and the line once', () => {
    assert.deepEqual(shape(rows([at(1, 0), at(2, 24 * 60), at(3, 24 * 60 + 1)], { from: 1, newFrom: 1 })), ['date', '+1', 'date', 'new', '+2', '3']);
  });

  test('words on their way stand at the end of the live stretch alone', () => {
    const echoes = [{ client_key: 'a', created: noon, reply_to: null }];
    assert.deepEqual(shape(rows([at(1, 5)], { from: 1, echoes })), ['date', '+1', 'echo']);
    assert.deepEqual(shape(rows([at(1, 5)], { from: 1, to: 1, echoes })), ['date', '+1']);
  });

  test('my message keeps the key of its waiting copy', () => {
    const [, copy] = rows([], { from: 1, echoes: [{ client_key: 'a', created: noon, reply_to: null }] });
    const [, sent] = rows([at(1, 0, { author: ME, client_key: 'a' })], { from: 1 });
    assert.equal(copy.key, sent.key);
  });

  test('no two rows have one key, whatever the clock says', () => {
    const items = Array.from({ length: 200 }, (_, seq) => at(seq + 1, seq * 37, { author: seq % 3 ? MARTA : ME }));
    const keys = rows(items, { newFrom: 50 }).map((row) => row.key);
    assert.equal(new Set(keys).size, keys.length);
  });
});

describe('heights', () => {
  const list = (count) => Array.from({ length: count }, (_, index) => ({ key: `r${index}` }));

  test('guesses count until a row is measured', () => {
    const heights = new Heights(() => 10);
    heights.set(list(5));
    assert.equal(heights.total, 50);
    assert.equal(heights.measure('r1', 30), true);
    assert.equal(heights.measure('r1', 30.2), false);
    assert.deepEqual([heights.top(1), heights.top(2), heights.total], [10, 40, 70]);
  });

  test('rows are found by their height', () => {
    const heights = new Heights(() => 10);
    heights.set(list(100));
    heights.measure('r3', 50);
    assert.deepEqual([heights.at(0), heights.at(29), heights.at(30), heights.at(79), heights.at(80), heights.at(9_999), heights.at(-5)], [0, 2, 3, 3, 4, 99, 0]);
    assert.deepEqual(heights.within(35, 85), { from: 3, to: 5 });
  });

  test('measures outlive a list that grew at its head', () => {
    const heights = new Heights(() => 10);
    heights.set(list(3));
    heights.measure('r0', 25);
    heights.set([{ key: 'older' }, ...list(3)]);
    assert.deepEqual([heights.top(1), heights.top(2), heights.indexOf('r0')], [10, 35, 1]);
  });

  test('a sum from any row on is the sum from the first', () => {
    const heights = new Heights(() => 7);
    const rowsHere = list(500);
    heights.set(rowsHere);
    let seed = 1;
    for (let n = 0; n < 400; n += 1) {
      seed = (seed * 16_807) % 2_147_483_647;
      heights.measure(`r${seed % 500}`, 1 + (seed % 90));
      if (n % 7 === 0) void heights.top(seed % 500);
    }
    const fresh = new Heights((row) => heights.top(rowsHere.indexOf(row) + 1) - heights.top(rowsHere.indexOf(row)));
    fresh.set(rowsHere);
    assert.equal(heights.total, fresh.total);
    assert.equal(heights.top(321), fresh.top(321));
  });

  test('an empty list has no height', () => {
    const heights = new Heights(() => 10);
    heights.set([]);
    assert.deepEqual([heights.total, heights.within(0, 100)], [0, { from: 0, to: 0 }]);
  });
});

test('whom I block says nothing here, and their words divide nobody else’s', () => {
  const mine = (seq) => message(seq, { author: MARTA, at: 1_000 });
  const theirs = message(2, { author: IDRIS, at: 1_000 });
  const shown = rowsOf({ range: { from: 0, to: Infinity, items: [mine(1), theirs, mine(3)] }, echoes: [], newFrom: null, me: ME, hidden: [IDRIS] });
  const messages = shown.filter((row) => row.kind === 'message');
  assert.deepEqual(messages.map(({ message: { seq }, isFirst }) => [seq, isFirst]), [[1, true], [3, false]]);

  test('the card of a call stands where it was, and only between what is loaded', () => {
    const card = (call, minute) => /** @type {any} */ ({ call, at: at(1, minute).at });
    const kinds = (range, cards) => rowsOf({ range, echoes: [], newFrom: null, me: ME, cards }).map((row) => (row.kind === 'call' ? row.entry.call : row.kind));
    const items = [at(5, 10), at(6, 20)];
    const cards = [card('old', 5), card('between', 15), card('last', 25)];
    assert.deepEqual(kinds({ from: 4, to: Infinity, items }, cards), ['date', 'message', 'between', 'message', 'last']);
    assert.deepEqual(kinds({ from: 0, to: Infinity, items }, cards), ['start', 'date', 'old', 'message', 'between', 'message', 'last']);
    assert.deepEqual(kinds({ from: 4, to: 6, items }, cards), ['date', 'message', 'between', 'message'], 'newer ones stand with what is newer');
    assert.deepEqual(kinds({ from: 0, to: Infinity, items: [] }, cards.slice(0, 1)), ['start', 'date', 'old'], 'also where nothing was said');
  });
});
