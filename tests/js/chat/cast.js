// People, rooms and messages for the tests of the chat's state.

export const ME = '1';
export const MARTA = '2';
export const IDRIS = '3';
export const ROOM = '100';

/** @returns {any} */
export const member = (id, more = {}) => ({
  id, username: `m${id}`, display_name: `Member ${id}`, pronouns: null, bio: null, status: null, hue: 0, roles: [], badge: null, state: 'active', ...more,
});

/** @returns {any} */
export const room = (id, more = {}) => ({
  id, kind: 'public', name: `room ${id}`, topic: '', history: 'all', archived: false, slow_seconds: 0, keep_days: null, expired_seq: 0, created_by: MARTA, created_at: 1, member_count: 2,
  seq: 0, first_seq: 1, joined_seq: 0, role: 'member', level: 'all', read_seq: 0, unread: 0, mentions: 0, members: null, invited: null, last_at: null, said_at: null, wait_ms: 0, ...more,
});

export const nobody = { members: [], roles: [], room: false, here: [] };

/** @returns {any} */
export const message = (seq, more = {}) => ({
  id: String(1_000 + seq), room: ROOM, seq, author: MARTA, client_key: `k${seq}`, body: `text ${seq}`, body_html: `<p>text ${seq}</p>`, at: seq * 1_000,
  edited_at: null, deleted: false, reply_to: null, thread: null, thread_count: 0, pinned: false, mentions: nobody, reactions: [], ...more,
});

/** @returns {any} */
export const sent = (seq, more = {}) => {
  const { room: _, seq: __, at: ___, ...rest } = message(seq, more);
  return { kind: 'message_sent', ...rest };
};

/** What somebody is entitled to. @returns {any} */
export const entitlements = (more = {}) => ({
  'calls.start': false, 'calls.video': false, 'calls.group_size': null, 'calls.max_minutes': null, 'calls.record': false, 'upload.max_mb': null, 'storage.quota_mb': null, 'rooms.create': false, badge: null, ...more,
});

/** @returns {any} */
export const snapshot = (rooms = [room(ROOM)], more = {}) => ({
  epoch: 'a', seq: 0, me: member(ME, { roles: ['50'] }), permissions: [], entitlements: entitlements(), owed: null, muted_until: null, rooms, members: [member(MARTA)],
  roles: [{ id: '50', name: 'Crew', word: null, handle: 'crew' }], community: { name: 'Harbour', hue: 6, sentence: null, sign_up_mode: 'open', rooms_need_plan: false, keep_messages_days: 0, rooms_may_keep: 'as_community', closed: [] }, session: null, limits: { message_bytes: 16_384, group_members: 20, presence_members: 200 }, demo: false, people: { blocked: [], muted: [], requests: 0, may_call: {} }, own_names: {}, ...more,
});

/** A page of these messages, newest first. @returns {any} */
export const page = (head, messages, { next = null, prev = null } = {}) => ({ seq: head, epoch: 'a', items: messages.toReversed(), members: [], next, prev });
