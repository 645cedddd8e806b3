// What happens to a call: every transition of its reducer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, begin, deadline, FAREWELL_MS, GIVE_UP_MS, isBusy, JOIN_WITHIN_MS, LATE_MS } from '../../../static/calls/state.js';
import { failing, listed, sharer, slotOf, slowedByTcp, talksSince } from '../../../static/calls/people.js';
import { call, joined, live, ME, mine, NOW, person, through, wish } from './cast.js';

const empty = () => ({ ...begin(ME), connection: 'here' });
/** @param {import('../../../static/types/live.d.ts').Call} it @param {number} [now] @returns {import('../../../static/calls/types.d.ts').Change} */
const rang = (it = call(), now = NOW) => ({ type: 'rang', call: it, waiting: false, now });
const ids = (/** @type {{call: {id: string}}[]} */ rings) => rings.map((each) => each.call.id);

test('a ring rings once, and until its own end', () => {
  const state = through(empty(), rang(), rang());
  assert.equal(state.rings.length, 1);
  assert.equal(deadline(state), NOW + 45_000);
  assert.equal(after(state, { type: 'tick', now: NOW + 44_999 }), state, 'not a moment earlier');
  const over = after(state, { type: 'tick', now: NOW + 45_000 });
  assert.deepEqual([ids(over.rings), ids(over.missed), deadline(over)], [[], ['1'], null]);
  assert.deepEqual(after(over, { type: 'missed_seen' }).missed, []);
});

test('what was missed of whom I shut out goes, and nothing else', () => {
  const both = through(empty(), rang(), rang(call({ id: '2', starter: '9' })), { type: 'tick', now: NOW + 45_000 });
  assert.deepEqual(ids(both.missed).sort(), ['1', '2']);
  assert.deepEqual(ids(after(both, { type: 'shut_out', member: '9' }).missed), ['1']);
});

test('a ring that is heard of late shows as missed and never rings', () => {
  const expires_at = NOW + LATE_MS;
  assert.deepEqual(ids(after(empty(), rang(call({ expires_at }))).rings), ['1'], 'at the edge it still rings');
  const late = after(empty(), rang(call({ expires_at }), NOW + 1));
  assert.deepEqual([ids(late.rings), ids(late.missed)], [[], ['1']]);
  const greeted = after(empty(), { type: 'greeted', connection: 'here', calls: [mine({ call: call({ expires_at }) })], now: NOW + 1 });
  assert.deepEqual([ids(greeted.rings), ids(greeted.missed)], [[], ['1']], 'the same for a client that has just come');
});

test('a client that comes while it rings, rings', () => {
  const state = after(empty(), { type: 'greeted', connection: 'there', calls: [mine()], now: NOW });
  assert.deepEqual([ids(state.rings), state.connection], [['1'], 'there']);
});

test('what the greeting after a gap does not name rings no more', () => {
  const state = after(through(empty(), rang()), { type: 'greeted', connection: 'here', calls: [], now: NOW });
  assert.deepEqual([ids(state.rings), ids(state.missed)], [[], ['1']]);
});

test('what another device of mine accepted falls silent here, and is not missed', () => {
  const rings = through(empty(), rang(), rang(call({ id: '2' })));
  const state = after(rings, { type: 'state', mine: mine({ part: 'accepted', connection: 'there', call: call({ state: 'connecting' }) }), now: NOW });
  assert.deepEqual([ids(state.rings), ids(state.missed), state.current], [['2'], [], null]);
});

test('declined on another device is not missed either; taken back by the caller is', () => {
  const rings = through(empty(), rang());
  assert.deepEqual(ids(after(rings, { type: 'over', call: '1', cause: 'declined', now: NOW }).missed), []);
  for (const cause of ['cancelled', 'no_answer', 'interrupted', 'failed']) {
    assert.deepEqual(ids(after(rings, { type: 'over', call: '1', cause, now: NOW }).missed), ['1'], cause);
  }
  assert.equal(after(rings, { type: 'over', call: '5', cause: 'cancelled', now: NOW }).rings.length, 1);
});

