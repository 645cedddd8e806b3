/** The panel with the pinned messages of a room. */

import { get, path } from "../lib/api.js";
import { html, keyed } from "../lib/html.js";
import { t } from "../lib/words.js";
import { Bodies } from "./body.js";
import { doAct } from "./message-acts.js";
import { messageView } from "./message-view.js";
import { panelBones, panelFailed, panelHead } from "./panel-head.js";
import { pathOf } from "./place.js";

/** @import { Message } from "../types/live.d.ts" */
/** @import { RialtoApp } from "./rialto-app.js" */
/** @import { RoomState } from "./types.d.ts" */

export class PinsPanel {
  #bodies = new Bodies();
  #room = "";
  #changes = -1;
  /** @type {Message[]} */
  #items = [];
  /** @type {"loading" | "failed" | "there"} */
  #status = "loading";

  /** @param {RialtoApp} app @param {() => void} redraw */
  constructor(app, redraw) {
    this.app = app;
    this.redraw = redraw;
  }

  /** @param {RoomState} it */
  #refresh({ room, recent }) {
    const pins = new Set(this.#items.map((message) => message.id));
    const changes = recent.findLast(({ event }) => event.kind === "message_pinned" || event.kind === "message_unpinned" || event.kind === "messages_expired" || ("id" in event && pins.has(event.id)))?.seq ?? 0;
    if (this.#room === room.id && this.#changes === changes) return;
    if (this.#room !== room.id) [this.#items, this.#status] = [[], "loading"];
    [this.#room, this.#changes] = [room.id, changes];
    void this.#load(room.id);
  }

  /** @param {string} room */
  async #load(room) {
    try {
      /** @type {{items: Message[]}} */
      const page = await get(path`/api/v1/rooms/${room}/pins`);
      if (room !== this.#room) return;
      this.#items = page.items;
      this.#status = "there";
      this.app.client.want(page.items.map((message) => message.author));
    } catch {
      if (room === this.#room) this.#status = "failed";
    }
    this.redraw();
  }

  /** @param {RoomState} it */
  view(it) {
    this.#refresh(it);
    const { state } = this.app.client;
    const setting = {
      state, room: it.room, bodies: this.#bodies, active: null, editing: null, target: null, isThread: true,
      onAct: (/** @type {string} */ act, /** @type {Message} */ message, /** @type {Element} */ anchor) => void doAct(this.app, act, message, anchor),
    };
    // Whom I block says nothing here either, until the block ends.
    const shown = this.#items.filter(({ author }) => !state.people.blocked.includes(author));
    return html`${panelHead(this.app, t("chat.pinned_messages"))}<div class="panel-scroll">
      ${this.#status === "failed" ? panelFailed(t("chat.pins_failed"), () => void this.#load(it.room.id)) : this.#status === "loading" ? panelBones : null}
      ${this.#status === "there" && !shown.length ? html`<p class="empty-line">${t("chat.no_pins")}</p>` : null}
      ${keyed(shown, (message) => message.id, (message) => html`<div>${messageView({ ...message, pinned: false }, true, setting)}
        <a class="button" data-kind="quiet" data-size="small" href=${pathOf({ room: message.room, target: message.seq })}>${t("chat.show_in_room")}</a></div>`)}</div>`;
  }
}
