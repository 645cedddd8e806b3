// A snapshot and the events after it give what a later snapshot says, for every kind of event.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { after, begin, comparable, roomAt } from '../../../static/chat/state.js';
import { IDRIS, MARTA, ME, ROOM, entitlements, member, message, nobody, page, room, sent, snapshot } from './cast.js';

/** The state after these changes; an array [seq, event] stands for an event of the room. */
const play = (state, ...changes) =>
  changes.reduce((now, change) => after(now, Array.isArray(change) ? { type: 'logged', room: ROOM, seq: change[0], at: change[0] * 1_000, event: change[1] } : change), state);
const mine = (seq, event) => ({ type: 'logged', room: 'me', seq, at: seq, event });
const loaded = (head, messages, edges) => ({ type: 'page', room: ROOM, thread: null, asked: { newest: true }, page: page(head, messages, edges) });
const itsRoom = (state) => state.rooms[ROOM].room;
const texts = (state) => state.rooms[ROOM].ranges.flatMap((range) => range.items.map((each) => each.body));
const only = (state) => comparable(state).messages[ROOM][0];
const start = () => begin(snapshot([room(ROOM, { seq: 1, read_seq: 0, unread: 1 })]));

describe('messages', () => {
  test('a new message stands at the end and is unread', () => {
    const state = play(start(), loaded(1, [message(1)]), [2, sent(2)]);
    assert.deepEqual(texts(state), ['text 1', 'text 2']);
    assert.equal(itsRoom(state).unread, 2);
    assert.equal(itsRoom(state).seq, 2);
    assert.equal(itsRoom(state).last_at, 2_000);
    assert.deepEqual(comparable(state).messages[ROOM][1], message(2));
  });

  test('the events of one message lead to the message that a page would hold', () => {
    const events = [
      [2, { kind: 'reaction_added', id: '1001', actor: ME, emoji: '🌊' }],
      [3, { kind: 'reaction_added', id: '1001', actor: MARTA, emoji: '👍' }],
      [4, { kind: 'reaction_added', id: '1001', actor: MARTA, emoji: '🌊' }],
      [5, { kind: 'reaction_removed', id: '1001', actor: MARTA, emoji: '👍' }],
      [6, { kind: 'message_pinned', id: '1001', actor: ME }],
      [7, { kind: 'message_edited', id: '1001', actor: MARTA, body: 'new', body_html: '<p>new</p>', edited_at: 7_000, mentions: { ...nobody, room: true } }],
    ];
    const state = play(start(), loaded(1, [message(1)]), ...events);
    assert.deepEqual(only(state), message(1, {
      body: 'new', body_html: '<p>new</p>', edited_at: 7_000, pinned: true, mentions: { ...nobody, room: true }, reactions: [{ emoji: '🌊', members: [ME, MARTA] }],
    }));
    assert.equal(only(play(state, [8, { kind: 'message_unpinned', id: '1001', actor: ME }])).pinned, false);
  });

  test('applying every event twice changes nothing', () => {
    const reaction = { kind: 'reaction_added', id: '1001', actor: ME, emoji: '🌊' };
    const once = play(start(), loaded(1, [message(1)]), [2, reaction], [3, sent(3)]);
    const twice = play(once, [2, reaction], [3, sent(3)]);
    assert.deepEqual(comparable(twice).messages, comparable(once).messages);
  });

  test('a deleted message leaves a tombstone and empties its quotes', () => {
    const quote = { id: '1001', seq: 1, author: MARTA, excerpt: 'text 1' };
    const state = play(start(), loaded(1, [message(1)]), [2, sent(2, { reply_to: quote })], [3, { kind: 'message_deleted', id: '1001', actor: MARTA, thread: null, thread_total: null }]);
    const [tomb, answer] = comparable(state).messages[ROOM];
    assert.deepEqual([tomb.deleted, tomb.body, tomb.body_html, tomb.reactions, tomb.reply_to], [true, null, null, [], null]);
    assert.equal(answer.reply_to.excerpt, null);
  });

  test('what is over leaves the timeline, but for the beginnings of threads that go on', () => {
    const quote = { id: '1001', seq: 1, author: MARTA, excerpt: 'text 1' };
    const messages = [message(1, { pinned: true }), message(2, { thread_count: 2 }), message(3), message(6, { reply_to: quote })];
    const answers = { ...loaded(6, [message(4, { thread: '1002' }), message(5, { thread: '1002' })]), thread: '1002' };
    const before = play(begin(snapshot([room(ROOM, { seq: 6, read_seq: 2, unread: 2 })])), loaded(6, messages), answers);
    const state = play(before, [7, { kind: 'messages_expired', through: 4, threads: [{ id: '1002', total: 1 }] }]);
    const [root, young] = comparable(state).messages[ROOM];
    assert.deepEqual([root.id, root.deleted, root.body, root.thread_count], ['1002', true, null, 1]);
    assert.deepEqual([young.id, young.reply_to.excerpt], ['1006', null]);
    assert.deepEqual(state.rooms[ROOM].threads['1002'].flatMap((range) => range.items.map((each) => each.seq)), [5]);
    assert.deepEqual([itsRoom(state).expired_seq, state.rooms[ROOM].counts], [4, 'stale']);
    const none = play(state, [8, { kind: 'messages_expired', through: 5, threads: [{ id: '1002', total: 0 }] }]);
    assert.deepEqual(comparable(none).messages[ROOM].map((each) => each.id), ['1006']);
    assert.deepEqual(comparable(play(none, [8, { kind: 'messages_expired', through: 5, threads: [{ id: '1002', total: 0 }] }])), comparable(none));
  });

  test('a page that was read before messages went is brought up to date', () => {
    const state = play(start(), [2, sent(2)], [3, { kind: 'messages_expired', through: 1, threads: [] }], loaded(2, [message(1), message(2)]));
    assert.deepEqual(texts(state), ['text 2']);
  });

  test('an edit that comes after the deletion brings no words back', () => {
    const state = play(start(), loaded(1, [message(1)]), [2, { kind: 'message_deleted', id: '1001', actor: MARTA, thread: null, thread_total: null }],
      [3, { kind: 'message_edited', id: '1001', actor: MARTA, body: 'x', body_html: 'x', edited_at: 3, mentions: nobody }]);
    assert.equal(only(state).body, null);
  });

  test('an edit is read in the quotes of it', () => {
    const quote = { id: '1001', seq: 1, author: MARTA, excerpt: 'text 1' };
    const state = play(start(), loaded(1, [message(1)]), [2, sent(2, { reply_to: quote })],
      [3, { kind: 'message_edited', id: '1001', actor: MARTA, body: 'b', body_html: `<p>one &amp; <em>two</em></p>`, edited_at: 3, mentions: nobody }]);
    assert.equal(comparable(state).messages[ROOM][1].reply_to.excerpt, 'one & two');
  });

  test('answers in a thread stay out of the timeline and are counted at its root', () => {
    const state = play(start(), loaded(1, [message(1)]), [2, { ...sent(2, { thread: '1001' }), thread_total: 1 }], [3, { ...sent(3, { thread: '1001' }), thread_total: 2 }]);
    assert.deepEqual(texts(state), ['text 1']);
    assert.equal(only(state).thread_count, 2);
    assert.equal(itsRoom(state).unread, 1);
    const fewer = play(state, [4, { kind: 'message_deleted', id: '1003', actor: MARTA, thread: '1001', thread_total: 1 }]);
    assert.equal(only(fewer).thread_count, 1);
  });

  test('an open thread grows with its answers', () => {
    const opened = play(start(), { type: 'page', room: ROOM, thread: '1001', asked: { newest: true }, page: page(1, []) }, [2, sent(2, { thread: '1001' })]);
    assert.deepEqual(opened.rooms[ROOM].threads['1001'][0].items.map((each) => each.seq), [2]);
  });
});