test('hushed by the server, it is the end that says whether it was missed', () => {
  const rings = through(empty(), rang());
  const hushed = after(rings, { type: 'state', mine: mine({ part: 'outside' }), now: NOW });
  assert.deepEqual([ids(hushed.rings), ids(hushed.missed)], [[], []]);
  assert.deepEqual(ids(after(hushed, { type: 'over', call: '1', cause: 'cancelled', now: NOW }).missed), ['1'], 'the caller gave up');
  const bare = after(rings, { type: 'state', mine: mine({ part: 'outside', call: call({ state: 'ended', expires_at: null }) }), now: NOW });
  assert.deepEqual(ids(after(bare, { type: 'over', call: '1', cause: 'cancelled', now: NOW }).missed), ['1'], 'an end without its cause is only half told');
  const declined = after(hushed, { type: 'over', call: '1', cause: 'declined', now: NOW });
  assert.deepEqual([ids(declined.missed), declined.hushed], [[], []], 'another device of mine said no');
});

test('accepting takes the ring into the call and leaves other rings alone', () => {
  const rings = through(empty(), rang(), rang(call({ id: '2' })));
  const state = after(rings, { type: 'joining', wish: wish({ video: true }), now: NOW });
  assert.deepEqual([ids(state.rings), state.current?.phase, state.current?.call?.id, isBusy(state)], [['2'], 'joining', '1', true]);
});

test('a call that I make rings out, is taken, and is live when media runs', () => {
  const asked = after(empty(), { type: 'asked', wish: wish({ call: null }), now: NOW });
  assert.deepEqual([asked.current?.phase, deadline(asked)], ['ringing_out', null], 'until the server says how long it rings');
  const ringing = through(asked, { type: 'started', call: '1', now: NOW }, joined({ call: call({ starter: ME }) }));
  assert.deepEqual([ringing.current?.phase, deadline(ringing)], ['ringing_out', NOW + 45_000]);
  const taken = after(ringing, { type: 'state', mine: mine({ part: 'in', connection: 'here', call: call({ state: 'connecting', expires_at: null }) }), now: NOW + 5 });
  assert.equal(taken.current?.phase, 'joining');
  const up = after(taken, { type: 'media', media: 'up', now: NOW + 9 });
  assert.deepEqual([up.current?.phase, up.current?.liveAt], ['live', NOW + 9]);
});

test('media that stands while it rings makes the answer live at once', () => {
  const ringing = through(empty(), { type: 'asked', wish: wish({ call: null }), now: NOW }, { type: 'started', call: '1', now: NOW }, joined({ call: call({ starter: ME }) }), { type: 'media', media: 'up', now: NOW + 1 });
  assert.deepEqual([ringing.current?.phase, ringing.current?.liveAt], ['ringing_out', null], 'nobody has answered');
  const taken = after(ringing, { type: 'state', mine: mine({ part: 'in', connection: 'here', call: call({ state: 'active', expires_at: null }) }), now: NOW + 5 });
  assert.deepEqual([taken.current?.phase, taken.current?.liveAt], ['live', NOW + 5]);
});

test('a page that is loaded anew while my call rings goes on ringing, whoever the server still takes for me', () => {
  const mineRings = call({ starter: ME, rung: ['7'], members: [ME] });
  const back = after({ ...empty(), connection: 'anew' }, { type: 'joining', wish: wish(), now: NOW });
  for (const part of /** @type {const} */ (['in', 'accepted'])) {
    const told = after(back, { type: 'state', mine: mine({ part, connection: 'the page before', call: mineRings }), now: NOW + 1 });
    assert.equal(told.current?.phase, 'joining', `its place, as ${part}, is mine`);
  }
  const ringing = after(back, joined({ call: mineRings, members: [person(ME)], now: NOW + 2 }));
  assert.deepEqual([ringing.current?.phase, deadline(ringing)], ['ringing_out', NOW + 45_000]);
  const answered = after(ringing, { type: 'state', mine: mine({ part: 'in', connection: 'anew', call: call({ starter: ME, state: 'connecting', expires_at: null }) }), now: NOW + 9 });
  assert.equal(answered.current?.phase, 'joining');
});

