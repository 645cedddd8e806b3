// Whom I block and mute, as the state follows it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { yeses } from '../../../static/chat/rights.js';
import { after, begin } from '../../../static/chat/state.js';
import { IDRIS, MARTA, ME, ROOM, member, room, sent, snapshot } from './cast.js';

const me = (state, event) => after(state, { type: 'logged', room: 'me', seq: state.seq + 1, at: 1, event });
const hear = (state, seq, more) => after(state, { type: 'logged', room: ROOM, seq, at: 1, event: sent(seq, more) });
const named = { members: [ME], roles: [], room: false, here: [] };

test('blocks and mutes are kept in order, and once', () => {
  let state = begin(snapshot());
  for (const member of [IDRIS, MARTA, IDRIS]) state = me(state, { kind: 'blocked', member });
  assert.deepEqual(state.people.blocked, [MARTA, IDRIS]);
  state = me(state, { kind: 'muted', member: '10' });
  state = me(state, { kind: 'muted', member: '9' });
  assert.deepEqual(state.people.muted, ['9', '10'], 'by number, not by letters');
  state = me(me(state, { kind: 'unblocked', member: MARTA }), { kind: 'unmuted', member: '9' });
  assert.deepEqual([state.people.blocked, state.people.muted], [[IDRIS], ['10']]);
});

test('nothing of whom I block is unread, and whom I muted calls me by no name', () => {
  let state = me(begin(snapshot([room(ROOM)])), { kind: 'blocked', member: MARTA });
  state = hear(state, 1, { author: MARTA, mentions: named });
  assert.deepEqual([state.rooms[ROOM].room.unread, state.rooms[ROOM].room.mentions], [0, 0]);
  assert.equal(state.rooms[ROOM].room.seq, 1, 'the log goes on');
  state = me(state, { kind: 'muted', member: IDRIS });
  state = hear(state, 2, { author: IDRIS, mentions: named });
  assert.deepEqual([state.rooms[ROOM].room.unread, state.rooms[ROOM].room.mentions], [1, 0]);
});

test('requests that came and ended are counted, and never below none', () => {
  let state = begin(snapshot());
  state = me(state, { kind: 'request_came', request: '5', about: 'message', sender: MARTA });
  assert.equal(state.people.requests, 1);
  state = me(me(state, { kind: 'request_ended', request: '5', outcome: 'ignored' }), { kind: 'request_ended', request: '6', outcome: 'withdrawn' });
  assert.equal(state.people.requests, 0);
});

test('a yes to my calls stands until it is over, and leads to whoever is there, in the way that they let and that is open', () => {
  let state = begin(snapshot());
  assert.deepEqual(yeses(state), []);
  state = me(state, { kind: 'may_call', member: MARTA, about: 'call' });
  assert.deepEqual([state.people.may_call, yeses(state)], [{ [MARTA]: 'call' }, [{ id: MARTA, isVideo: false }]]);
  state = me(state, { kind: 'may_call', member: MARTA, about: 'video_call' });
  assert.deepEqual(yeses(state), [{ id: MARTA, isVideo: true }], 'the most that was let');
  state = me(state, { kind: 'may_call', member: IDRIS, about: 'call' });
  assert.deepEqual(yeses(state).map(({ id }) => id), [MARTA], 'nobody whom I do not know yet');
  state = after(state, { type: 'members_loaded', members: [member(IDRIS)] });
  assert.deepEqual(yeses(state), [{ id: MARTA, isVideo: true }, { id: IDRIS, isVideo: false }]);
  const closed = (...ways) => yeses({ ...state, community: { ...state.community, closed: ways } });
  assert.deepEqual(closed('video_call').map(({ isVideo }) => isVideo), [false, false], 'a yes to a picture is one to a voice');
  assert.deepEqual(closed('call'), [{ id: MARTA, isVideo: true }]);
  assert.deepEqual(closed('call', 'video_call'), []);
  const gone = after(state, { type: 'members_loaded', members: [member(MARTA, { state: 'banned' })] });
  assert.deepEqual(yeses(gone).map(({ id }) => id), [IDRIS], 'whoever is banned is not there');
  state = me(me(state, { kind: 'may_call', member: MARTA, about: null }), { kind: 'may_call', member: IDRIS, about: null });
  assert.deepEqual(state.people.may_call, {});
});
