/** Keeps what I call others up to date on a page that is not the app. */

import { pageLine } from "../lib/page-line.js";
import { askForNames, renamed } from "../chat/names.js";

/** @type {Promise<void> | undefined} */
let known;
let isFollowed = false;

/** Asks for the names until they are known, and follows them from then on. @returns {Promise<void>} */
export function followNames() {
  if (!isFollowed) pageLine().join({ event: ({ event }) => void (event.kind === "note_changed" && renamed(event.member)), reset: () => void askForNames() });
  isFollowed = true;
  known ??= askForNames().then((isKnown) => {
    if (!isKnown) known = undefined;
  });
  return known;
}