test('accepted on another device of mine first: this one lets it go', () => {
  const accepting = through(empty(), rang(), { type: 'joining', wish: wish(), now: NOW });
  const state = after(accepting, { type: 'state', mine: mine({ part: 'accepted', connection: 'there', call: call({ state: 'connecting', expires_at: null }) }), now: NOW });
  assert.deepEqual([state.current?.phase, state.current?.cause], ['ended', 'moved']);
});

test('what was missed of somebody is missed no more when I speak with them', () => {
  const missed = through(empty(), rang(), rang(call({ id: '2', starter: '8' })), rang(call({ id: '3', kind: 'group', room: '5' })), { type: 'tick', now: NOW + 45_000 });
  const left = (/** @type {Partial<import('../../../static/calls/types.d.ts').Wish>} */ to) => ids(after(missed, { type: 'asked', wish: wish({ call: null, ...to }), now: NOW }).missed);
  assert.deepEqual([left({}), left({ to: '8' }), left({ kind: 'group', to: null, room: '5' }), left({ kind: 'room', to: null, room: '6' })], [['2', '3'], ['1', '3'], ['1', '2'], ['1', '2', '3']]);
  assert.deepEqual(ids(after(missed, { type: 'joining', wish: wish({ call: '9' }), now: NOW }).missed), ['2', '3']);
});

test('nobody answers: my own clock ends it', () => {
  const ringing = through(empty(), { type: 'asked', wish: wish({ call: null }), now: NOW }, { type: 'started', call: '1', now: NOW }, joined({ call: call({ starter: ME }) }));
  const state = after(ringing, { type: 'tick', now: NOW + 45_000 });
  assert.deepEqual([state.current?.phase, state.current?.cause], ['ended', 'no_answer']);
  assert.equal(deadline(state), NOW + 45_000 + FAREWELL_MS);
  assert.equal(after(state, { type: 'tick', now: NOW + 45_000 + FAREWELL_MS }).current, null, 'the farewell leaves by itself');
});

test('joining that leads nowhere fails', () => {
  const state = after(empty(), { type: 'joining', wish: wish(), now: NOW });
  assert.equal(deadline(state), NOW + JOIN_WITHIN_MS);
  assert.equal(after(state, { type: 'tick', now: NOW + JOIN_WITHIN_MS }).current?.cause, 'failed');
});

test('the line lost: media goes on, and the call is whole again once resumed', () => {
  const lost = after(live(), { type: 'line', line: 'down', now: NOW + 1 });
  assert.deepEqual([lost.current?.phase, deadline(lost)], ['media_only', null], 'people may talk on without a line');
  const back = after(lost, { type: 'line', line: 'up', now: NOW + 2 });
  assert.equal(back.current?.phase, 'media_only', 'the server must know me again first');
  const resumed = after(back, joined({ resume: 'next', resumed: true, now: NOW + 3 }));
  assert.deepEqual([resumed.current?.phase, resumed.current?.resume, resumed.current?.lostAt], ['live', 'next', null]);
});

test('media lost: weak; both lost: resuming, and given up after half a minute', () => {
  const weak = after(live(), { type: 'media', media: 'down', now: NOW + 1 });
  assert.equal(weak.current?.phase, 'weak');
  const both = after(weak, { type: 'line', line: 'down', now: NOW + 5_000 });
  assert.deepEqual([both.current?.phase, deadline(both)], ['resuming', NOW + 1 + GIVE_UP_MS], 'counted from the first loss');
  assert.equal(after(both, { type: 'tick', now: NOW + GIVE_UP_MS }), both);
  assert.equal(after(both, { type: 'tick', now: NOW + 1 + GIVE_UP_MS }).current?.cause, 'lost');
  const mended = through(both, { type: 'line', line: 'up', now: NOW + 6_000 }, joined(), { type: 'media', media: 'up', now: NOW + 7_000 });
  assert.deepEqual([mended.current?.phase, mended.current?.lostAt, mended.current?.liveAt], ['live', null, NOW]);
});

