// Calls and people for the tests of calls.

/** @import { Call, MyCall, Participant } from '../../../static/types/live.d.ts' */
/** @import { CallsState, Change, Wish } from '../../../static/calls/types.d.ts' */
import { after, begin } from '../../../static/calls/state.js';

export const NOW = 1_000_000;
export const ME = '9';

/** @param {Partial<Call>} [more] @returns {Call} */
export const call = (more = {}) => ({
  id: '1', kind: 'direct', room: null, video: true, pictures: true, starter: '7', started_at: NOW, answered_at: null, state: 'ringing', expires_at: NOW + 45_000, ends_at: null, locked: false, rung: [ME], members: ['7'], cause: null, ...more,
});

/** @param {Partial<MyCall>} [more] @returns {MyCall} */
export const mine = (more = {}) => ({ call: call(), part: 'ringing', connection: null, ...more });

/** @param {string} member @param {Partial<Participant>} [more] @returns {Participant} */
export const person = (member, more = {}) => ({ member, number: Number(member), role: 'speaker', hand: false, link: 'live', sources: { mic: 'live' }, joined_at: NOW + Number(member), ...more });

/** @param {Partial<Wish>} [more] @returns {Wish} */
export const wish = (more = {}) => ({ call: '1', kind: 'direct', to: '7', room: null, video: false, ...more });

/** @param {CallsState} state @param {Change[]} changes */
export const through = (state, ...changes) => changes.reduce(after, state);

/** @param {Partial<Extract<Change, {type: 'joined'}>>} [more] @returns {Change} */
export const joined = (more = {}) => ({
  type: 'joined', call: call({ state: 'active', expires_at: null, members: [ME, '7'] }), role: 'speaker', held: [], resume: 'token', members: [person(ME), person('7')], resumed: false, now: NOW, ...more,
});

/** In a call in which media runs. @returns {CallsState} */
export const live = () => through({ ...begin(ME), connection: 'here' }, { type: 'joining', wish: wish(), now: NOW }, joined(), { type: 'media', media: 'up', now: NOW });