describe('pages and events in any order', () => {
  test('a page older than the room is brought up to date', () => {
    const state = play(start(), [2, sent(2)], [3, { kind: 'reaction_added', id: '1001', actor: ME, emoji: '🌊' }], loaded(1, [message(1)]));
    assert.deepEqual(texts(state), ['text 1', 'text 2']);
    assert.equal(only(state).reactions.length, 1);
  });

  test('a page newer than the room does not count its events twice', () => {
    const state = play(start(), loaded(3, [message(1, { thread_count: 1 }), message(3)]), [2, { ...sent(2, { thread: '1001' }), thread_total: 1 }], [3, sent(3)]);
    assert.deepEqual(texts(state), ['text 1', 'text 3']);
    assert.equal(only(state).thread_count, 1);
    assert.equal(itsRoom(state).unread, 2);
    assert.deepEqual(state.rooms[ROOM].ahead, {});
  });

  test('a page with another epoch is not taken', () => {
    const change = loaded(1, [message(1)]);
    change.page.epoch = 'z';
    assert.deepEqual(texts(play(start(), change)), []);
  });

  test('a page too old to be brought up to date is not taken', () => {
    let state = start();
    for (let seq = 2; seq <= 700; seq += 1) state = play(state, [seq, sent(seq)]);
    assert.deepEqual(texts(play(state, loaded(1, [message(1)]))), []);
    assert.equal(texts(play(state, loaded(690, [message(690)], { next: '690' }))).length, 11);
  });

  test('older and newer pages join the stretch that they touch', () => {
    const ask = (asked, messages, edges) => ({ type: 'page', room: ROOM, thread: null, asked, page: page(60, messages, edges) });
    const base = begin(snapshot([room(ROOM, { seq: 60 })]));
    const around = play(base, ask({ around: 30 }, [message(29), message(30), message(31)], { next: '29', prev: '31' }));
    assert.deepEqual(around.rooms[ROOM].ranges.map((each) => [each.from, each.to]), [[29, 31]]);
    const newest = play(around, ask({ newest: true }, [message(59), message(60)], { next: '59' }));
    assert.deepEqual(newest.rooms[ROOM].ranges.map((each) => [each.from, each.to]), [[29, 31], [59, Infinity]]);
    // A new message belongs to the live stretch alone.
    const grown = play(newest, [61, sent(61)]);
    assert.deepEqual(grown.rooms[ROOM].ranges.map((each) => each.items.length), [3, 3]);
    const joined = play(grown, ask({ after: 31 }, [message(40), message(59)], { next: '40', prev: '59' }));
    assert.deepEqual(joined.rooms[ROOM].ranges.map((each) => [each.from, each.to]), [[29, Infinity]]);
    const whole = play(joined, ask({ before: 29 }, [message(1)], { next: null, prev: '1' }));
    assert.deepEqual(whole.rooms[ROOM].ranges.map((each) => [each.from, each.to]), [[0, Infinity]]);
    assert.deepEqual(whole.rooms[ROOM].ranges[0].items.map((each) => each.seq), [1, 29, 30, 31, 40, 59, 60, 61]);
  });
});

