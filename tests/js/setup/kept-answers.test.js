// The wizard's answers survive a reload of the tab, passwords never do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forget, keep, kept, putBack, valuesOf } from '../../../static/setup/kept-answers.js';

/** A storage as the browser has it. */
function storage() {
  const held = new Map();
  return {
    held,
    getItem: (name) => held.get(name) ?? null,
    setItem: (name, value) => held.set(name, value),
    removeItem: (name) => held.delete(name),
  };
}

const field = (name, value, type = 'text', checked = false) => ({ name, value, type, checked });
const form = () => [
  field('username', 'marta'),
  field('password', 'along the old quay', 'password'),
  field('community_hue', '30', 'range'),
  field('sign_up_mode', 'invite', 'radio'),
  field('sign_up_mode', 'open', 'radio', true),
];
const empty = () => [
  field('username', ''),
  field('password', '', 'password'),
  field('community_hue', '205', 'range'),
  field('sign_up_mode', 'invite', 'radio', true),
  field('sign_up_mode', 'open', 'radio'),
];

test('what was answered comes back after a reload, the password does not', () => {
  const tab = storage();
  const rooms = [{ name: 'harbour', kind: 'public', topic: '' }];
  keep(tab, 'code', { fields: valuesOf(form()), rooms });
  assert.ok(![...tab.held.values()].join().includes('quay'), 'no password is kept');
  const answers = kept(tab, 'code');
  const after = empty();
  putBack(after, answers.fields);
  assert.deepEqual(after.map(({ value, checked }) => [value, checked]), [['marta', false], ['', false], ['30', false], ['invite', false], ['open', true]]);
  assert.deepEqual(answers.rooms, rooms);
});

test('the answers of another set-up are not these', () => {
  const tab = storage();
  keep(tab, 'one', { fields: { username: 'marta' }, rooms: [] });
  assert.equal(kept(tab, 'two'), null);
  forget(tab);
  assert.equal(kept(tab, 'one'), null);
});

test('a password in the storage is not put into the form', () => {
  const after = empty();
  putBack(after, { password: 'planted', username: 'marta' });
  assert.deepEqual([after[0].value, after[1].value], ['marta', '']);
});

test('a storage that is broken or forbidden costs only the convenience', () => {
  const tab = storage();
  for (const broken of ['{', '[]', '{"code":"c"}', '{"code":"c","fields":1,"rooms":[]}']) {
    tab.held.set('rialto-setup', broken);
    assert.equal(kept(tab, 'c'), null, broken);
  }
  const forbidden = { getItem: () => { throw new Error('no'); }, setItem: () => { throw new Error('no'); }, removeItem: () => { throw new Error('no'); } };
  keep(forbidden, 'c', { fields: {}, rooms: [] });
  assert.equal(kept(forbidden, 'c'), null);
  forget(forbidden);
});
