/** `<call-stage>`: everything of calls that is seen: who rings, the call large or small, its end. One for each tab. */

import { pathOf } from "../chat/place.js";
import { get, post } from "../lib/api.js";
import { sentence } from "../lib/errors.js";
import { roving } from "../lib/focus.js";
import { html, keyed, render } from "../lib/html.js";
import { Store } from "../lib/store.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";
import { ownNames } from "../chat/names.js";
import { chosen } from "./devices.js";
import { Herald } from "./herald.js";
import { Loudness } from "./loudness.js";
import { Shortcuts } from "./shortcuts.js";
import { viewOf } from "./sights.js";
import { keptOff } from "./people.js";
import { isBusy, isOn } from "./state.js";
import { endView } from "./view-end.js";
import { liveView, miniView } from "./view-live.js";
import { outgoingView } from "./view-outgoing.js";
import { lookView } from "./view-look.js";
import { missedView, ringView } from "./view-ring.js";

/** @import { CallDesk } from "./desk.js" */
/** @import { Current, Ring, Source } from "./types.d.ts" */

/**
 * The app around, where there is one: it can show a room beside the call.
 * @typedef {object} Room
 * @property {(room: string) => void} go
 * @property {(room: string) => string | null} nameOf
 * @property {(room: string | null) => string[] | null} membersIn who is in the call of a room
 * @property {(member: string) => string | null} conversationWith
 * @property {(options: {title: string, act: string, most: number, but: string[], signal: AbortSignal}) => Promise<string[] | null>} pick
 */

/**
 * How the call is looked at.
 * @typedef {object} Look
 * @property {boolean} isSmall the call is a small window over the app
 * @property {"grid" | "speaker"} wanted
 * @property {string | null} pinned
 * @property {number} page
 * @property {boolean} showsMe
 * @property {boolean} showsPeople
 * @property {boolean} isBeside the room of the call stands beside it
 * @property {string | null} spoke
 */

/** @type {Look} */
const FIRST = { isSmall: false, wanted: "grid", pinned: null, page: 0, showsMe: true, showsPeople: false, isBeside: false, spoke: null };

/** Places that nobody is torn out of. */
const OCCUPIED = "input, textarea, select, [contenteditable], dialog, [popover], call-stage";

export class CallStage extends HTMLElement {
  /** @type {Store<Look, Partial<Look>>} */
  look = new Store(FIRST, (look, change) => ({ ...look, ...change }));
  /** Who comes first among the tiles, as it was the last time. @type {string[]} */
  order = [];
  /** Tiles that can be seen, measured for the server. */
  #resized = new ResizeObserver(() => this.update());
  /** Where the focus was last beside the stage: there it goes back to. @type {HTMLElement | null} */
  #opener = null;
  #shape = "";
  /** Ends what was opened for this call when the call ends. */
  #lasting = new AbortController();
  /** Rings to which the focus was brought, or that found somebody writing. @type {Set<string>} */
  #called = new Set();
  /** The browser does not let the page sound before a gesture. */
  isDeafened = false;

  /** @param {CallDesk} desk @param {Room | null} place @param {() => string[]} blocked whom I block: in a call of several I do not hear them */
  constructor(desk, place, blocked) {
    super();
    this.blocked = blocked;
    this.desk = desk;
    this.place = place;
    this.herald = new Herald(desk);
    this.loudness = new Loudness(desk, this);
  }

