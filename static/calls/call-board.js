/** `<call-board>`: the place of calls: what goes on that I may join, what there was, whom I may call, and who may call me. */

import { avatar, memberName, ownNames, realName } from "../chat/names.js";
import { ringsBack } from "../chat/rights.js";
import { get, post } from "../lib/api.js";
import { sentence } from "../lib/errors.js";
import { html, keyed, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { pageLine } from "../lib/page-line.js";
import { list, moment, ago, t } from "../lib/words.js";
import { followNames } from "../social/page-names.js";
import { isAlready, showLock } from "./call-menu.js";
import { lasted } from "./duration.js";
import { callsHere } from "./here.js";
import { callOf, isBusy } from "./state.js";

/** @import { Call, CallEntry, Member, MyCall } from "../types/live.d.ts" */
/** @import { CallStage } from "./call-stage.js" */
/** @import { MayStart } from "./call-buttons.js" */
/** @import { Wish } from "./types.d.ts" */

/** @typedef {{items: MyCall[], members: Member[], rooms: {id: string, name: string | null, call: Call | null}[], may_start: MayStart}} Live */
/** @typedef {{items: CallEntry[], missed: number, members: Member[], blocked: string[], next: string | null}} Recents */
/** @typedef {{member: Member}} Person */
/** @typedef {{live: Live | null, recents: CallEntry[], next: string | null, missed: number, onlyMissed: boolean, blocked: string[], people: Person[], mine: Set<string>, reach: string, members: Record<string, Member>, error: unknown, isLoading: boolean}} State */

const PAGE = 30;
const PEOPLE = 24;
/** Events of my own log that change what stands here, calls apart. */
const SHOWN = ["entitlements_changed", "contact_changed", "reach_changed", "blocked", "unblocked"];

class CallBoard extends HTMLElement {
  /** @type {State} */
  #state = { live: null, recents: [], next: null, missed: 0, onlyMissed: false, blocked: [], people: [], mine: new Set(), reach: "", members: {}, error: null, isLoading: true };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  connectedCallback() {
    void this.#load();
    // What changes while one looks is drawn again, once for changes that come together.
    const soon = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#load(), 400);
    };
    document.addEventListener("calls-changed", soon);
    ownNames.watch(() => this.#draw());
    pageLine().join({
      event: ({ event }) => void (SHOWN.includes(event.kind) && soon()),
      signal: (signal) => void ((signal.kind === "settings_changed" || (signal.kind === "member_changed" && signal.member.id in this.#state.members)) && soon()),
      reset: soon,
      missed: soon,
    });
  }

  /** @param {Partial<State>} change */
  #set(change) {
    this.#state = { ...this.#state, ...change };
    this.#draw();
  }

  async #load() {
    try {
      const [live, recents, people, reach, rooms] = await Promise.all([
        /** @type {Promise<Live>} */ (get("/api/v1/calls/live")), this.#page(null),
        /** @type {Promise<{items: Person[]}>} */ (get(`/api/v1/contacts?limit=${PEOPLE}`)), /** @type {Promise<{sentences: {act: string, text: string}[]}>} */ (get("/api/v1/me/reach")),
        /** @type {Promise<{items: {id: string}[]}>} */ (get("/api/v1/rooms")), followNames(),
      ]);
      const sentences = reach.sentences.filter(({ act }) => act === "call" || act === "video_call").map(({ text }) => text);
      const known = [...live.members, ...recents.members, ...people.items.map(({ member }) => member)];
      this.#set({ live, recents: recents.items, next: recents.next, missed: recents.missed, blocked: recents.blocked, people: people.items, mine: new Set(rooms.items.map(({ id }) => id)), reach: [...new Set(sentences)].join(" "), members: this.#with(known), error: null, isLoading: false });
      if (recents.missed > 0 && !document.hidden) void post("/api/v1/calls/seen", { until: Date.now() }).catch(() => undefined);
    } catch (error) {
      this.#set({ error, isLoading: false });
    }
  }

  /** @param {Member[]} found */
  #with(found) {
    return { ...this.#state.members, ...Object.fromEntries(found.map((each) => [each.id, each])) };
  }

  /** @param {string | null} before @returns {Promise<Recents>} */
  #page(before) {
    return get(`/api/v1/calls?${new URLSearchParams({ limit: String(PAGE), ...(this.#state.onlyMissed && { missed: "true" }), ...(before && { before }) })}`);
  }

  async #more() {
    const page = await this.#page(this.#state.next).catch(() => null);
    if (page) this.#set({ recents: [...this.#state.recents, ...page.items], next: page.next, blocked: [...this.#state.blocked, ...page.blocked], members: this.#with(page.members) });
  }

  /** @param {boolean} onlyMissed */
  async #show(onlyMissed) {
    this.#state = { ...this.#state, onlyMissed };
    const page = await this.#page(null).catch(() => null);
    if (page) this.#set({ recents: page.items, next: page.next, blocked: page.blocked, members: this.#with(page.members) });
  }

  /** @param {Wish} wish @param {Event} event @param {Call | null} [going] the one that is entered */
  async #call(wish, event, going = null) {
    const may = this.#state.live?.may_start;
    if (wish.call === null && may && (!may.calls || (wish.video && !may.video))) return showLock(null, may.calls);
    const desk = await callsHere();
    // It is here already, small.
    if (wish.call !== null && callOf(desk.state) === wish.call && isBusy(desk.state)) return /** @type {CallStage | null} */ (document.querySelector("call-stage"))?.see({ isSmall: false });
    if (isAlready(desk)) return;
    if (wish.call !== null || wish.kind === "room") await desk.look(wish, going);
    else await desk.start(wish);
  }

  #draw() {
    const { live, error, isLoading } = this.#state;
    if (isLoading) return;
    if (error || !live) {
      return render(html`<div class="empty" role="alert"><p>${sentence(error)}</p><button class="button" type="button" @click=${() => void this.#load()}>${t("calls.try_again")}</button></div>`, this);
    }
    render(html`${live.may_start.calls || live.may_start.closed.includes("call") ? null : this.#lock()}${this.#live(live)}${this.#recents()}${this.#people()}
      <section class="page-section" aria-labelledby="calls-reach"><h2 id="calls-reach">${t("calls.who_may")}</h2><p>${this.#state.reach} <a href="/settings/reach">${t("calls.change")}</a></p></section>`, this);
  }

  /** Who may not start calls sees why, and the way to it. */
  #lock() {
    return html`<div class="banner" data-tone="paid" role="note">${icon("lock")}<p>${t("calls.locked_text")}</p><a class="button" data-size="small" href="/settings/membership">${t("calls.see_plans")}</a></div>`;
  }

  /** @param {Live} live */
  #live({ items, rooms }) {
    const going = items.filter(({ call, part }) => part !== "ringing" && call.state !== "ringing" && !(call.kind === "room" && rooms.some((room) => room.call?.id === call.id)));
    // It stands there also when nothing goes on: what one reads below does not jump as calls come and go.
    const rows = html`<ul class="items">${keyed(going, ({ call }) => call.id, ({ call, part }) => this.#liveRow(call, this.#namesIn(call), call.room, part === "in"))}
      ${keyed(rooms, (room) => room.id, (room) => this.#roomRow(room))}</ul>`;
    return html`<section class="page-section" aria-labelledby="calls-live"><h2 id="calls-live">${t("calls.live_now")}</h2>
      <div class="calls-now">${going.length + rooms.length ? rows : html`<p class="empty-line">${t("calls.none_live")}</p>`}</div></section>`;
  }

  /** @param {Call} call */
  #namesIn(call) {
    const me = document.querySelector("call-bell")?.getAttribute("member");
    return list(call.members.filter((id) => id !== me).slice(0, 3).map((id) => memberName(this.#state.members[id])));
  }

  /** @param {Call} call @param {string} name @param {string | null} room @param {boolean} isMine I am in it, here or elsewhere */
  #liveRow(call, name, room, isMine) {
    /** @type {Wish} */
    const wish = { call: call.id, kind: call.kind, to: null, room, video: call.video };
    return html`<li><span class="arch" data-size="36" aria-hidden="true">${icon("phone-call")}</span><span class="item-text"><b dir="auto">${name}</b><small>${t("calls.inside_count", { count: call.members.length })}</small></span>
      <span class="item-acts"><button class="button" data-kind="primary" data-size="small" type="button" aria-label=${t(isMine ? "calls.move_named" : "calls.join_named", { name })} @click=${(/** @type {Event} */ event) => void this.#call(wish, event, call)}>${t(isMine ? "calls.move_here" : "calls.join")}</button></span></li>`;
  }

  /** @param {Live["rooms"][number]} room */
  #roomRow(room) {
    const name = room.name ?? "";
    const { call } = room;
    const wish = { call: call?.id ?? null, kind: /** @type {const} */ ("room"), to: null, room: room.id, video: call?.video ?? false };
    return html`<li><span class="arch" data-size="36" aria-hidden="true">${icon(call ? "phone-call" : "hash")}</span><span class="item-text"><b><a href=${`/r/${room.id}`} dir="auto">${name}</a></b><small>${call?.members.length ? [this.#namesIn(call), t("calls.inside_count", { count: call.members.length })].filter(Boolean).join(" · ") : t("calls.room_empty")}</small></span>
      <span class="item-acts"><button class="button" data-kind=${call ? "primary" : null} data-size="small" type="button" aria-label=${t(call ? "calls.join_named" : "calls.open_named", { name })} @click=${(/** @type {Event} */ event) => void this.#call(wish, event, call)}>${t(call ? "calls.join" : "calls.open")}</button></span></li>`;
  }

  #recents() {
    const { recents, next, onlyMissed } = this.#state;
    const tab = (/** @type {boolean} */ missed, /** @type {string} */ label) => html`<button class="button" data-size="small" data-kind="quiet" type="button" aria-pressed=${String(onlyMissed === missed)} @click=${() => void this.#show(missed)}>${label}</button>`;
    return html`<section class="page-section" aria-labelledby="calls-recents"><header class="card-head"><h2 id="calls-recents">${t("calls.recents")}</h2><div class="buttons" role="group" aria-label=${t("calls.recents")}>${tab(false, t("calls.all"))}${tab(true, t("calls.only_missed"))}</div></header>
      ${recents.length ? html`<ul class="items">${keyed(recents, ({ call }) => call, (entry) => this.#entry(entry))}</ul>` : html`<p class="empty-line">${t(onlyMissed ? "calls.none_missed" : "calls.none_yet")}</p>`}
      ${next ? html`<p class="buttons"><button class="button" data-size="small" type="button" @click=${() => void this.#more()}>${t("calls.older")}</button></p>` : null}</section>`;
  }

  /** @param {CallEntry} entry */
  #entry(entry) {
    const { members, live, blocked } = this.#state;
    const other = entry.outgoing ? entry.others[0] : entry.starter;
    const place = live?.rooms.find(({ id }) => id === entry.room)?.name;
    const names = entry.kind === "direct" ? memberName(members[other ?? ""]) : place ?? list(entry.others.slice(0, 3).map((id) => memberName(members[id])));
    const isMissed = entry.fate === "missed" || entry.fate === "unheard" || entry.fate === "busy";
    const facts = [t(`calls.fate_${entry.fate ?? "live"}`), entry.fate === "taken" && entry.seconds > 0 ? lasted(entry.seconds * 1_000) : "", entry.quality === null ? "" : t(`calls.quality_${entry.quality}`)].filter(Boolean);
    const room = entry.kind === "direct" ? null : entry.room;
    const going = room === null ? undefined : live?.rooms.find(({ id }) => id === room)?.call ?? live?.items.find(({ call }) => call.room === room)?.call;
    // Whoever was added to the call of a group that is not theirs calls back who began it.
    const isForeign = !going && room !== null && !this.#state.mine.has(room);
    const isOne = entry.kind === "direct" || (entry.kind === "group" && isForeign);
    // A room's voice rings for nobody, so no way of ringing that is closed closes it.
    const way = ringsBack(entry.kind === "room" ? [] : (live?.may_start.closed ?? []), entry.video);
    /** @type {Wish} */
    const wish = { call: going?.id ?? null, kind: isOne ? "direct" : entry.kind, to: isOne ? (other ?? null) : null, room: isOne ? null : room, video: going?.video ?? way === "video_call" };
    const isBlocked = isOne && blocked.includes(other ?? "");
    const rings = way !== null && (!isOne || (members[other ?? ""]?.state === "active" && !isBlocked));
    const mayCall = (going !== undefined && !isOne) || (rings && (isOne ? other !== undefined : room !== null && !isForeign));
    const whom = isOne ? memberName(members[other ?? ""]) : names;
    return html`<li data-missed=${isMissed ? "" : null}>${entry.kind === "direct" ? avatar(members[other ?? ""]) : html`<span class="arch" data-size="36" aria-hidden="true">${icon("users")}</span>`}
      <span class="item-text"><b dir="auto">${names || t("calls.call")}</b><small><span class="call-way">${icon(isMissed ? "phone-missed" : entry.outgoing ? "phone-outgoing" : "phone-incoming")}</span>${facts.join(" · ")} · <time title=${moment(entry.at)}>${ago(entry.at)}</time></small></span>
      <span class="item-acts">${mayCall ? html`<button class="button" data-size="small" type="button" aria-label=${t(going ? "calls.join_named" : entry.outgoing ? "calls.call_again_named" : "calls.call_back_named", { name: whom })} @click=${(/** @type {Event} */ event) => void this.#call(wish, event, going ?? null)}>${icon(wish.video ? "video" : "phone")}${t(going ? "calls.join" : entry.outgoing ? "calls.call_again" : "calls.call_back")}</button>` : isBlocked ? html`<a class="link" href=${`/people/${other}`}>${t("calls.you_block")}</a>` : null}</span></li>`;
  }

  #people() {
    const { live } = this.#state;
    // Whoever was shut out since stands among the contacts, and is called by nobody.
    const people = this.#state.people.filter(({ member }) => member.state === "active");
    const closed = live?.may_start.closed ?? [];
    const lock = (/** @type {boolean | undefined} */ isOpen) => (isOpen ? null : html`<span class="lock-mark" aria-hidden="true">${icon("lock")}</span>`);
    const ring = (/** @type {Person} */ { member }, /** @type {boolean} */ video) => (/** @type {Event} */ event) => void this.#call({ call: null, kind: "direct", to: member.id, room: null, video }, event);
    return html`<section class="page-section" aria-labelledby="calls-people"><h2 id="calls-people">${t("calls.whom")}</h2>
      ${people.length ? html`<ul class="items">${keyed(people, ({ member }) => member.id, (person) => html`<li>${avatar(person.member)}<span class="item-text"><b><a href=${`/people/${person.member.id}`} dir="auto" title=${realName(person.member)}>${memberName(person.member)}</a></b></span>
        <span class="item-acts">${closed.includes("call") ? null : html`<button class="icon-button" type="button" aria-label=${t("calls.ring_named", { name: memberName(person.member) })} @click=${ring(person, false)}>${icon("phone")}${lock(live?.may_start.calls)}</button>`}${closed.includes("video_call") ? null : html`<button class="icon-button" type="button" aria-label=${t("calls.ring_video_named", { name: memberName(person.member) })} @click=${ring(person, true)}>${icon("video")}${lock(live?.may_start.video)}</button>`}</span></li>`)}</ul>`
      : html`<p class="empty-line">${t("calls.no_contacts")} <a href="/people">${t("calls.find_people")}</a></p>`}</section>`;
  }
}

customElements.define("call-board", CallBoard);
