// Addresses, rights, the order of rooms, and what completes a word.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as completion from '../../../static/chat/completion.js';
import { search } from '../../../static/chat/emoji.js';
import { moved, parse, pathOf } from '../../../static/chat/place.js';
import * as rights from '../../../static/chat/rights.js';
import { calls, inOrder, neighbour } from '../../../static/chat/room-order.js';
import { after, begin } from '../../../static/chat/state.js';
import { IDRIS, MARTA, ME, entitlements, member, message, room, snapshot } from './cast.js';

describe('addresses', () => {
  test('a path leads to a place and back', () => {
    for (const path of ['/', '/r/12', '/r/12/345']) assert.equal(pathOf(parse(path)), path);
    assert.deepEqual(parse('/settings'), { room: null, target: null });
    assert.deepEqual(parse('/r/12x'), { room: null, target: null });
  });

  test('what is being written stays in its room', () => {
    /** @type {any} */
    const place = { room: '1', target: null, visit: 0, panel: { kind: 'thread', id: '5' }, writing: { kind: 'reply', message: message(1) } };
    const next = moved(place, { type: 'gone_to', room: '2', target: 7 });
    assert.deepEqual([next.panel, next.writing, next.target, next.visit], [null, null, 7, 1]);
    assert.equal(moved(place, { type: 'gone_to', room: '1', target: null }).writing, place.writing);
  });
});

