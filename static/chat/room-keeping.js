/** For how long a room keeps its messages: a choice that says first what it would delete, and asks for the password where it does. */

import { get, path } from "../lib/api.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { keepChoices } from "./rights.js";

/** @import { ChatState, MyRoom } from "./types.d.ts" */

/** Days that are offered. */
const DAYS = [1, 7, 14, 30, 90, 180, 365, 730, 3_650];

/** @param {number} days 0: for ever */
const spanWords = (days) => (days ? t("chat.keep_days_choice", { count: days }) : t("chat.keep_ever"));

export class RoomKeeping {
  /** What a choice would delete, once the server has said. @type {{messages: number, pinned: number} | null} */
  #going = null;
  #asked = 0;
  #password = "";

  /** @param {ChatState} state @param {MyRoom} room */
  constructor(state, room) {
    this.state = state;
    this.room = room;
    this.chosen = room.keep_days;
    this.choices = keepChoices(state, room, DAYS);
  }

  /** What of it belongs into the request. */
  get change() {
    if (this.chosen === this.room.keep_days) return {};
    return { keep_days: this.chosen, ...(this.isShorter && { password: this.#password }) };
  }

  /** Whether messages go with the choice that would have stayed; then the server wants the password. */
  get isShorter() {
    const community = this.state.community.keep_messages_days;
    const [now, then] = [this.room.keep_days ?? community, this.chosen ?? community];
    return then > 0 && (now === 0 || then < now);
  }

  /** @param {string} value @param {() => void} redraw */
  async #choose(value, redraw) {
    this.chosen = value === "" ? null : Number(value);
    this.#going = null;
    redraw();
    const asked = ++this.#asked;
    if (this.chosen === this.room.keep_days) return;
    const days = this.chosen ?? this.state.community.keep_messages_days;
    /** @type {{messages: number, pinned: number} | null} */
    const going = await get(`${path`/api/v1/rooms/${this.room.id}/retention`}?days=${days}`).then((answer) => /** @type {any} */ (answer), () => null);
    if (asked !== this.#asked) return;
    this.#going = going;
    redraw();
  }

  /** @param {() => void} redraw @param {Record<string, string>} errors */
  view(redraw, errors) {
    if (!this.choices.length) return null;
    const error = errors.keep_days;
    const words = (/** @type {number | null} */ each) => (each === null ? t("chat.keep_as_community", { time: spanWords(this.state.community.keep_messages_days) }) : spanWords(each));
    return html`<div class="field"><label for="room-keep">${t("chat.keep_label")}</label>
      <select class="input" id="room-keep" aria-describedby="room-keep-help" @change=${(/** @type {Event} */ event) => void this.#choose(/** @type {HTMLSelectElement} */ (event.target).value, redraw)}>${this.choices.map((each) => html`<option value=${each === null ? "" : String(each)} ?selected=${each === this.chosen}>${words(each)}</option>`)}</select>
      <p class="field-help" id="room-keep-help">${t("chat.keep_help")}</p>
      <div role="status">${this.#going ? this.#warning(this.#going) : null}</div>
      ${error ? html`<p class="field-error">${icon("circle-alert")}<span>${error}</span></p>` : null}</div>
      ${this.isShorter ? this.#again(errors.password) : null}`;
  }

  /** @param {string | undefined} error */
  #again(error) {
    return html`<div class="field"><label for="room-keep-again">${t("chat.keep_password")}</label>
      <input class="input" id="room-keep-again" type="password" autocomplete="current-password" maxlength="256" .value=${this.#password} aria-invalid=${error ? "true" : null} aria-describedby=${error ? "room-keep-again-error" : null} @input=${(/** @type {Event} */ event) => (this.#password = /** @type {HTMLInputElement} */ (event.target).value)}>
      ${error ? html`<p class="field-error" id="room-keep-again-error">${icon("circle-alert")}<span>${error}</span></p>` : null}</div>`;
  }

  /** @param {{messages: number, pinned: number}} going */
  #warning({ messages, pinned }) {
    if (!messages) return html`<p class="field-help">${t("chat.keep_none_go")}</p>`;
    return html`<p class="field-error">${icon("triangle-alert")}<span>${t("chat.keep_would_go", { count: messages })}${pinned ? html` ${t("chat.keep_pinned_go", { count: pinned })}` : null}</span></p>`;
  }
}
