// Notices and what they change, what is looked at, how rings sound, and how loud a voice is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lasted } from '../../../static/calls/duration.js';
import { DEAD_MS, rootMeanSquare, scaled } from '../../../static/calls/level.js';
import { changeOf } from '../../../static/calls/notices.js';
import { ringOf } from '../../../static/calls/loudness.js';
import { Sights, stepFor, THROTTLE_MS, viewOf } from '../../../static/calls/sights.js';
import { strikeOf } from '../../../static/calls/tones.js';
import { mayWriteTo, relationOf } from '../../../static/calls/relation.js';
import { Clock } from '../lib/support.js';
import { call, NOW } from './cast.js';

test('a notice about another call changes nothing here, unless it rings or ends', () => {
  const speakers = { type: /** @type {const} */ ('call.speakers'), call: '2', speakers: ['7'] };
  assert.equal(changeOf(speakers, '1', NOW), null);
  assert.deepEqual(changeOf({ ...speakers, call: '1' }, '1', NOW), { type: 'speakers', speakers: ['7'] });
  assert.equal(changeOf({ type: 'call.ring', call: call({ id: '2' }), waiting: true }, '1', NOW)?.type, 'rang');
  assert.deepEqual(changeOf({ type: 'call.ended', call: '2', cause: 'declined' }, '1', NOW), { type: 'over', call: '2', cause: 'declined', now: NOW });
  assert.equal(changeOf({ type: 'call.parted', call: '2', why: 'moved' }, '1', NOW), null, 'that was another stay');
});

test('what a host did to me is held, allowed, or a role', () => {
  const told = (/** @type {any} */ act) => changeOf({ type: 'call.moderated', call: '1', by: '7', act }, '1', NOW);
  assert.deepEqual(told({ kind: 'muted', source: 'mic' }), { type: 'held', source: 'mic', held: true });
  assert.deepEqual(told({ kind: 'may_unmute', source: 'mic' }), { type: 'held', source: 'mic', held: false });
  assert.deepEqual(told({ kind: 'role', role: 'listener' }), { type: 'role', role: 'listener' });
  assert.equal(told({ kind: 'hand_lowered' }), null, 'the list of members says so as well');
});

test('what of mine nobody sees is told by the server, but not what I turned off', () => {
  const quality = { type: /** @type {const} */ ('call.quality'), call: '1', marks: [{ member: '7', mark: 3 }], heard: true, link: /** @type {const} */ ('no_dtls'), sending: { mic: 'no_packets', cam: 'no_keyframe', screen: 'muted' }, receiving: { 5: 'no_keyframe' } };
  assert.deepEqual(changeOf(/** @type {any} */ (quality), '1', NOW), { type: 'quality', marks: { 7: 3 }, heard: true, unseen: ['cam'], silent: { 5: 'no_keyframe' }, link: 'no_dtls' });
});

test('pictures are asked for in steps of their size, and none while hidden', () => {
  assert.deepEqual([0, 80, 150, 199, 201, 700, 5_000].map(stepFor), [0, 90, 180, 180, 360, 720, 1_080]);
  const sight = (/** @type {string} */ member, /** @type {number} */ height, more = {}) => ({ member, source: /** @type {const} */ ('cam'), height, onStage: false, ...more });
  const sights = [sight('7', 300, { onStage: true }), sight('8', 100), sight('9', 0), sight('7', 500, { source: 'screen', onStage: true })];
  assert.deepEqual(viewOf(sights, false), { stage: ['7'], tiles: { 7: 360, 8: 90 }, screen: 720, hidden: false });
  assert.deepEqual(viewOf(sights, true), { stage: [], tiles: {}, screen: 0, hidden: true });
});

test('the server hears of it four times a second at most, the last one, and once', () => {
  const clock = new Clock();
  /** @type {unknown[]} */
  const told = [];
  const sights = new Sights((view) => told.push(view.tiles), clock);
  const see = (/** @type {number} */ height) => sights.see({ stage: [], tiles: { 7: height }, screen: 0, hidden: false });
  see(90);
  see(180);
  clock.pass(THROTTLE_MS - 1);
  assert.deepEqual(told, []);
  clock.pass(1);
  assert.deepEqual(told, [{ 7: 180 }]);
  see(180);
  clock.pass(THROTTLE_MS);
  assert.equal(told.length, 1, 'nothing new');
  sights.again();
  clock.pass(THROTTLE_MS);
  assert.deepEqual(told, [{ 7: 180 }, { 7: 180 }], 'another connection is told again');
  sights.close();
  clock.pass(THROTTLE_MS);
  assert.equal(told.length, 2);
});

test('a ring strikes in pairs of two bars and rises for twenty seconds', () => {
  const strikes = Array.from({ length: 40 }, (_, n) => strikeOf('ring_in', n));
  assert.deepEqual(strikes.slice(0, 5).map((each) => each.at), [0, 0.5, 1, 1.5, 3]);
  assert.ok(strikes.every((each, n) => n === 0 || each.at > strikes[n - 1].at && each.loud >= strikes[n - 1].loud));
  assert.equal(strikes.find((each) => each.at >= 20)?.loud, strikes.at(-1)?.loud, 'then it is as loud as it gets');
  const [low, high] = strikes[0].of;
  assert.ok(Math.abs(high / low - 4 / 3) < 0.01, 'a fourth apart');
});

test('loudness is read as people hear it', () => {
  assert.equal(scaled(0), 0);
  assert.equal(scaled(1), 1);
  assert.ok(Math.abs(scaled(0.001)) < 1e-9, 'sixty decibels down is silence');
  assert.ok(scaled(0.05) > 0.4 && scaled(0.05) < 0.7, 'speech stands in the middle');
  assert.equal(rootMeanSquare(new Float32Array([1, -1, 1, -1])), 1);
  assert.ok(DEAD_MS >= 1_000);
});

test('a length is written as clocks do', () => {
  assert.deepEqual([0, 65_400, 3_723_000].map(lasted), ['00:00', '01:05', '1:02:03']);
});

test('what a caller is to me, the nearest first', () => {
  const of = (/** @type {object} */ more) => relationOf({ contact: 'none', follow: 'none', follows_me: false, ...more });
  assert.equal(of({ contact: 'contact', follow: 'following' }), 'calls.is_contact');
  assert.equal(of({ follow: 'following', follows_me: true }), 'calls.is_mutual');
  assert.equal(of({ follow: 'following' }), 'calls.is_followed');
  assert.equal(of({ follows_me: true }), 'calls.is_follower');
  assert.equal(of({ contact: 'asked' }), 'calls.is_stranger');
});

test('whoever rings is answered in words where a conversation is there or may begin', () => {
  assert.deepEqual([[null, []], [null, ['call']], [null, ['message']], ['7', ['message']]].map(([conversation, closed]) => mayWriteTo(/** @type {any} */ ({ conversation }), /** @type {string[]} */ (closed))), [true, true, false, true]);
});

test('the ring of whoever speaks is two to four pixels wide, by the ear', () => {
  assert.deepEqual([0, 0.001, 0.00316, 0.0562, 0.5, 1].map(ringOf), [2, 2, 2, 3, 3.75, 4]);
});