  connectedCallback() {
    const update = () => this.update();
    if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body) this.#opener = document.activeElement;
    for (const store of [this.desk.store, this.desk.streams, this.desk.own.store, this.desk.members.store, this.look, ownNames]) store.watch(update);
    this.desk.store.watch((now, before) => this.#moved(now.current, before.current));
    this.#resized.observe(this);
    document.addEventListener("visibilitychange", update);
    document.addEventListener("focusin", ({ target }) => target instanceof HTMLElement && !target.closest("call-stage, dialog, [popover]") && (this.#opener = target));
    addEventListener("resize", update);
    new Shortcuts(this).start();
    document.addEventListener("click", (event) => this.#follow(event), { capture: true });
    for (const type of ["pointerover", "focusin"]) document.addEventListener(type, ({ target }) => this.#warn(target));
    this.herald.start();
    // The clock of a call moves by itself.
    setInterval(() => this.desk.current && isOn(this.desk.current) && this.update(), 1_000);
    this.update();
  }

  update() {
    const { rings, current } = this.desk.state;
    // What was missed waits until it covers no call, large or small.
    const missed = current && current.phase !== "ended" ? [] : this.desk.state.missed;
    const hadFocus = this.contains(document.activeElement);
    render(html`<div class="call-news" role="region" aria-label=${t("calls.news")} ?hidden=${rings.length + missed.length === 0}>
        <div class="call-rings" ?hidden=${rings.length === 0}>${keyed(rings, (ring) => ring.call.id, (ring) => ringView(this, ring))}</div>${missedView(this, missed)}</div>
      ${current ? this.#current(current) : null}${this.#sound(current)}
      <p class="call-said" role="status" aria-live="polite">${this.herald.said}</p>`, this);
    const bar = /** @type {HTMLElement | null} */ (this.querySelector("[role=toolbar]"));
    if (bar) roving(bar, "button", { axis: "horizontal" });
    this.#settle(current);
    this.#keepFocus(hadFocus);
    this.#callTo(rings);
    this.herald.drawn();
    this.#measure(current);
    this.loudness.follow(current !== null && isOn(current) && current.speakers.length > 0);
    if (current && current.phase !== "ended") this.#play();
  }

  /** @param {Current} current */
  #current(current) {
    switch (current.phase) {
      case "pre_join": return lookView(this, current);
      case "ended": return endView(this, current);
      case "ringing_out": return outgoingView(this, current);
      case "joining": return outgoingView(this, current);
      default: return this.look.state.isSmall ? miniView(this, current) : liveView(this, current);
    }
  }

  /** What is heard, wherever the call is shown. @param {Current | null} current */
  #sound(current) {
    if (!current || current.phase === "ended") return null;
    const { state } = this.desk.streams;
    const blocked = this.blocked();
    const heard = Object.entries(state).filter(([mid, stream]) => stream.getAudioTracks().length > 0 && !blocked.includes(current.slots[mid]?.member ?? ""));
    return html`<div hidden>${keyed(heard, ([mid]) => mid, ([, stream]) => html`<audio autoplay .srcObject=${stream}></audio>`)}</div>`;
  }

  /** What lies under a large call is out of reach for the keyboard too. @param {Current | null} current */
  #settle(current) {
    const look = this.look.state;
    const isLarge = current !== null && current.phase !== "ended" && !(look.isSmall && isOn(current));
    const isBeside = isLarge && look.isBeside && this.place !== null && current !== null && isOn(current);
    const shape = !current ? "" : isLarge ? (isBeside ? "beside" : "large") : "small";
    if (shape === this.#shape) return;
    const before = this.#shape;
    this.#shape = shape;
    if (shape) document.documentElement.dataset.call = shape;
    else delete document.documentElement.dataset.call;
    // What lies under it is looked at, or not any more.
    dispatchEvent(new Event("call-shape"));
    for (const part of document.querySelectorAll("body > :is(.shell, .page, .admin, .skip)")) part.toggleAttribute("inert", shape === "large");
    if (shape === "large" && before !== "beside") /** @type {HTMLElement | null} */ (this.querySelector("[data-first-focus]"))?.focus();
    else if (before === "large" && shape !== "beside") this.#goBack();
  }

  /** What had the focus may be gone with this drawing; and who rings is where it goes when it is nowhere. @param {boolean} hadFocus */
  #keepFocus(hadFocus) {
    if (document.activeElement !== null && document.activeElement !== document.body) return;
    if (hadFocus && this.#shape === "large") /** @type {HTMLElement | null} */ (this.querySelector("[data-first-focus]"))?.focus();
    else if (hadFocus) this.#goBack();
    else if (document.hasFocus()) /** @type {HTMLElement | null} */ (this.querySelector(".ring"))?.focus({ preventScroll: true });
  }

  /** Who rings has the focus, once; whoever writes or has something open is not torn out of it. @param {Ring[]} rings */
  #callTo(rings) {
    const ring = rings.find(({ call }) => !this.#called.has(call.id));
    if (!ring) return;
    this.#called.add(ring.call.id);
    if (ring.waiting || !document.hasFocus() || document.activeElement?.closest(OCCUPIED)) return;
    /** @type {HTMLElement | null | undefined} */ (document.getElementById(`ring-${ring.call.id}-name`)?.closest(".ring"))?.focus({ preventScroll: true });
  }

  /** No sound of this ring any more, and the focus back to where it was. @param {string} call */
  hush(call) {
    this.herald.silence(call);
    this.update();
    this.#goBack();
  }

  #goBack() {
    const place = this.#opener?.isConnected ? this.#opener : document.getElementById("main");
    place?.focus({ preventScroll: true });
  }

  /** @param {Current | null} now @param {Current | null} before */
  #moved(now, before) {
    if (!now || (before && now.wish.call !== before.wish.call && before.wish.call !== null)) this.look.dispatch({ ...FIRST, wanted: this.look.state.wanted, showsMe: this.look.state.showsMe });
    if (before && isOn(before) && !(now && isOn(now))) {
      this.#lasting.abort();
      this.#lasting = new AbortController();
    }
    const speaker = now?.speakers.find((id) => id !== this.desk.state.me);
    if (speaker && speaker !== this.look.state.spoke) this.look.dispatch({ spoke: speaker });
  }