describe('unread', () => {
  const counts = (state) => [itsRoom(state).unread, itsRoom(state).mentions, state.rooms[ROOM].counts];

  test('mine are not counted, mentions of me, my role and the room are', () => {
    const to = (mentions) => ({ mentions: { ...nobody, ...mentions } });
    const state = play(start(), [2, sent(2, { author: ME })], [3, sent(3, to({ members: [ME] }))], [4, sent(4, to({ roles: ['50'] }))], [5, sent(5, to({ room: true }))], [6, sent(6, to({ members: [IDRIS] }))]);
    assert.deepEqual(counts(state), [5, 3, 'known']);
  });

  test('a read mark counts what is left, and the last one wins', () => {
    const state = play(start(), loaded(1, [message(1)]), [2, sent(2, { mentions: { ...nobody, room: true } })], [3, sent(3)]);
    const read = play(state, mine(1, { kind: 'read_marked', room: ROOM, thread: null, seq: 3 }));
    assert.deepEqual(counts(read), [0, 0, 'known']);
    const back = play(read, mine(2, { kind: 'read_marked', room: ROOM, thread: null, seq: 1 }));
    assert.deepEqual(counts(back), [2, 1, 'known']);
    assert.equal(back.seq, 2);
  });

  test('what cannot be told from what is loaded is asked for', () => {
    const far = begin(snapshot([room(ROOM, { seq: 50, read_seq: 50 })]));
    const state = play(far, mine(1, { kind: 'read_marked', room: ROOM, thread: null, seq: 10 }));
    assert.equal(state.rooms[ROOM].counts, 'stale');
    assert.deepEqual(counts(play(state, { type: 'counted', room: ROOM, seq: 49, read_seq: 10, unread: 7, mentions: 1 }))[2], 'stale');
    assert.deepEqual(counts(play(state, { type: 'counted', room: ROOM, seq: 50, read_seq: 10, unread: 7, mentions: 1 })), [7, 1, 'known']);
  });

  test('deleting an unread message takes it out of the counts', () => {
    const gone = (id, seq) => [seq, { kind: 'message_deleted', id, actor: MARTA, thread: null, thread_total: null }];
    const state = play(start(), loaded(1, [message(1)]), [2, sent(2, { mentions: { ...nobody, room: true } })]);
    assert.deepEqual(counts(play(state, gone('1002', 3))), [1, 0, 'known']);
    assert.deepEqual(counts(play(state, gone('77', 3)))[2], 'stale');
  });

  test('an edit can mention me, and stop to', () => {
    const edit = (seq, members) => [seq, { kind: 'message_edited', id: '1001', actor: MARTA, body: 'b', body_html: 'b', edited_at: seq, mentions: { ...nobody, members } }];
    const state = play(start(), loaded(1, [message(1)]), edit(2, [ME]));
    assert.deepEqual(counts(state), [1, 1, 'known']);
    assert.deepEqual(counts(play(state, edit(3, []))), [1, 0, 'known']);
  });

  test('counts stop at a thousand', () => {
    const full = begin(snapshot([room(ROOM, { seq: 1_000, unread: 1_000 })]));
    assert.equal(itsRoom(play(full, [1_001, sent(1_001)])).unread, 1_000);
  });

  test('read marks of a thread are kept apart', () => {
    const state = play(start(), mine(1, { kind: 'read_marked', room: ROOM, thread: '1001', seq: 9 }));
    assert.equal(itsRoom(state).unread, 1);
    assert.equal(state.rooms[ROOM].threadReads['1001'], 9);
  });
});

