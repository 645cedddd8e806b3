// What screen readers are told of new messages: by whose name, and that nothing stays of what may not be read any more.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Announcer } from '../../../static/chat/announcer.js';
import { load } from '../../../static/lib/words.js';

const said = /** @type {any} */ ({ kind: 'message_sent', author: '7', body_html: '<p>Ahoy</p>', thread: null, deleted: false });

/** A live region, and an announcer that speaks into it. @param {any} state */
const speaking = (state) => {
  Object.assign(globalThis, { document: { createElement: () => ({}) } });
  const line = { lines: /** @type {string[]} */ ([]), replaceChildren: (/** @type {any[]} */ ...all) => void (line.lines = all.map((one) => one.textContent)) };
  const announcer = new Announcer(() => state);
  announcer.into(/** @type {any} */ (line));
  return { line, announcer };
};

test('who speaks for the first time is named, though the name comes after the words', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  load({ 'chat.said': '{name}: {text}' }, 'en');
  const state = { me: { id: '1' }, members: /** @type {any} */ ({}) };
  const { line, announcer } = speaking(state);
  announcer.hear(said);
  state.members['7'] = { id: '7', username: 'bruno', display_name: 'Bruno Reyes', state: 'active', roles: [], hue: 1 };
  mock.timers.tick(150);
  assert.deepEqual(line.lines, ['Bruno Reyes: Ahoy']);
  announcer.hear(said);
  announcer.clear();
  assert.deepEqual(line.lines, [], 'nothing stays in the region');
  mock.timers.tick(5_000);
  assert.deepEqual(line.lines, [], 'and nothing that waited is said');
  mock.timers.reset();
});
