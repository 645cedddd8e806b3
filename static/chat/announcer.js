/** Says new messages to screen readers: politely, not faster than they can be heard, summed up when many come at once. */

import { t } from "../lib/words.js";
import { excerptOf } from "./messages.js";
import { memberName } from "./names.js";

/** @import { Event } from "../types/live.d.ts" */
/** @import { ChatState } from "./types.d.ts" */

/** Messages that come together are said together. */
const FIRST_MS = 150;
const EVERY_MS = 2_000;
/** More than this at once are only counted. */
const FEW = 3;

export class Announcer {
  /** @type {Extract<Event, {kind: "message_sent"}>[]} */
  #waiting = [];
  /** @type {Element | null} */
  #line = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;

  /** @param {() => ChatState} state what is known now: who speaks for the first time is known a moment after their words */
  constructor(state) {
    this.state = state;
  }

  /** @param {Element} line the live region */
  into(line) {
    this.#line = line;
  }

  /** @param {Extract<Event, {kind: "message_sent"}>} event */
  hear(event) {
    if (event.author === this.state().me.id || event.thread !== null || event.deleted) return;
    this.#waiting.push(event);
    if (this.#timer === null) this.#timer = setTimeout(() => this.#say(), FIRST_MS);
  }

  /** Nothing that was said, or was to be said, can be read any more. */
  clear() {
    this.#waiting = [];
    this.#line?.replaceChildren();
  }

  #say() {
    this.#timer = null;
    const { members } = this.state();
    const words = (/** @type {Extract<Event, {kind: "message_sent"}>} */ { author, body_html }) => t("chat.said", { name: memberName(members[author]), text: excerptOf(body_html ?? "") });
    const said = this.#waiting.length > FEW ? [t("chat.new_messages", { count: this.#waiting.length })] : this.#waiting.map(words);
    this.#waiting = [];
    if (!this.#line || !said.length) return;
    this.#line.replaceChildren(...said.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
    this.#timer = setTimeout(() => this.#say(), EVERY_MS);
  }
}
