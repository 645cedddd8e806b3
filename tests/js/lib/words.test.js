// Words, plurals and times in both languages.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as words from '../../../static/lib/words.js';

const plural = { 'a.n': { one: '{count} message', other: '{count} messages' }, 'a.to': 'To {name}' };

test('placeholders are filled and unknown ones stay', () => {
  words.load(plural, 'en');
  assert.equal(words.t('a.to', { name: 'Marta' }), 'To Marta');
  assert.equal(words.t('a.to'), 'To {name}');
  assert.equal(words.t('a.missing'), 'a.missing');
});

test('a value is never read as a placeholder', () => {
  assert.equal(words.t('a.to', { name: '{name}' }), 'To {name}');
});

test('plurals follow the language', () => {
  assert.equal(words.t('a.n', { count: 1 }), '1 message');
  assert.equal(words.t('a.n', { count: 1_200 }), '1,200 messages');
  words.load({ 'a.n': { one: '{count} message', many: '{count} de messages', other: '{count} messages' } }, 'fr');
  assert.equal(words.t('a.n', { count: 0 }), '0 message');
  assert.equal(words.t('a.n', { count: 2 }), '2 messages');
  assert.match(words.t('a.n', { count: 1_000_000 }), /de messages$/);
  words.load({ 'a.n': { none: 'nobody', one: 'one', other: '{count}' } }, 'en');
  assert.deepEqual([0, 1, 2].map((count) => words.t('a.n', { count })), ['nobody', 'one', '2']);
});

test('days are named from the reader’s calendar', () => {
  const now = new Date(2026, 10, 24, 9, 0).getTime();
  words.load({}, 'en');
  assert.equal(words.day(now, now), 'Today');
  assert.equal(words.day(new Date(2026, 10, 23, 23, 59).getTime(), now), 'Yesterday');
  assert.match(words.day(new Date(2026, 9, 12).getTime(), now), /Monday,? (12 October|October 12)/);
  assert.match(words.day(new Date(2024, 9, 12).getTime(), now), /2024/);
  words.load({}, 'fr');
  assert.equal(words.day(now, now), 'Aujourd’hui');
});

test('lists and distances in time are written as the language does', () => {
  words.load({}, 'fr');
  assert.equal(words.list(['A', 'B', 'C']), 'A, B et C');
  words.load({}, 'en');
  assert.equal(words.ago(0, 5 * 60_000), '5 minutes ago');
  assert.equal(words.ago(0, 1_000), 'now');
  assert.equal(words.ago(0, 26 * 3_600_000), 'yesterday');
  assert.deepEqual([5, 90, 3_600, 21_661].map(words.span), ['5 sec', '1 min 30 sec', '1 hr', '6 hr 1 min 1 sec']);
});

test('finding goes by the rule by which the server keeps names', () => {
  // The server's keys are tested by the same table.
  const names = JSON.parse(readFileSync(new URL('../../names.json', import.meta.url), 'utf8'));
  for (const [name, key] of names) assert.equal(words.fold(name), key, name);
});
