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
  /** @type {string[]} */
  #waiting = [];
  /** @type {Element | null} */
  #line = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;

  /** @param {Element} line the live region */
  into(line) {
    this.#line = line;
  }

  /** @param {Extract<Event, {kind: "message_sent"}>} event @param {ChatState} state */
  hear(event, state) {
    if (event.author === state.me.id || event.thread !== null || event.deleted) return;
    this.#waiting.push(t("chat.said", { name: memberName(state.members[event.author]), text: excerptOf(event.body_html ?? "") }));
    if (this.#timer === null) this.#timer = setTimeout(() => this.#say(), FIRST_MS);
  }

  clear() {
    this.#waiting = [];
  }

  #say() {
    this.#timer = null;
    const said = this.#waiting.length > FEW ? [t("chat.new_messages", { count: this.#waiting.length })] : this.#waiting;
    this.#waiting = [];
    if (!this.#line || !said.length) return;
    this.#line.replaceChildren(...said.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
    this.#timer = setTimeout(() => this.#say(), EVERY_MS);
  }
}
