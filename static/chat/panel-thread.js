/** The panel with a thread: the message it began with, the answers, and a composer of its own. */

import { Refused, sentence } from "../lib/errors.js";
import { html, keyed } from "../lib/html.js";
import { t } from "../lib/words.js";
import { Bodies } from "./body.js";
import { Client } from "./client.js";
import { doAct } from "./message-acts.js";
import { echoView, messageView } from "./message-view.js";
import { panelBones, panelFailed, panelHead } from "./panel-head.js";
import { find, liveOf } from "./ranges.js";
import { rowsOf } from "./rows.js";

/** @import { Message } from "../types/live.d.ts" */
/** @import { RialtoApp } from "./rialto-app.js" */
/** @import { Echo, RoomState } from "./types.d.ts" */

/** This close to the end the newest answer is followed. */
const AT_END = 60;

export class ThreadPanel {
  #bodies = new Bodies();
  /** @type {string | null} */
  #active = null;
  #shown = "";
  #wasAtEnd = true;

  /** @param {RialtoApp} app @param {HTMLElement} aside @param {() => void} redraw */
  constructor(app, aside, redraw) {
    this.app = app;
    this.aside = aside;
    this.redraw = redraw;
    for (const kind of ["pointerover", "focusin"]) aside.addEventListener(kind, (event) => this.#point(event.target));
  }

  /** @param {EventTarget | null} target */
  #point(target) {
    const key = target instanceof Element ? target.closest(".message")?.getAttribute("data-key") ?? null : null;
    if (key === this.#active || this.app.place.state.panel?.kind !== "thread" || this.aside.querySelector(".message-tools [aria-expanded=true]")) return;
    this.#active = key;
    this.redraw();
  }

  /** @param {RoomState} it @param {string} id of the first message */
  view(it, id) {
    const { client } = this.app;
    const { state } = client;
    const ranges = it.threads[id] ?? [];
    const range = liveOf(ranges);
    const asked = { newest: /** @type {const} */ (true) };
    const status = client.loads.state[Client.loadKey(it.room.id, id, asked)];
    if (!range && !status) queueMicrotask(() => void client.load(it.room.id, id, asked));
    const root = find(it.ranges, id);
    const setting = {
      state, room: it.room, bodies: this.#bodies, active: this.#active, target: null, isThread: true,
      editing: this.app.place.state.writing?.kind === "edit" ? this.app.place.state.writing.message.id : null,
      onAct: (/** @type {string} */ act, /** @type {Message} */ message, /** @type {Element} */ anchor) => void doAct(this.app, act, message, anchor),
    };
    const echoes = state.echoes.filter((echo) => echo.room === it.room.id && echo.thread === id);
    const rows = range ? rowsOf({ range: { ...range, from: Math.max(1, range.from) }, echoes, newFrom: null, me: state.me.id, hidden: state.people.blocked }) : [];
    client.want(rows.flatMap((row) => (row.kind === "message" ? [row.message.author] : [])));
    const scroll = this.aside.querySelector(".panel-scroll");
    this.#wasAtEnd = this.#shown !== id || !scroll || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < AT_END;
    this.#shown = id;
    const last = range?.items.at(-1);
    if (last && document.hasFocus() && this.#wasAtEnd) client.readThread(it.room.id, id, last.seq);
    return html`${panelHead(this.app, t("chat.thread_title"))}<div class="panel-scroll" role="group" aria-label=${t("chat.thread_title")}>
      ${root ? messageView(root, true, setting) : null}
      ${root && range && (root.thread_count || echoes.length) ? html`<div class="date-line" role="separator"><span>${t("chat.answers", { count: root.thread_count })}</span></div>` : null}
      ${range ? null : status === "failed" ? panelFailed(t("chat.thread_failed"), () => void client.load(it.room.id, id, asked)) : panelBones}
      ${range && range.from > 0 && range.items[0] && range.items.length >= 50 ? html`<button class="button" data-kind="quiet" type="button" @click=${() => void client.load(it.room.id, id, { before: /** @type {Message} */ (range.items[0]).seq })}>${t("chat.older")}</button>` : null}
      ${keyed(rows.filter((row) => row.kind === "message" || row.kind === "echo"), (row) => row.key, (row) => (row.kind === "message" ? messageView(row.message, row.isFirst, setting)
        : row.kind === "echo" ? echoView(row.echo, row.isFirst, setting, this.#onEcho(row.echo)) : null))}</div>
      <room-composer data-thread=${id}></room-composer>`;
  }

  /** @param {Echo} echo */
  #onEcho({ client_key: key, code, said }) {
    const { outbox } = this.app.client;
    return { retry: () => void outbox.retry(key), drop: () => void outbox.drop(key), why: code ? sentence(new Refused(code, { message: said ?? "" })) : t("chat.not_sent") };
  }

  /** After the drawing: the newest answer stays in sight. */
  drawn() {
    const scroll = this.aside.querySelector(".panel-scroll");
    if (this.app.place.state.panel?.kind !== "thread") this.#shown = "";
    else if (scroll && this.#wasAtEnd) scroll.scrollTop = scroll.scrollHeight;
  }
}
