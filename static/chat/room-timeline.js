/** `<room-timeline>`: the messages of the open room, as a feed that holds still while one reads. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { sentence, Refused } from "../lib/errors.js";
import { day, list, number, t } from "../lib/words.js";
import { Bodies } from "./body.js";
import { Client } from "./client.js";
import { callCard, echoView, messageView } from "./message-view.js";
import { memberName, roomName, roomPicture, roomTitle } from "./names.js";
import { covering, isLive, liveOf } from "./ranges.js";
import { isVisitor } from "./rights.js";
import { guess, keyOf, rowsOf } from "./rows.js";
import { ScrollKeeper } from "./scroll-keeper.js";
import { roomAt } from "./state.js";
import { Surface } from "./surface.js";
import { SKELETON, keptWords, noRoomChosen, notLoaded, unknownRoom } from "./timeline-states.js";
import { watchLongPress } from "./long-press.js";

/** @import { Event, Message } from "../types/live.d.ts" */
/** @import { Row } from "./rows.js" */
/** @import { Asked, ChatState, Echo, Range, RoomState } from "./types.d.ts" */

/** Older and newer messages are loaded when their edge is this close. */
const NEAR = 1_200;
/** @type {import("../types/live.d.ts").CallEntry[]} */
const NONE = [];
/** A link's message is marked for this long. */
const MARKED_MS = 2_500;

/** What letters do on a focused message. @type {Record<string, string>} */
const ACTS = { r: "reply", e: "edit", t: "thread", Enter: "more" };

/** The acts are not needed before the first of them. */
const acts = () => import("./message-acts.js");

class RoomTimeline extends Surface {
  /** @type {ScrollKeeper<Row> | null} */
  #keeper = null;
  #bodies = new Bodies();
  /** Loaded with the first message that comes. @type {import("./announcer.js").Announcer | null} */
  #announcer = null;
  /** @type {string | null} */
  #room = null;
  /** The stretch that is shown is the one around this place; null: the one that reaches the head. @type {number | null} */
  #around = null;
  /** Read mark above which the line of what is new stands. It holds still until the room is left or marked. @type {number | null} */
  #newFrom = null;
  #newCount = 0;
  /** Marked as unread by hand: what is seen is not read until the room is left. */
  #isHeld = false;
  /** @type {string | null} */
  #active = null;
  /** @type {number | null} */
  #target = null;
  #visit = -1;
  /** Is the room looked at without being in it? */
  #isOutside = false;
  /** What the rows were made of. @type {unknown[]} */
  #from = [];
  /** @type {Row[]} */
  #rows = [];