describe('rights', () => {
  const as = (permissions, more = {}) => begin(snapshot([], { permissions, ...more }));
  const plain = as([]);
  const of = (kind, more = {}) => room('1', { kind, ...more });

  test('a slow room makes members wait, not those who lead or moderate', () => {
    const slow = (more = {}) => of('public', { slow_seconds: 30, ...more });
    const waits = { ...plain, paces: { 1: 31_000 } };
    assert.equal(rights.slowWait(waits, of('public'), 1_000), null);
    assert.equal(rights.slowWait(plain, slow(), 1_000), 0);
    for (const [now, wait] of [[1_000, 30_000], [30_999, 1], [31_000, 0], [0, 30_000], [-3_600_000, 30_000]]) assert.equal(rights.slowWait(waits, slow(), now), wait);
    assert.equal(rights.slowWait(waits, slow({ role: 'moderator' }), 1_000), null);
    assert.equal(rights.slowWait({ ...as(['messages.moderate']), paces: { 1: 31_000 } }, slow(), 1_000), null);
    const echo = { client_key: 'k', room: '1', thread: null, reply_to: null, body: 'x', created: 1, attempts: 0, state: 'waiting', code: null, seq: null };
    const with_ = (state) => ({ ...plain, echoes: [/** @type {any} */ ({ ...echo, state })] });
    assert.equal(rights.slowWait(with_('waiting'), slow(), 1_000), 30_000, 'what is on its way comes first');
    assert.equal(rights.slowWait(with_('failed'), slow(), 1_000), 0);
  });

  test('the server says how long one waits, whatever the clock of this device shows', () => {
    const rooms = [room('1', { slow_seconds: 30 }), room('2', { slow_seconds: 30, said_at: 5 }), room('3')];
    const from = begin(snapshot(rooms));
    const live = /** @type {any} */ ({ ...from, connection: { ...from.connection, caughtUp: true } });
    // Times of events are the server's: a century between the clocks changes nothing.
    const said = (/** @type {string} */ id, author = from.me.id) => /** @type {any} */ ({ room: id, seq: 1, at: 3_000_000_000_000, event: { kind: 'message_sent', author } });
    assert.equal(rights.waitAfter(live, said('1')), 30_000);
    assert.equal(rights.waitAfter(from, said('1')), 'ask', 'what is replayed was said a while ago');
    assert.deepEqual([rights.waitAfter(live, said('1', '99')), rights.waitAfter(live, said('3')), rights.waitAfter(live, said('4'))], [null, null, null]);
    const changed = (/** @type {string} */ id) => /** @type {any} */ ({ room: id, seq: 1, at: 1, event: { kind: 'room_changed' } });
    assert.deepEqual([rights.waitAfter(live, changed('1')), rights.waitAfter(live, changed('2'))], [null, 'ask'], 'only who has written there asks');
  });

  test('how long a room keeps its messages is chosen by whom the community lets', () => {
    const of_ = (rooms_may_keep, keep_messages_days, permissions = []) => ({ ...as(permissions), community: { ...plain.community, rooms_may_keep, keep_messages_days } });
    const choices = (state, more) => rights.keepChoices(/** @type {any} */ (state), of('public', more), [7, 30, 90]);
    assert.deepEqual(choices(of_('as_community', 30)), []);
    assert.deepEqual(choices(of_('as_community', 30, ['rooms.manage'])), [null, 0, 7, 30, 90]);
    assert.deepEqual(choices(of_('shorter', 30)), [null, 7, 30]);
    assert.deepEqual(choices(of_('shorter', 0)), [null, 7, 30, 90]);
    assert.deepEqual(choices(of_('shorter', 30), { keep_days: 0 }), [], 'an administrator chose it');
    assert.deepEqual(choices(of_('any', 30), { keep_days: 14 }), [null, 0, 7, 14, 30, 90]);
    assert.deepEqual(rights.keepChoices(/** @type {any} */ (of_('any', 30)), of('group'), [7]), []);
    assert.deepEqual([null, 0, 7].map((keep_days) => rights.keptDays(/** @type {any} */ (of_('any', 30)), of('public', { keep_days }))), [30, null, 7]);
    assert.equal(rights.keptDays(/** @type {any} */ (of_('any', 30)), of('direct')), null);
  });

  test('writing is closed for a reason', () => {
    assert.equal(rights.closedTo(plain, of('public'), 0), null);
    assert.equal(rights.closedTo(plain, of('public', { archived: true }), 0), 'archived');
    assert.equal(rights.closedTo(as([], { muted_until: 10 }), of('public'), 5), 'muted');
    assert.equal(rights.closedTo(as([], { muted_until: 10 }), of('public'), 11), null);
    assert.equal(rights.closedTo(plain, of('announcement'), 0), 'announcement');
    assert.equal(rights.closedTo(plain, of('announcement', { role: 'moderator' }), 0), null);
    assert.equal(rights.closedTo(as(['messages.announce']), of('announcement'), 0), null);
  });

  test('rooms are opened by those whose roles allow it and, where the community asks for one, whose plan does', () => {
    const all = ['rooms.create', 'rooms.create_private'];
    const asks = { name: 'Harbour', hue: 6, sentence: '', sign_up_mode: 'open', rooms_need_plan: true, closed: [] };
    assert.deepEqual(rights.roomKinds(plain), []);
    assert.deepEqual(rights.roomKinds(as(all)), ['public', 'private', 'announcement']);
    assert.deepEqual(rights.roomKinds(as(['rooms.create_private'])), ['private']);
    assert.deepEqual(rights.roomKinds(as(all, { community: asks })), []);
    assert.deepEqual(rights.roomKinds(as(all, { community: asks, entitlements: entitlements({ 'rooms.create': true }) })), ['public', 'private', 'announcement']);
    assert.deepEqual(rights.roomKinds(as([...all, 'rooms.manage'], { community: asks })), ['public', 'private', 'announcement']);
  });

  test('what is closed for everybody is offered to nobody', () => {
    const closed = (...ways) => as([], { community: { name: 'Harbour', hue: 6, sentence: '', sign_up_mode: 'open', rooms_need_plan: false, keep_messages_days: 0, rooms_may_keep: 'as_community', closed: ways } });
    assert.equal(rights.mayAdd(plain, of('group')), true);
    assert.equal(rights.mayAdd(closed('invite'), of('group')), false);
    assert.deepEqual([closed(), closed('call'), closed('call', 'video_call')].map(rights.mayRing), [true, true, false]);
    const opened = after(closed('call', 'video_call'), { type: 'signalled', at: 0, signal: { kind: 'settings_changed', community: { name: 'Harbour', hue: 6, sentence: '', rooms_need_plan: false, keep_messages_days: 0, rooms_may_keep: 'as_community', closed: [] } } });
    assert.equal(rights.mayRing(opened), true);
  });

  test('who looks at an open room from outside may only join it', () => {
    const outside = after(plain, { type: 'visited', room: of('public') });
    assert.equal(rights.closedTo(outside, of('public'), 0), 'outside');
    assert.equal(rights.closedTo(outside, of('public', { archived: true }), 0), 'archived', 'nobody joins what is over');
    const mine = message(1, { author: ME });
    for (const may of [rights.mayDelete, rights.mayEdit, rights.mayPin]) assert.equal(may(outside, of('public'), mine, 0), false);
    assert.equal(rights.mayReact(outside, of('public'), 0), false);
    assert.equal(rights.mayAdd(outside, of('public')), false);
  });

  test('a message is deleted by its author, by who leads the room, by moderators outside conversations', () => {
    const mine = message(1, { author: ME });
    const theirs = message(1);
    assert.equal(rights.mayDelete(plain, of('public'), mine), true);
    assert.equal(rights.mayDelete(plain, of('public'), theirs), false);
    assert.equal(rights.mayDelete(plain, of('public', { role: 'owner' }), theirs), true);
    assert.equal(rights.mayDelete(as(['messages.moderate']), of('public'), theirs), true);
    assert.equal(rights.mayDelete(as(['messages.moderate']), of('group'), theirs), false);
    assert.equal(rights.mayDelete(plain, of('direct', { role: 'owner' }), theirs), false);
    assert.equal(rights.mayDelete(plain, of('public'), message(1, { author: ME, deleted: true })), false);
  });

  test('only the author edits, and only where they may write', () => {
    assert.equal(rights.mayEdit(plain, of('public'), message(1, { author: ME }), 0), true);
    assert.equal(rights.mayEdit(as(['messages.moderate']), of('public', { role: 'owner' }), message(1), 0), false);
    assert.equal(rights.mayEdit(plain, of('public', { archived: true }), message(1, { author: ME }), 0), false);
  });

  test('a private room grows by who leads it, an open one by everybody in it', () => {
    assert.deepEqual(['public', 'private', 'group', 'direct'].map((kind) => rights.mayAdd(plain, of(kind))), [true, false, true, false]);
    assert.equal(rights.mayAdd(plain, of('private', { role: 'moderator' })), true);
  });
});

