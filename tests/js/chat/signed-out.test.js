// A session that ended in one tab may go on under another cookie: one question tells, a moment later.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { sessionNow } from '../../../static/chat/signed-out.js';
import { Refused } from '../../../static/lib/errors.js';
import { Clock, settle } from '../lib/support.js';

let clock, asked;

beforeEach(() => {
  clock = new Clock();
  asked = 0;
});

/** What is found when the API answers like this. */
const found = async (answer, chance = 0) => {
  const verdict = sessionNow('1', {
    whoAmI: async () => {
      asked += 1;
      return answer();
    },
    after: clock.after,
    random: () => chance,
  });
  assert.equal(asked, 0, 'not at once: the cookie is on its way');
  clock.pass(400);
  await settle();
  return verdict;
};
const refuse = (code, status) => () => {
  throw new Refused(code, { status });
};

describe('a connection that was signed out', () => {
  test('opens again when this browser has another session of the same member', async () => {
    assert.equal(await found(() => ({ id: '1' })), 'again');
    assert.equal(asked, 1, 'one question');
  });

  test('is out when nobody is signed in', async () => {
    assert.equal(await found(refuse('error.sign_in', 401)), 'out');
  });

  test('begins anew when somebody else is signed in', async () => {
    assert.equal(await found(() => ({ id: '2' })), 'other');
  });

  test('is not out because nobody could be asked', async () => {
    for (const status of [0, 429, 503]) {
      asked = 0;
      assert.equal(await found(refuse('error.busy', status)), 'again', String(status));
    }
  });

  test('asks after 150 to 400 milliseconds, so that tabs do not ask together', () => {
    for (const chance of [0, 0.5, 1]) void sessionNow('1', { whoAmI: async () => ({ id: '1' }), after: clock.after, random: () => chance });
    assert.deepEqual(clock.pending, [150, 275, 400]);
  });
});