test('another tab took the call over', () => {
  const state = after(live(), { type: 'over', call: '1', cause: 'moved', now: NOW });
  assert.deepEqual([state.current?.phase, state.current?.cause, state.current?.resume], ['ended', 'moved', null]);
  const looking = through(empty(), { type: 'looking', call: null, wish: wish({ room: '5', kind: 'room' }), now: NOW }, { type: 'state', mine: mine({ part: 'in', connection: 'there', call: call({ state: 'active', room: '5' }) }), now: NOW });
  assert.equal(looking.current?.phase, 'pre_join', 'who only looks may still come over');
});

test('the end says why, once, and only of this call', () => {
  assert.equal(after(live(), { type: 'over', call: '2', cause: 'removed', now: NOW }).current?.phase, 'live');
  const removed = after(live(), { type: 'over', call: '1', cause: 'removed', now: NOW });
  assert.equal(after(removed, { type: 'over', call: '1', cause: 'left', now: NOW }).current?.cause, 'removed');
  assert.equal(after(removed, { type: 'media', media: 'up', now: NOW }).current?.phase, 'ended', 'nothing wakes it again');
  assert.equal(isBusy(removed), false);
  assert.equal(after(removed, { type: 'closed' }).current, null);
  const refused = through(empty(), { type: 'asked', wish: wish({ call: null }), now: NOW }, { type: 'failed', cause: 'refused', code: 'calls.plan_needed', now: NOW });
  assert.equal(refused.current?.code, 'calls.plan_needed');
});

test('a look before joining keeps nobody busy', () => {
  const state = after(empty(), { type: 'looking', call: null, wish: wish({ call: '3', room: '5', kind: 'room' }), now: NOW });
  assert.deepEqual([state.current?.phase, isBusy(state), deadline(state)], ['pre_join', false, null]);
  assert.equal(after(state, { type: 'joining', wish: wish({ call: '3', room: '5', kind: 'room' }), now: NOW }).current?.phase, 'joining');
});

test('a clock that goes wrong neither silences a ring nor lets it ring for ever', () => {
  const hour = 3_600_000;
  const state = after({ ...begin(ME, hour), connection: 'here' }, rang(call(), NOW + hour));
  assert.deepEqual([ids(state.rings), deadline(state)], [['1'], NOW + hour + 45_000]);
});

test('people come, change and go', () => {
  const state = through(live(), { type: 'members', put: [person('8', { role: 'host' })], left: [], full: false }, { type: 'speakers', speakers: ['8', '7'] });
  assert.deepEqual(Object.keys(state.current?.people ?? {}).sort(), ['7', '8', ME]);
  const gone = after(state, { type: 'members', put: [], left: ['8'], full: false });
  assert.deepEqual(gone.current?.speakers, ['7'], 'who left does not speak');
  assert.deepEqual(Object.keys(after(state, { type: 'members', put: [person('3')], left: [], full: true }).current?.people ?? {}), ['3']);
});

test('what a host keeps off is known until it is allowed again', () => {
  const off = through(live(), { type: 'held', source: 'mic', held: true }, { type: 'held', source: 'mic', held: true });
  assert.deepEqual(off.current?.held, ['mic']);
  assert.deepEqual(after(off, { type: 'held', source: 'mic', held: false }).current?.held, []);
  assert.equal(after(off, { type: 'role', role: 'listener' }).current?.role, 'listener');
});

test('slots follow their revision', () => {
  const slot = /** @type {const} */ ({ slot: '4', member: '7', source: 'cam', state: 'live' });
  const state = after(live(), { type: 'slots', rev: 2, slots: [slot], full: false });
  const current = /** @type {any} */ (state.current);
  assert.equal(slotOf(current, '7', 'cam')?.slot, '4');
  assert.equal(slotOf(current, '7', 'screen'), undefined);
  assert.equal(after(state, { type: 'slots', rev: 2, slots: [{ ...slot, member: '8' }], full: false }).current, state.current, 'an old list changes nothing');
  assert.deepEqual(after(state, { type: 'slots', rev: 3, slots: [{ ...slot, member: null }], full: false }).current?.slots, {});
  assert.deepEqual(Object.keys(after(state, { type: 'slots', rev: 1, slots: [{ ...slot, slot: '6' }], full: true }).current?.slots ?? {}), ['6'], 'a whole list always counts');
});