describe('order', () => {
  const state = begin(snapshot([
    room('1', { name: 'market', unread: 3 }), room('2', { name: 'Älv' }), room('3', { name: 'harbour 10', unread: 2, mentions: 1 }), room('4', { name: 'harbour 9', archived: true }),
    room('5', { kind: 'direct', name: null, members: [ME, MARTA], last_at: 5, unread: 4 }), room('6', { kind: 'group', name: null, members: [ME, MARTA, IDRIS], last_at: 9 }),
  ]));
  const ids = inOrder(state).map((each) => each.id);

  test('rooms by name, archived ones last, conversations by their last word', () => assert.deepEqual(ids, ['2', '3', '1', '4', '6', '5']));

  test('the list is a ring, and unread rooms are found over read ones', () => {
    assert.equal(neighbour(state, '5', 1, false).id, '2');
    assert.equal(neighbour(state, '2', -1, false).id, '5');
    assert.equal(neighbour(state, '1', 1, true).id, '5');
    assert.equal(neighbour(state, null, 1, false).id, '2');
  });

  test('a conversation calls with every message, a silent room with none', () => {
    assert.deepEqual(['1', '3', '5'].map((id) => calls(state.rooms[id].room)), [0, 1, 4]);
    assert.equal(calls(room('9', { level: 'nothing', mentions: 3, unread: 3 })), 0);
  });
});

describe('completion', () => {
  test('the word before the caret is found', () => {
    assert.deepEqual(completion.wordAt('hi @mar', 7), { sign: '@', word: 'mar', from: 3 });
    assert.deepEqual(completion.wordAt('@', 1), { sign: '@', word: '', from: 0 });
    assert.deepEqual(completion.wordAt('(:wav', 5), { sign: ':', word: 'wav', from: 1 });
    for (const text of ['a@b', 'at 12:30', ':)', ': x', 'mail me@x.org']) assert.equal(completion.wordAt(text, text.length), null, text);
  });

  test('members are found by any of their names, without accents', () => {
    const all = [member('7', { username: 'elo', display_name: 'Élodie Marchand' }), member('8', { username: 'marta', display_name: 'Marta' }), member('9', { username: 'gone', display_name: 'Mar', state: 'deleted' })];
    assert.deepEqual(completion.members('mar', all, null).map((each) => each.insert), ['@elo ', '@marta ']);
    assert.deepEqual(completion.members('elod', all, null).map((each) => each.insert), ['@elo ']);
    assert.deepEqual(completion.members('ro', all, []).map((each) => each.insert), ['@room ']);
    assert.deepEqual(completion.members('ro', all, null), []);
  });

  test('roles are called by their handle, by those who may call many', () => {
    const roles = [{ name: 'Équipe du port', handle: 'equipe-du-port' }, { name: 'Herons', handle: 'herons' }];
    assert.deepEqual(completion.members('he', [], roles).map((each) => each.insert), ['@here ', '@herons ']);
    assert.deepEqual(completion.members('port', [], roles).map((each) => each.insert), ['@equipe-du-port ']);
    assert.deepEqual(completion.members('he', [], null), []);
    const many = Array.from({ length: 20 }, (_, n) => member(String(n + 10), { username: `her${n}` }));
    assert.ok(completion.members('her', many, roles).some((each) => each.kind === 'role'), 'many names do not hide the roles');
  });

  test('emoji are found by their names in both languages', () => {
    assert.equal(search('thumbs')[0].emoji, '👍');
    assert.equal(search('pont')[0].emoji, '🌉');
    assert.ok(search('fete').some((each) => each.emoji === '🎉'));
    assert.deepEqual(search('zzzzz'), []);
    assert.equal(new Set(search('').map((each) => each.emoji)).size, search('').length);
  });
});