describe('rooms and members', () => {
  test('the room follows its events', () => {
    const group = begin(snapshot([room(ROOM, { kind: 'group', members: [ME, MARTA], member_count: 2 })]));
    const state = play(group, [1, { kind: 'member_joined', member: IDRIS, actor: MARTA }],
      [2, { kind: 'room_changed', actor: MARTA, name: 'Crew', topic: 'Sails', archived: true, history: 'since_join', voice: false, slow_seconds: 0, keep_days: null }],
      [3, { kind: 'room_role_set', actor: MARTA, member: ME, role: 'moderator' }],
      [4, { kind: 'room_role_set', actor: MARTA, member: IDRIS, role: 'owner' }],
      [5, { kind: 'member_left', member: MARTA, actor: null, reason: 'deleted' }]);
    const { name, topic, archived, history, role, members, member_count, seq } = itsRoom(state);
    assert.deepEqual({ name, topic, archived, history, role, members, member_count, seq },
      { name: 'Crew', topic: 'Sails', archived: true, history: 'since_join', role: 'moderator', members: [ME, IDRIS], member_count: 2, seq: 5 });
  });

  test('who is invited into a group is named there until they come or are asked no more', () => {
    const group = begin(snapshot([room(ROOM, { kind: 'group', members: [ME], invited: ['20'], member_count: 1 })]));
    const invited = play(group, [1, { kind: 'member_invited', member: MARTA, actor: ME }], [2, { kind: 'member_invited', member: IDRIS, actor: ME }]);
    assert.deepEqual(itsRoom(invited).invited, [MARTA, IDRIS, '20'], 'in ascending order');
    const later = play(invited, [3, { kind: 'member_joined', member: IDRIS, actor: IDRIS }], [4, { kind: 'member_uninvited', member: '20', actor: ME }]);
    assert.deepEqual([itsRoom(later).members, itsRoom(later).invited], [[ME, IDRIS], [MARTA]]);
    const open = play(start(), [1, { kind: 'member_invited', member: MARTA, actor: ME }]);
    assert.equal(itsRoom(open).invited, null, 'a room with many is asked for them');
  });

  test('a joined room is loaded, a left one is gone', () => {
    const joined = play(start(), mine(1, { kind: 'room_joined', room: '200', head: 7 }));
    assert.deepEqual(joined.joining, { 200: 7 });
    const there = play(joined, { type: 'room_loaded', room: room('200', { seq: 7 }) });
    assert.deepEqual(there.joining, {});
    assert.equal(there.rooms['200'].room.seq, 7);
    assert.equal(play(there, mine(2, { kind: 'room_left', room: '200', reason: 'left' })).rooms['200'], undefined);
    assert.deepEqual(play(joined, mine(2, { kind: 'room_left', room: '200', reason: 'left' })).joining, {});
  });

  test('my own log changes me, my rights and my rooms', () => {
    const state = play(start(), mine(1, { kind: 'me_changed', me: member(ME, { display_name: 'Neu' }) }),
      mine(2, { kind: 'rights_changed', roles: ['51'], permissions: ['rooms.create'], muted_until: 99 }),
      mine(3, { kind: 'level_set', room: ROOM, level: 'nothing' }), mine(4, { kind: 'session_ended', session: '5' }));
    assert.deepEqual([state.me.display_name, state.me.roles, state.permissions, state.muted_until, itsRoom(state).level, state.seq], ['Neu', ['51'], ['rooms.create'], 99, 'nothing', 4]);
    assert.equal(state.members[ME].display_name, 'Neu');
  });

  test('what I am entitled to is what was said last', () => {
    const may = entitlements({ 'calls.start': true, 'rooms.create': true });
    const given = play(start(), mine(1, { kind: 'entitlements_changed', entitlements: may, plans: ['9'], owed: { subscription: '7', plan: 'Member', until: 5 } }));
    assert.deepEqual([given.entitlements, given.seq], [may, 1]);
    assert.equal(given.owed?.plan, 'Member');
    const over = play(given, mine(2, { kind: 'entitlements_changed', entitlements: entitlements(), plans: [], owed: null }));
    assert.deepEqual(over.entitlements, entitlements());
    assert.equal(over.owed, null);
  });

  test('signals pass through', () => {
    const signal = (each, at = 5) => ({ type: 'signalled', signal: each, at });
    let state = play(start(), signal({ kind: 'typing', room: ROOM, member: MARTA }), signal({ kind: 'typing', room: ROOM, member: ME }),
      signal({ kind: 'presence', members: { [MARTA]: true } }), signal({ kind: 'member_changed', member: member(MARTA, { display_name: 'Marta' }) }),
      signal({ kind: 'settings_changed', community: { name: 'Quay', hue: 1, sentence: null } }));
    assert.deepEqual(state.typing[ROOM], { [MARTA]: 5 });
    assert.deepEqual([state.presence[MARTA], state.members[MARTA].display_name, state.community.name, state.community.sign_up_mode], [true, 'Marta', 'Quay', 'open']);
    state = play(state, [2, sent(2)]);
    assert.deepEqual(state.typing[ROOM], {});
    state = play(state, signal({ kind: 'typing', room: ROOM, member: IDRIS }, 10), { type: 'typing_passed', before: 10 });
    assert.deepEqual(state.typing[ROOM], {});
  });

  test('a kind that a newer server knows changes only the cursor', () => {
    const state = play(start(), [2, { kind: 'tomorrow' }]);
    assert.equal(itsRoom(state).seq, 2);
  });

  test('a reset empties the room and keeps what I am in it', () => {
    const state = play(start(), loaded(1, [message(1)]), { type: 'room_reset', room: ROOM });
    assert.deepEqual(texts(state), []);
    assert.equal(itsRoom(state).role, 'member');
  });
});