  /** Until the call is over: for the dialogs that are about it. */
  get lasting() {
    return this.#lasting.signal;
  }

  /** @param {Current | null} current */
  #measure(current) {
    if (!current || !isOn(current)) return;
    const sights = [...this.querySelectorAll("[data-sight]")].map((tile) => {
      const { member = "", source = "cam" } = /** @type {HTMLElement} */ (tile).dataset;
      const height = tile.getBoundingClientRect().height * devicePixelRatio;
      return { member, source: source === "screen" ? /** @type {const} */ ("screen") : /** @type {const} */ ("cam"), height, onStage: tile.hasAttribute("data-stage") };
    });
    this.desk.sights.see(viewOf(sights, document.hidden));
  }

  /** The room of the call, to talk in beside it. @param {Current} current @returns {string | null} */
  roomOf(current) {
    const room = current.call?.room ?? current.wish.room;
    if (room !== null || !this.place) return room;
    const other = this.otherOf(current);
    return other === null ? null : this.place.conversationWith(other);
  }

  /** The other one of a call between two. @param {Current} current @returns {string | null} */
  otherOf({ wish, call }) {
    if (wish.to !== null) return wish.to;
    if (!call || call.kind !== "direct") return null;
    return [call.starter, ...call.rung].find((id) => id !== this.desk.state.me) ?? null;
  }

  /** Who is in, as far as it is known from outside. @param {Current} current @returns {string[]} */
  membersOf({ call, wish }) {
    return call?.members ?? this.place?.membersIn(wish.room) ?? [];
  }

  /** Sound where the browser held it back, after a gesture. */
  soundOn() {
    this.isDeafened = false;
    this.#play();
  }

  /** To the speaker that was chosen. */
  routeSound() {
    const { speaker } = chosen();
    for (const audio of /** @type {NodeListOf<any>} */ (this.querySelectorAll("audio"))) if (audio.setSinkId && audio.sinkId !== speaker) audio.setSinkId(speaker).catch(() => undefined);
  }

  #play() {
    for (const audio of this.querySelectorAll("audio")) {
      if (!audio.paused) continue;
      audio.play().catch((error) => {
        if (error instanceof Error && error.name === "NotAllowedError" && !this.isDeafened) {
          this.isDeafened = true;
          this.update();
        }
      });
    }
    this.routeSound();
  }

  /** Says what went wrong with something that was asked, or that it was done. @param {Promise<unknown>} asked @param {string} [done] */
  told(asked, done) {
    asked.then(() => done && toast(done, { icon: "check" }), (error) => toast(sentence(error), { icon: "circle-alert" }));
  }

  /** Turns what I send on or off, or says why it stays off. @param {Source} source @param {boolean} isOn */
  turn(source, isOn) {
    const { current } = this.desk;
    const why = isOn && current && keptOff(current, source);
    if (why === "voice") void this.#tellVoice();
    else if (why) toast(t("calls.held"), { icon: "lock" });
    else void this.desk.set(source, isOn);
  }

  /** Says why cameras and screens stay off: their own plan is told to whoever began the call, and to nobody else. */
  async #tellVoice() {
    const isMine = this.desk.current?.call?.starter === this.desk.state.me;
    const may = isMine ? await get("/api/v1/calls/live").then(({ may_start }) => may_start, () => null) : null;
    toast(t(may && !may.video ? "calls.video_needed" : "calls.voice_only"), { icon: "lock" });
  }

  /** Brings the focus to who rings, or else into the call, from wherever it is. */
  reach() {
    /** @type {HTMLElement | null} */ (this.querySelector(".ring-acts > :last-child > button") ?? this.querySelector(".call-bar button, .call-mini-open, .call-end button, .look button"))?.focus();
  }

  /** @param {Partial<Look>} change */
  see(change) {
    this.look.dispatch(change);
  }

  /** Lets members be chosen; beside the app all that is known of them is who is in calls. @type {Room["pick"]} */
  async pick(options) {
    if (this.place) return this.place.pick(options);
    const { pickMembers } = await import("../chat/member-picker.js");
    const { members } = this.desk;
    return pickMembers({ all: () => Object.values(members.store.state), learn: (found) => members.store.dispatch(found), isHere: () => false }, options);
  }

  /** Whether there is a room to talk in: beside the app it may be made for two who have none yet. @param {Current} current */
  mayTalk(current) {
    return this.roomOf(current) !== null || (!this.place && this.otherOf(current) !== null);
  }

  /** The conversation of two, which the page around does not know. @param {Current} current @returns {Promise<string | null>} */
  async #conversation(current) {
    try {
      return /** @type {{id: string}} */ (await post("/api/v1/rooms", { kind: "direct", members: [this.otherOf(current)] })).id;
    } catch (error) {
      toast(sentence(error), { icon: "circle-alert" });
      return null;
    }
  }

  /** Opens the room of the call beside it, under the small window, or in a tab of its own where the app is not. @param {Current} current */
  async talk(current) {
    const room = this.roomOf(current) ?? (this.mayTalk(current) ? await this.#conversation(current) : null);
    if (room === null) return;
    if (!this.place) return void window.open(pathOf({ room }), "_blank", "noopener");
    this.place.go(room);
    if (matchMedia("(min-width: 1024px)").matches) this.see({ isBeside: !this.look.state.isBeside, isSmall: false });
    else this.see({ isSmall: true });
  }

  /** A link that would load another page, and with it end this one, opens beside it while a call lasts. @param {MouseEvent} event */
  #follow(event) {
    const link = linkAt(event.target);
    if (!link || !isBusy(this.desk.state) || event.button !== 0) return;
    // The app follows its own links without loading anything: then the call becomes small.
    if (this.#staysHere(link)) return void this.see({ isSmall: !this.look.state.isBeside });
    event.preventDefault();
    window.open(link.href, "_blank", "noopener");
    toast(t("calls.tab_opened"), { icon: "external-link" });
  }

  /** @param {HTMLAnchorElement} link */
  #staysHere({ pathname }) {
    return this.place !== null && (pathname === "/" || /^\/r\/\d+/.test(pathname));
  }

  /** Where a link would go while a call lasts is said before it is pressed, and no longer than that. @param {EventTarget | null} target */
  #warn(target) {
    const link = linkAt(target);
    if (!link) return;
    const says = link.title === t("calls.opens_tab");
    if (isBusy(this.desk.state) && !this.#staysHere(link)) {
      if (!link.title) link.title = t("calls.opens_tab");
    } else if (says) link.removeAttribute("title");
  }
}

/** A link of this community that would load a page here. @param {EventTarget | null} target @returns {HTMLAnchorElement | null} */
function linkAt(target) {
  const link = target instanceof Element ? target.closest("a") : null;
  return link && !link.target && link.origin === location.origin ? link : null;
}

customElements.define("call-stage", CallStage);
