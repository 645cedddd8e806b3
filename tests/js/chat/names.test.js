// What members are called: my own name for them before their own, in one place for all that is drawn.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { members } from '../../../static/chat/completion.js';
import { afterNaming, calledBy, isSought, memberName, namesOf, ownNames, realName } from '../../../static/chat/names.js';
import { mayBegin, ringsBack } from '../../../static/chat/rights.js';

/** @import { Member } from '../../../static/types/live.d.ts' */

/** @param {Partial<Member>} [more] @returns {Member} */
const bruno = (more = {}) => /** @type {Member} */ ({ id: '7', username: 'bruno', display_name: 'Bruno Reyes', state: 'active', roles: [], hue: 1, ...more });

/** @param {Record<string, string>} names @param {() => void} run */
const called = (names, run) => {
  ownNames.dispatch({ type: 'all', names });
  run();
  ownNames.dispatch({ type: 'all', names: {} });
};

test('my own name for somebody is what they are called, and their own is told beside it', () => {
  assert.deepEqual([memberName(bruno()), realName(bruno())], ['Bruno Reyes', null]);
  called({ 7: 'Bobby' }, () => {
    assert.deepEqual([memberName(bruno()), realName(bruno())], ['Bobby', 'Bruno Reyes · @bruno']);
    assert.equal(memberName(bruno({ id: '8' })), 'Bruno Reyes', 'nobody else');
    assert.notEqual(memberName(bruno({ state: 'deleted', display_name: '', username: '' })), 'Bobby', 'who is gone has no name');
    assert.equal(realName(bruno({ state: 'deleted' })), null);
  });
});

test('somebody is found by each of their names, and written by the one that everybody knows', () => {
  assert.deepEqual(namesOf(bruno()), ['Bruno Reyes', 'bruno']);
  called({ 7: 'Bobby of the quay' }, () => {
    assert.deepEqual(namesOf(bruno()), ['Bobby of the quay', 'Bruno Reyes', 'bruno']);
    for (const typed of ['bob', 'quay', 'rey', 'brun']) {
      assert.deepEqual(members(typed, [bruno()], null).map(({ insert }) => insert), ['@bruno '], typed);
    }
  });
});

test('whoever chooses somebody finds them by any of their names, also whom only my own name knows', () => {
  called({ 7: 'Élodie of the quay', 9: 'Bobby' }, () => {
    for (const typed of ['elo', 'quay', 'Reyes', 'brun', '@bru', ' @BRUNO ']) assert.ok(isSought(bruno(), typed), typed);
    for (const typed of ['@rey', '@elo', '@uno', 'marta']) assert.ok(!isSought(bruno(), typed), typed);
    assert.deepEqual([calledBy('ÉLO'), calledBy('b'), calledBy('@bob'), calledBy(' ')], [['7'], ['9'], [], []]);
  });
});

test('a name is given, changed and taken back; the same again changes nothing', () => {
  const one = afterNaming({}, { type: 'one', member: '7', name: 'Bobby' });
  assert.deepEqual(one, { 7: 'Bobby' });
  assert.equal(afterNaming(one, { type: 'one', member: '7', name: 'Bobby' }), one);
  assert.equal(afterNaming(one, { type: 'one', member: '8', name: '' }), one);
  assert.deepEqual(afterNaming(one, { type: 'one', member: '7', name: 'Bob' }), { 7: 'Bob' });
  assert.deepEqual(afterNaming(one, { type: 'one', member: '7', name: '' }), {});
});

test('somebody is rung back as they were called, or with what is left of it', () => {
  /** @type {[string[], boolean, "call" | "video_call" | null][]} */
  const cases = [[[], true, 'video_call'], [[], false, 'call'], [['video_call'], true, 'call'], [['call'], true, 'video_call'], [['call'], false, null], [['call', 'video_call'], true, null]];
  for (const [closed, video, way] of cases) assert.equal(ringsBack(closed, video), way, `${closed} ${video}`);
});

test('a conversation is offered while one of two, or one of several, may begin', () => {
  const begins = (/** @type {string[]} */ ...closed) => mayBegin(/** @type {any} */ ({ community: { closed } }));
  assert.deepEqual([begins(), begins('message'), begins('invite'), begins('message', 'invite')], [true, true, true, false]);
});
