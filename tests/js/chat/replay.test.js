// State and events give the fresh state: the client's own reducers over what a real server said. The integration tests record the
// cases (`cargo test --test it replay`); without a recording there is nothing to hold the reducers against, and that is a failure.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { after, begin, comparable } from '../../../static/chat/state.js';

const folder = new URL('../../../target/replay/', import.meta.url);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')).sort() : [];

/** A client that has loaded this: the state and the newest page of each room. */
const loaded = ({ state, pages }) =>
  Object.entries(pages).reduce((now, [room, page]) => after(now, { type: 'page', room, thread: null, asked: { newest: true }, page }), begin(state));

/** What the client fetches when its state says that something is missing, as the server answers it at the end. */
function mended(state, { state: fresh, pages }) {
  let now = state;
  for (const id of Object.keys(now.joining)) {
    const room = fresh.rooms.find((each) => each.id === id);
    if (!room) continue;
    now = after(now, { type: 'room_loaded', room });
    now = after(now, { type: 'page', room: id, thread: null, asked: { newest: true }, page: pages[id] });
  }
  for (const { room, counts } of Object.values(now.rooms)) {
    const { seq, read_seq, unread, mentions } = fresh.rooms.find((each) => each.id === room.id) ?? room;
    if (counts === 'stale') now = after(now, { type: 'counted', room: room.id, seq, read_seq, unread, mentions });
  }
  return now;
}

const play = (state, events) => events.reduce((now, { room, seq, at, event }) => after(now, { type: 'logged', room, seq, at, event }), state);

describe('state + events = fresh state', () => {
  test('there is a recording', () => assert.ok(files.length > 0, 'run the integration tests first'));
  for (const file of files) {
    const recorded = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    test(`${recorded.kind}: ${recorded.case}`, () => {
      const told = mended(play(loaded(recorded.before), recorded.events), recorded.after);
      assert.deepEqual(comparable(told), comparable(loaded(recorded.after)));
    });
  }
});
