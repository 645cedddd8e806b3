// Offers: one at a time, gathered, numbered, repeated when nobody answers.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ANSWER_WITHIN_MS, GATHER_MS, Negotiation } from '../../../static/calls/negotiation.js';
import { Clock, settle } from '../lib/support.js';

/** @type {Clock} */
let clock;
/** @type {[number, boolean][]} */
let offers;
/** @type {Negotiation} */
let negotiation;

beforeEach(() => {
  clock = new Clock();
  offers = [];
  negotiation = new Negotiation(async (generation, restarts) => void offers.push([generation, restarts]), clock);
});

test('changes that come together make one offer', () => {
  negotiation.need();
  clock.pass(GATHER_MS - 1);
  negotiation.need();
  assert.deepEqual(offers, []);
  clock.pass(1);
  assert.deepEqual(offers, [[1, false]]);
});

test('while one is under way the next waits for its answer', () => {
  void negotiation.begin();
  negotiation.need();
  negotiation.need();
  clock.pass(GATHER_MS * 4);
  assert.deepEqual(offers, [[1, false]]);
  assert.equal(negotiation.answered(1), true);
  clock.pass(GATHER_MS);
  assert.deepEqual(offers, [[1, false], [2, false]]);
  assert.equal(negotiation.answered(2), true);
  clock.pass(ANSWER_WITHIN_MS * 2);
  assert.equal(offers.length, 2, 'nothing changed, nothing is offered');
});

test('an answer to an older offer is none', () => {
  void negotiation.begin();
  negotiation.restart();
  assert.equal(negotiation.answered(1), false);
  assert.equal(negotiation.answered(2), true);
  assert.equal(negotiation.answered(2), false, 'nor is a second one');
});

test('an offer without an answer is made again as a restart', () => {
  void negotiation.begin();
  clock.pass(ANSWER_WITHIN_MS);
  assert.deepEqual(offers, [[1, false], [2, true]]);
});

test('one that could not be sent is made again as well', async () => {
  const failing = new Negotiation(async (generation, restarts) => {
    offers.push([generation, restarts]);
    if (generation === 1) throw new Error('no line');
  }, clock);
  await failing.begin();
  await settle();
  clock.pass(ANSWER_WITHIN_MS);
  assert.deepEqual(offers, [[1, false], [2, true]]);
});

test('a restart does not wait', () => {
  void negotiation.begin();
  negotiation.answered(1);
  negotiation.need();
  negotiation.restart();
  assert.deepEqual(offers, [[1, false], [2, true]]);
  clock.pass(GATHER_MS);
  assert.equal(offers.length, 2, 'what was gathered went with it');
});

test('closed, it is quiet for ever', () => {
  negotiation.need();
  negotiation.close();
  negotiation.restart();
  negotiation.need();
  clock.pass(ANSWER_WITHIN_MS * 3);
  assert.deepEqual(offers, []);
  assert.equal(negotiation.answered(1), false);
});