  /** @override */
  started() {
    this.app.client.onEvent(({ room, event }) => void (room === this.#room && event.kind === "message_sent" && this.#announce(event)));
    this.addEventListener("mark-read", () => this.#markRead());
    this.addEventListener("sent", () => this.#sent());
    this.addEventListener("mark-unread", (event) => this.#hold(/** @type {CustomEvent<number>} */ (event).detail));
    this.addEventListener("keydown", (event) => this.#press(event));
    this.addEventListener("pointerover", (event) => this.#point(event.target));
    this.addEventListener("focusin", (event) => this.#point(event.target));
    this.addEventListener("pointerleave", () => this.#activate(null));
    this.addEventListener("click", (event) => this.#mention(event.target));
    watchLongPress(this, ".message[data-seq]", (element, at) => this.#openActs(element, at));
    for (const kind of ["focus", "blur", "call-shape"]) addEventListener(kind, () => this.#attend());
    document.addEventListener("visibilitychange", () => this.#attend());
  }

  /** @override */
  update() {
    const { state } = this.app.client;
    const { room, target, visit } = this.app.place.state;
    const it = roomAt(state, room);
    if (room !== this.#room) this.#enter(room, it);
    const isOutside = it !== undefined && isVisitor(state, it.room);
    const hasJoined = it !== undefined && this.#isOutside && !isOutside;
    this.#isOutside = isOutside;
    // Who joins stays at the message that led them here.
    if (visit !== this.#visit || hasJoined) {
      this.#visit = visit;
      if (target !== null) this.#seek(target);
      else if (this.#around !== null) this.#present();
    }
    this.#attend();
    const range = it && this.#range(it);
    super.update();
    const scroller = /** @type {HTMLElement | null} */ (this.querySelector(".timeline-scroll[tabindex]"));
    if (!it || !range || !scroller) return this.#dropKeeper();
    this.#draw(state, it, range, scroller);
  }

  /** @param {string | null} room @param {RoomState | undefined} it */
  #enter(room, it) {
    this.#room = room;
    this.#around = this.#target = this.#active = null;
    this.#isHeld = false;
    this.#newFrom = it?.room.unread ? it.room.read_seq : null;
    this.#newCount = it?.room.unread ?? 0;
    this.#announcer?.clear();
    this.#keeper?.reset();
  }

  /** The stretch on the screen; what is missing is asked for. @param {RoomState} it @returns {Range | undefined} */
  #range(it) {
    const range = this.#around === null ? liveOf(it.ranges) : covering(it.ranges, this.#around);
    if (!range) this.#load(this.#around === null ? { newest: true } : { around: this.#around });
    return range;
  }

  /** @param {Asked} asked @param {boolean} [again] also when it failed before */
  #load(asked, again = false) {
    const { client } = this.app;
    if (this.#room === null) return;
    const status = client.loads.state[Client.loadKey(this.#room, null, asked)];
    if (status === "loading" || (status === "failed" && !again)) return;
    // Not while drawing: loading tells the watchers.
    const room = this.#room;
    queueMicrotask(() => void client.load(room, null, asked));
  }

  /** @override @param {ChatState} state */
  view(state) {
    const it = roomAt(state, this.#room);
    return html`${this.#content(state, it)}${it ? this.#pills(it) : null}
      <p class="typing">${it ? this.#typing(state) : null}</p>
      <div class="visually-hidden" role="log" aria-live="polite" aria-label=${t("chat.news")}></div>`;
  }

  /** @param {ChatState} state @param {RoomState | undefined} it */
  #content(state, it) {
    if (!it) return this.#room === null || state.joining[this.#room] ? noRoomChosen() : unknownRoom(this.app, this.#room);
    const range = this.#around === null ? liveOf(it.ranges) : covering(it.ranges, this.#around);
    if (range) {
      return html`<div class="timeline-scroll" tabindex="0" aria-label=${t("chat.messages_of", { room: roomTitle(state, it.room) })} role="region">
        <div class="timeline-feed" role="feed" aria-label=${roomTitle(state, it.room)}></div></div>`;
    }
    /** @type {Asked} */
    const asked = this.#around === null ? { newest: true } : { around: this.#around };
    if (this.app.client.loads.state[Client.loadKey(it.room.id, null, asked)] !== "failed") return SKELETON;
    return notLoaded(() => this.#load(asked, true));
  }

  /** @param {ChatState} state @param {RoomState} it @param {Range} range @param {HTMLElement} scroller */
  #draw(state, it, range, scroller) {
    const feed = /** @type {HTMLElement} */ (scroller.querySelector(".timeline-feed"));
    if (this.#keeper?.scroller !== scroller) {
      this.#dropKeeper();
      this.#keeper = new ScrollKeeper(scroller, feed, { draw: (row) => this.#row(row), guess, onScroll: () => this.#scrolled() });
    }
    const echoes = state.echoes.filter((echo) => echo.room === this.#room && echo.thread === null);
    const hidden = state.people.blocked;
    const cards = state.cards[it.room.id] ?? NONE;
    const from = [range, this.#newFrom, state.me.id, hidden, cards, ...echoes];
    if (from.length !== this.#from.length || from.some((each, at) => each !== this.#from[at])) {
      this.#from = from;
      this.#rows = rowsOf({ range, echoes, newFrom: this.#newFrom, me: state.me.id, hidden, cards });
    }
    feed.setAttribute("aria-busy", String(range.from > 0 && this.app.client.loads.state[Client.loadKey(it.room.id, null, { before: 0 })] === "loading"));
    this.#goal(range);
    this.#keeper.show(this.#rows);
    // The pills depend on what is in sight, and that is known only now.
    super.update();
    this.#attend();
    this.#edges();
    this.#watch(state);
  }

  /** Brings the message of a link into view, once it is there. @param {Range} range */
  #goal(range) {
    if (this.#target === null || !this.#keeper) return;
    const message = range.items.find((each) => each.seq >= /** @type {number} */ (this.#target));
    if (!message) return;
    const key = keyOf(message, this.app.client.state.me.id);
    this.#target = message.seq;
    this.#keeper.rows = this.#rows;
    this.#keeper.toRow(key);
    const seq = message.seq;
    this.querySelector(`[data-seq="${seq}"]`)?.setAttribute("data-target", "");
    /** @type {HTMLElement | null} */ (this.querySelector(`[data-seq="${seq}"]`))?.focus({ preventScroll: true });
    this.#marked = seq;
    this.#target = null;
    setTimeout(() => {
      if (this.#marked === seq) this.#marked = null;
      this.update();
    }, MARKED_MS);
  }

  /** @type {number | null} */
  #marked = null;

  #dropKeeper() {
    this.#keeper?.stop();
    this.#keeper = null;
    this.#from = [];
  }

  /** @param {Row} row */
  #row(row) {
    const { state } = this.app.client;
    const it = /** @type {RoomState} */ (roomAt(state, this.#room));
    switch (row.kind) {
      case "start": return html`<article class="timeline-start" data-key="start" aria-label=${t("chat.about_room")}>${roomPicture(state, it.room, 48)}<h2 dir="auto">${roomName(state, it.room)}</h2>
        <p dir="auto">${it.room.topic || t(this.#rows.length > 1 || it.room.expired_seq ? "chat.start" : "chat.first_word")}</p>${it.room.expired_seq ? html`<p>${keptWords(state, it.room)}</p>` : null}</article>`;
      case "date": return html`<div class="date-line" data-key=${row.key}><span>${day(row.at)}</span></div>`;
      case "new": return html`<div class="new-line" data-key="new"><span>${t("chat.new")}</span></div>`;
      case "call": return callCard(row.entry, state, (anchor) => void import("../calls/call-menu.js").then(({ callAgain }) => callAgain(this.app, it.room, row.entry, anchor)));
      case "message": return messageView(row.message, row.isFirst, this.#setting(state, it));
      case "echo": return echoView(row.echo, row.isFirst, this.#setting(state, it), this.#onEcho(row.echo));
    }
  }

  /** @param {ChatState} state @param {RoomState} it @returns {import("./message-view.js").Setting} */
  #setting(state, it) {
    const { writing } = this.app.place.state;
    return {
      state, room: it.room, bodies: this.#bodies, active: this.#active, isThread: false, target: this.#marked,
      editing: writing?.kind === "edit" ? writing.message.id : null,
      onAct: (act, message, anchor) => void acts().then(({ doAct }) => doAct(this.app, act, message, anchor)),
    };
  }

  /** @param {Echo} echo */
  #onEcho({ client_key: key, code, said }) {
    const { outbox } = this.app.client;
    return { retry: () => void outbox.retry(key), drop: () => void outbox.drop(key), why: code ? sentence(new Refused(code, { message: said ?? "" })) : t("chat.not_sent") };
  }

  /** @param {RoomState} it */
  #pills(it) {
    const keeper = this.#keeper;
    if (!keeper) return null;
    const range = this.#around === null ? liveOf(it.ranges) : covering(it.ranges, this.#around);
    const isAway = !isLive(range) || !keeper.isAtEnd;
    return html`${this.#isNewAbove() ? html`<button class="jump" data-edge="start" type="button" @click=${() => this.#toFirstUnread()}>${icon("arrow-up")}<span>${t("chat.first_unread", { count: this.#newCount })}</span></button>` : null}
      ${isAway ? html`<button class="jump" data-edge="end" type="button" @click=${() => this.#present()}>${icon("arrow-down")}<span>${t("chat.present")}</span>${it.room.unread ? html`<span class="pill">${number(it.room.unread)}</span>` : null}</button>` : null}`;
  }

  /** Whether the line of what is new stands above the window, or was not loaded yet. */
  #isNewAbove() {
    if (this.#newFrom === null || this.#newCount === 0 || !this.#keeper) return false;
    const line = this.#keeper.heights.indexOf("new");
    const [first] = this.#keeper.visible;
    const isAbove = line < 0 ? (this.#rows.find((row) => row.kind === "message")?.message.seq ?? 0) > this.#newFrom : line < this.#keeper.heights.indexOf(first?.key ?? "");
    // Once it was seen it needs no way to it any more.
    if (!isAbove && line >= 0) this.#newCount = 0;
    return isAbove;
  }

  #toFirstUnread() {
    const from = /** @type {number} */ (this.#newFrom);
    this.#newCount = 0;
    if ((this.#keeper?.heights.indexOf("new") ?? -1) >= 0) this.#keeper?.toRow("new");
    else this.#seek(from + 1);
    this.update();
  }

  /** @param {number} seq */
  #seek(seq) {
    this.#around = seq;
    this.#target = seq;
  }

  /** Back to where new messages come. */
  #present() {
    this.#around = null;
    this.#keeper?.reset();
    this.update();
    this.#keeper?.toEnd();
  }

  #scrolled() {
    this.#edges(true);
    this.#attend();
    const it = roomAt(this.app.client.state, this.#room);
    if (it) super.update();
  }

  /** Loads what lies beyond an edge that comes near. @param {boolean} [again] also what failed to load before */
  #edges(again = false) {
    const it = roomAt(this.app.client.state, this.#room);
    const keeper = this.#keeper;
    if (!it || !keeper) return;
    const range = this.#around === null ? liveOf(it.ranges) : covering(it.ranges, this.#around);
    const { scrollTop, scrollHeight, clientHeight } = keeper.scroller;
    if (range && range.from > 0 && scrollTop < NEAR) this.#load({ before: range.items[0]?.seq ?? range.from }, again);
    if (range && !isLive(range) && scrollHeight - scrollTop - clientHeight < NEAR) this.#load({ after: range.to }, again);
  }

  /** Marks as read what the member has before them: the end of the room, in a window that they look at, with no large call over it. */
  #attend() {
    const it = roomAt(this.app.client.state, this.#room);
    if (!it) return;
    const live = liveOf(it.ranges);
    const isLookedAt = document.visibilityState === "visible" && document.hasFocus() && document.documentElement.dataset.call !== "large";
    const isSeen = isLookedAt && !this.#isHeld && this.#around === null && (this.#keeper?.isAtEnd ?? false);
    const last = live?.items.at(-1);
    if (isSeen && last && it.room.unread > 0) void this.app.client.read(it.room.id, last.seq);
    else if (!isSeen && it.room.unread > 0 && this.#newFrom === null) this.#newFrom = it.room.read_seq;
  }

  /** Who writes has read, and looks at what they wrote. */
  #sent() {
    this.#isHeld = false;
    this.#newFrom = null;
    this.#newCount = 0;
    this.#present();
  }

  #markRead() {
    const it = roomAt(this.app.client.state, this.#room);
    this.#newFrom = null;
    this.#newCount = 0;
    this.#isHeld = false;
    if (it) void this.app.client.read(it.room.id, it.room.seq);
    this.#present();
  }

  /** @param {number} seq the mark as it shall stay */
  #hold(seq) {
    this.#isHeld = true;
    this.#newFrom = seq;
    this.update();
  }

  /** @param {Extract<Event, {kind: "message_sent"}>} event */
  async #announce(event) {
    if (this.app.client.state.people.blocked.includes(event.author)) return;
    const { Announcer } = await import("./announcer.js");
    this.#announcer ??= new Announcer();
    this.#announcer.into(/** @type {Element} */ (this.querySelector("[role=log]")));
    this.#announcer.hear(event, this.app.client.state);
  }

  /** @param {ChatState} state */
  #typing(state) {
    const typing = Object.keys(state.typing[this.#room ?? ""] ?? {}).filter((id) => !state.people.blocked.includes(id));
    const names = typing.map((id) => memberName(state.members[id]));
    return names.length === 0 ? null : names.length > 3 ? t("chat.many_typing") : t("chat.typing_now", { count: names.length, names: list(names) });
  }

  /** Who is on the screen is watched and known. @param {ChatState} state */
  #watch(state) {
    const authors = new Set();
    const unknown = new Set();
    for (const row of this.#keeper?.visible ?? []) {
      if (row.kind !== "message") continue;
      authors.add(row.message.author);
      for (const id of [row.message.author, row.message.reply_to?.author]) if (id && !state.members[id]) unknown.add(id);
    }
    for (const id of Object.keys(state.typing[this.#room ?? ""] ?? {})) unknown.add(id);
    this.app.client.presence.watch("timeline", authors);
    this.app.client.want(unknown);
  }

  /** @param {Element} element @returns {Message | undefined} */
  #messageOf(element) {
    const key = element.closest("[data-key]")?.getAttribute("data-key");
    const row = this.#rows.find((each) => each.key === key);
    return row?.kind === "message" ? row.message : undefined;
  }

  /** @param {Element} element @param {{x: number, y: number}} at */
  #openActs(element, at) {
    const message = this.#messageOf(element);
    if (message) void acts().then(({ openActs }) => openActs(this.app, message, at));
  }

  /** A name in a message leads to its member. @param {EventTarget | null} target */
  #mention(target) {
    const id = target instanceof Element ? target.closest(".mention[data-member]")?.getAttribute("data-member") : null;
    if (id) this.app.show({ kind: "member", id });
  }

  /** @param {EventTarget | null} target */
  #point(target) {
    this.#activate(target instanceof Element ? target.closest(".message")?.getAttribute("data-key") ?? null : null);
  }

  /** @param {string | null} key the message whose toolbar is shown */
  #activate(key) {
    // An open menu hangs on the toolbar's button.
    if (key === this.#active || this.querySelector(".message-tools [aria-expanded=true]")) return;
    this.#active = key;
    this.#keeper?.draw();
  }

  /** Arrows go from message to message; letters act. @param {KeyboardEvent} event */
  #press(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const article = target.closest(".message");
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const isOnList = target === article || target.matches(".timeline-scroll");
    if (isOnList && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const all = /** @type {HTMLElement[]} */ ([...this.querySelectorAll("article.message")]);
      const from = article ? all.indexOf(/** @type {HTMLElement} */ (article)) : event.key === "ArrowUp" ? all.length : -1;
      all[from + (event.key === "ArrowUp" ? -1 : 1)]?.focus();
    } else if (isOnList && event.key === "End") {
      this.#present();
    } else if (target === article) {
      const message = this.#messageOf(article);
      const act = ACTS[event.key];
      if (!act || !message) return;
      const anchor = article.querySelector(".message-tools [aria-haspopup=menu]") ?? article;
      void acts().then(({ doAct, mayDo }) => void (mayDo(this.app, act, message) && doAct(this.app, act, message, anchor)));
    } else return;
    event.preventDefault();
  }
}

customElements.define("room-timeline", RoomTimeline);