test('the list shows raised hands first, then hosts', () => {
  const people = { 1: person('1'), 2: person('2', { hand: true }), 3: person('3', { role: 'host' }), 4: person('4', { sources: { screen: 'live' } }) };
  const current = /** @type {any} */ ({ ...live().current, people });
  assert.deepEqual(listed(current).map((each) => each.member), ['2', '3', '1', '4']);
  assert.equal(sharer(current, ME)?.member, '4');
  assert.equal(sharer(current, '4'), undefined, 'my own screen would show itself in itself');
});

test('the hop that fails is the first one of the browser, else of the server, and only one that can be mended', () => {
  const hop = (/** @type {any} */ trouble, /** @type {any} */ link) => failing(/** @type {any} */ ({ ...live().current, trouble, link }), ME);
  assert.deepEqual([hop(null, null), hop('no_packets', 'no_ice'), hop(null, 'no_dtls'), hop('muted', null), hop('policy', null)], [null, 'no_packets', 'no_dtls', null, null]);
});

test('that the call goes over TCP is said where my own way is poor, and where it can be why', () => {
  const slowed = (/** @type {number} */ mark, /** @type {string | null | undefined} */ route) => slowedByTcp(/** @type {any} */ ({ ...live().current, marks: { [ME]: mark } }), ME, route);
  assert.deepEqual([slowed(1, 'tcp'), slowed(2, 'tcp'), slowed(3, 'tcp'), slowed(1, 'udp'), slowed(1, null), slowed(1, undefined)], [true, false, false, false, false, false]);
});

test('the end of a call that I begin may be told before its name: busy is said as busy', () => {
  const asked = through(empty(), { type: 'asked', wish: wish({ call: null }), now: NOW }, { type: 'over', call: '1', cause: 'busy', now: NOW });
  assert.equal(asked.current?.phase, 'ringing_out');
  const busy = after(asked, { type: 'started', call: '1', now: NOW + 1 });
  assert.deepEqual([busy.current?.phase, busy.current?.cause], ['ended', 'busy']);
  assert.equal(after(asked, { type: 'started', call: '2', now: NOW + 1 }).current?.phase, 'ringing_out', 'another call goes on');
});

test('a call is as long as the server says, on every device and after every return', () => {
  const current = /** @type {any} */ (live().current);
  const known = { ...current, liveAt: NOW, call: call({ answered_at: NOW - 60_000 }) };
  assert.deepEqual([talksSince(current, 0), talksSince(known, 0), talksSince(known, 5_000), talksSince({ ...known, liveAt: null }, 0)], [NOW, NOW - 60_000, NOW - 55_000, null]);
});

test('nothing comes from whoever is gone: that is their way, not mine', () => {
  const current = /** @type {any} */ (live().current);
  const hop = (/** @type {any} */ link, /** @type {any} */ trouble = 'no_packets') => failing({ ...current, trouble, people: { [ME]: person(ME), 7: person('7', { link }) } }, ME);
  assert.deepEqual([hop('live'), hop('away'), hop('weak'), hop('connecting'), hop('away', 'no_ice')], ['no_packets', null, null, 'no_packets', 'no_ice']);
});

test('an end that says what to do stays until it was read; others go by themselves', () => {
  for (const [cause, due] of /** @type {[string, number | null][]} */ ([['left', NOW + FAREWELL_MS], ['declined', NOW + FAREWELL_MS], ['refused', null], ['failed', null], ['lost', null]])) {
    assert.equal(deadline(after(live(), { type: 'failed', cause, code: null, now: NOW })), due, cause);
  }
});

test('a call that rings nobody does not run out', () => {
  const asked = through(empty(), { type: 'asked', wish: wish({ kind: 'group', to: null, room: '5' }), now: NOW }, { type: 'started', call: '1', now: NOW });
  const told = after(asked, { type: 'state', mine: mine({ part: 'accepted', connection: 'here', call: call({ kind: 'group', room: '5', starter: ME, rung: [], expires_at: null }) }), now: NOW });
  assert.deepEqual([told.current?.phase, deadline(told)], ['ringing_out', null]);
  assert.equal(after(told, { type: 'tick', now: NOW + 60_000 }).current?.phase, 'ringing_out');
});
