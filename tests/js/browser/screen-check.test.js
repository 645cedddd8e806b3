/** The eye of the proof of gaps: what it must see on a screen that is wrong. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { faults, stored } from "../../browser/support/screen-check.mjs";

const row = (n, text = `word ${n}`) => ({ id: String(n), seq: n, text, reactions: "" });
const all = [1, 2, 3, 4].map((n) => row(n));
const kinds = (rows, toEnd = true) => faults(rows, all, { toEnd }).map(({ kind }) => kind);

test("a screen that shows the end of what is stored is right", () => {
  assert.deepEqual(kinds(all), []);
  assert.deepEqual(kinds(all.slice(2)), []);
  assert.deepEqual(kinds(all.slice(0, 2), false), [], "a stretch that need not reach the end");
});

test("everything else is seen", () => {
  assert.deepEqual(kinds([]), ["missing"]);
  assert.deepEqual(kinds(all.slice(0, 3)), ["missing"]);
  assert.deepEqual(kinds([row(1), row(3), row(4)]), ["missing"]);
  assert.deepEqual(kinds([row(2), row(3), row(3), row(4)]), ["twice"]);
  assert.ok(kinds([row(1), row(3), row(2), row(4)]).includes("order"));
  assert.deepEqual(kinds([...all, row(5)]), ["phantom"]);
  assert.deepEqual(kinds([row(3), row(4, "another word")]), ["different"]);
  assert.deepEqual(kinds([row(3), { ...row(4), reactions: "👍1" }]), ["different"]);
  assert.deepEqual(kinds([row(3), { ...row(4), seq: 5 }]), ["different"]);
});

test("an answer of the API is read as a screen is", () => {
  const message = { id: "1", seq: 1, body: "word", edited_at: null, deleted: false, reactions: [] };
  const edited = { ...message, id: "2", seq: 2, edited_at: 7, reactions: [{ emoji: "👍", members: ["a", "b"] }] };
  const deleted = { ...message, id: "3", seq: 3, body: null, deleted: true };
  assert.deepEqual(stored([deleted, edited, message]), [
    { id: "1", seq: 1, text: "word", reactions: "" },
    { id: "2", seq: 2, text: "word (edited)", reactions: "👍2" },
    { id: "3", seq: 3, text: "deleted", reactions: "" },
  ]);
});