describe('words on their way', () => {
  const echo = (key, more = {}) => ({ client_key: key, room: ROOM, thread: null, reply_to: null, body: 'mine', created: 1, attempts: 0, state: 'waiting', code: null, seq: null, ...more });
  const keys = (state) => state.echoes.map((each) => each.client_key);
  const waiting = () => play(start(), { type: 'echoed', echoes: [echo('a'), echo('b', { created: 2 })] });

  test('the event under its key takes the place of the waiting copy', () => {
    assert.deepEqual(keys(play(waiting(), [2, sent(2, { author: ME, client_key: 'a' })])), ['b']);
  });

  test('the same key of somebody else is somebody else’s', () => {
    assert.deepEqual(keys(play(waiting(), [2, sent(2, { author: MARTA, client_key: 'a' })])), ['a', 'b']);
  });

  test('what was sent stays until its event is there, and not longer', () => {
    const sentOne = { type: 'echo_changed', client_key: 'a', change: { state: 'sent', seq: 2 } };
    assert.deepEqual(keys(play(waiting(), sentOne)), ['a', 'b']);
    assert.deepEqual(keys(play(waiting(), sentOne, [2, sent(2, { author: ME, client_key: 'a' })])), ['b']);
    assert.deepEqual(keys(play(waiting(), [2, sent(2, { author: ME, client_key: 'a' })], sentOne)), ['b']);
  });

  test('a page that holds it takes its place too', () => {
    assert.deepEqual(keys(play(waiting(), loaded(2, [message(1), message(2, { author: ME, client_key: 'b' })]))), ['a']);
  });

  test('a copy that is read from the shelf after its message came is not shown', () => {
    const state = play(start(), loaded(2, [message(1), message(2, { author: ME, client_key: 'a' })]), { type: 'echoed', echoes: [echo('a'), echo('b')] });
    assert.deepEqual(keys(state), ['b']);
  });

  test('another database keeps them', () => {
    const state = play(waiting(), { type: 'loaded', state: snapshot([], { epoch: 'b' }) });
    assert.deepEqual(keys(state), ['a', 'b']);
    assert.equal(state.epoch, 'b');
    assert.deepEqual(state.rooms, {});
  });

  test('giving one up leaves the others', () => {
    assert.deepEqual(keys(play(waiting(), { type: 'echo_dropped', client_key: 'a' })), ['b']);
  });
});

describe('an open room looked at from outside', () => {
  const open = (id, more = {}) => ({ id, kind: 'public', name: `room ${id}`, topic: '', history: 'all', archived: false, created_by: MARTA, created_at: 1, member_count: 2, ...more });
  const inside = (state, id) => roomAt(state, id)?.ranges.flatMap((range) => range.items.map((each) => each.seq));
  const visiting = () => play(begin(snapshot([])), { type: 'visited', room: open(ROOM) }, loaded(2, [message(1), message(2)]));

  test('its messages are shown, and nothing of it is unread or mine', () => {
    const state = visiting();
    assert.deepEqual(inside(state, ROOM), [1, 2]);
    assert.deepEqual(comparable(state).rooms, {});
    assert.equal(roomAt(state, ROOM).room.unread, 0);
    assert.deepEqual(inside(play(state, { type: 'page', room: ROOM, thread: null, asked: { after: 2 }, page: page(9, [message(9)]) }), ROOM).at(-1), 9);
  });

  test('joining makes it a room of mine, which is loaded anew', () => {
    const state = play(visiting(), mine(1, { kind: 'room_joined', room: ROOM, head: 3 }), { type: 'room_loaded', room: room(ROOM, { seq: 3 }) });
    assert.deepEqual(state.visited, {});
    assert.deepEqual([roomAt(state, ROOM).room.seq, inside(state, ROOM)], [3, []]);
  });

  test('one room at a time, and never one that is mine', () => {
    assert.deepEqual(Object.keys(play(visiting(), { type: 'visited', room: open('200') }).visited), ['200']);
    assert.deepEqual(play(visiting(), { type: 'visit_over' }).visited, {});
    assert.deepEqual(play(start(), { type: 'visited', room: open(ROOM) }).visited, {});
  });
});
