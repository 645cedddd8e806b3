/** The calls of one tab: hears what the server says of them, does what a person wants, and holds the call's media. Draws nothing. */

import { newKey } from "../lib/api.js";
import { Refused } from "../lib/errors.js";
import { Store } from "../lib/store.js";
import { Connection } from "./connection.js";
import { chosen } from "./devices.js";
import { Members } from "./members.js";
import { OwnMedia } from "./own-media.js";
import { keptOff, others } from "./people.js";
import { changeOf } from "./notices.js";
import { Order } from "./order.js";
import { Sights } from "./sights.js";
import { begin, after, callOf, deadline, isBusy, isOn } from "./state.js";
import { Stay } from "./stay.js";
import { Watch } from "./watch.js";

/** @import { Call, CallRole, Member, MyCall } from "../types/live.d.ts" */
/** @import { Notice } from "./order.js" */
/** @import { CallsState, Change, Source, Wish } from "./types.d.ts" */

/**
 * The live connection, as far as calls need it.
 * @typedef {object} Line
 * @property {(command: {type: string} & Record<string, unknown>) => Promise<{id?: string}>} request
 * @property {(command: {type: string} & Record<string, unknown>) => void} tell
 * @property {boolean} [isUrgent] while a call goes on, a line that is lost is tried again within seconds
 */

/** A way that restarts of ICE do not bring back within this is given up for a new one. */
const ANEW_AFTER_MS = 12_000;

/** Whoever leaves does not wait longer for the server to hear of it. */
const LEAVE_WITHIN_MS = 1_000;

/** Sources that may be sent; the server is told how each of them stands. @type {Source[]} */
const SOURCES = ["mic", "cam", "screen", "screen_audio"];

export class CallDesk {
  /** @type {Store<CallsState, Change>} */
  store;
  /** What comes in each slot. @type {Store<Record<string, MediaStream>, {mid: string, stream: MediaStream} | null>} */
  streams = new Store(/** @type {Record<string, MediaStream>} */ ({}), (known, change) => (change ? { ...known, [change.mid]: change.stream } : {}));
  own = new OwnMedia((source, isOn) => this.#sends(source, isOn));
  sights = new Sights((view) => this.#inCall((call) => this.line.tell({ type: "call.view", call, ...view })));
  watch = new Watch({
    current: () => this.current,
    digest: (digest) => this.#inCall((call) => this.line.tell({ type: "call.stats", call, ...digest })),
    trouble: (hop) => this.current && this.current.trouble !== hop && this.store.dispatch({ type: "trouble", trouble: hop }),
  });
  stay = new Stay();
  /** @type {Connection | null} */
  connection = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #clock;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #anew;
  #order = new Order((seq) => {
    const call = callOf(this.state);
    return call === null || this.current?.phase === "ended" ? null : this.line.request({ type: "call.sync", call, seq });
  });
  #slots = { audio: 4, video: 6 };
  /** Under which number each member is known to the media server. @type {Map<string, number>} */
  #numbers = new Map();
  /** The last greeting that was taken in. @type {object | null} */
  #greeting = null;

  /** @param {Line} line @param {string} me @param {{known?: (id: string) => Member | undefined, skew?: number}} [more] `skew`: our clock before the server's */
  constructor(line, me, { known = () => undefined, skew = 0 } = {}) {
    this.line = line;
    this.members = new Members(known);
    this.store = new Store(begin(me, skew), after);
    this.store.watch(() => this.#wind());
  }

  get state() {
    return this.store.state;
  }

  get current() {
    return this.store.state.current;
  }

  /**
   * A connection is ready: what it was greeted with is the truth, of that moment: told again later it would be an old one.
   * @param {{connection: string, calls: MyCall[]}} greeting
   */
  greeted(greeting) {
    if (greeting === this.#greeting) return;
    this.#greeting = greeting;
    const { connection, calls } = greeting;
    this.store.dispatch({ type: "greeted", connection, calls, now: Date.now() });
    this.store.dispatch({ type: "line", line: "up", now: Date.now() });
    const { current } = this;
    if (current && (isOn(current) || current.phase === "joining" || current.phase === "ringing_out") && current.resume) return void this.#comeBack();
    const left = this.stay.left();
    if (left && !isBusy(this.state)) void this.enter(left.wish, left);
  }

  /** The connection is there or not. @param {boolean} isUp */
  lineIs(isUp) {
    if (!isUp) this.store.dispatch({ type: "line", line: "down", now: Date.now() });
  }

  /** I want nothing more of them, nor what I missed. @param {string} member */
  shutOut(member) {
    this.store.dispatch({ type: "shut_out", member });
  }

  /** @param {Notice} notice */
  hear(notice) {
    if (!this.#order.takes(notice)) return;
    const change = changeOf(notice, callOf(this.state), Date.now());
    if (change) this.store.dispatch(change);
    this.#act(notice);
  }

  /** What a notice asks of the media. @param {Notice} notice */
  #act(notice) {
    switch (notice.type) {
      case "call.joined":
        this.#slots = { audio: notice.limits.audio_slots, video: notice.limits.video_slots };
        if (!notice.resumed || !this.connection) this.#connect();
        return;
      case "pc.answer": return void this.connection?.answered(notice).then(() => this.#tellSources(), (error) => this.#broken(error));
      case "call.layers": return void this.connection?.layers(notice.source, notice.rids).catch(() => undefined);
      case "call.grow": return this.#grow(notice);
      case "call.members": return this.#peopleMoved(notice);
      case "call.state":
        // What was on while it rang goes off where the other lets no pictures through.
        if (notice.call.id === callOf(this.state) && !notice.call.pictures) this.#toVoices();
        return;
      case "call.moderated":
        if (notice.act.kind === "muted") void this.#setOwn(notice.act.source, false);
        return;
      case "call.ended":
      case "call.parted": return this.#settle();
      default: return;
    }
  }

  #toVoices() {
    void this.own.setCam(false, false);
    void this.own.share(false);
  }

  /** @param {Extract<Notice, {type: "call.members"}>} notice */
  #peopleMoved({ members, left }) {
    // Whoever came back is somebody new to the media server: what I look at is told again.
    if (members.some(({ member, number }) => this.#numbers.get(member) !== number)) this.sights.again();
    for (const { member, number } of members) this.#numbers.set(member, number);
    const { current } = this;
    if (current?.call?.kind !== "direct" || !isOn(current)) return;
    // A call between two is over when one of them hangs up.
    if (Object.values(left).includes("left") && others(current, this.state.me).length === 0) void this.leave();
  }

  /** @param {{audio: number, video: number}} wanted how many there should be */
  #grow({ audio, video }) {
    const { connection } = this;
    if (!connection) return;
    const more = { audio: Math.max(0, audio - connection.slots.audio), video: Math.max(0, video - connection.slots.video) };
    this.#slots = { audio, video };
    if (more.audio + more.video > 0) connection.grow(more);
  }

  /**
   * Rings somebody, a group, or opens a room's call.
   * @param {Wish} wish
   */
  async start(wish) {
    if (isBusy(this.state)) return;
    const wasLooking = this.current?.phase === "pre_join";
    this.store.dispatch({ type: wish.kind === "room" ? "joining" : "asked", wish, now: Date.now() });
    // Who stood before the door has chosen already.
    if (!wasLooking) await this.own.open({ mic: true, cam: wish.video });
    const target = wish.room === null ? { to: wish.to } : { room: wish.room };
    await this.#trying(async () => {
      const { id } = await this.line.request({ type: "call.start", ...target, video: wish.video, key: newKey() });
      if (this.#isOver()) return void this.line.request({ type: "call.cancel", call: String(id) }).catch(() => undefined);
      this.store.dispatch({ type: "started", call: String(id), now: Date.now() });
      if (this.#isOver()) return this.#settle();
      await this.line.request({ type: "call.join", call: String(id) });
      this.#kept();
    });
  }

  #isOver() {
    return !this.current || this.current.phase === "ended";
  }

  /** Takes a call that rings. @param {string} call @param {boolean} video */
  async accept(call, video) {
    const ring = this.state.rings.find((each) => each.call.id === call);
    if (!ring) return;
    // One call at a time: the one before it is left first.
    if (isBusy(this.state)) await this.leave();
    const { kind, room, starter } = ring.call;
    const wish = { call, kind, room, to: kind === "direct" ? starter : null, video };
    this.store.dispatch({ type: "joining", wish, now: Date.now() });
    await this.#trying(async () => {
      await this.line.request({ type: "call.accept", call, video });
      await this.#join(wish, { mic: true, cam: video });
    });
  }

  /** @param {string} call */
  async decline(call) {
    await this.line.request({ type: "call.decline", call }).catch(() => undefined);
    this.store.dispatch({ type: "over", call, cause: "declined", now: Date.now() });
  }

  /** Stands before a call, with a look into the mirror. @param {Wish} wish @param {Call | null} [call] what is known of it from where one comes */
  async look(wish, call = null) {
    if (isBusy(this.state)) return;
    this.store.dispatch({ type: "looking", wish, call, now: Date.now() });
    const choice = chosen();
    await this.own.open({ mic: choice.micOn, cam: wish.video && choice.camOn });
  }

  /** Enters a call that goes on: from before its door, or back after the page was loaded anew. @param {Wish} wish @param {{mic: boolean, cam: boolean}} [wanted] */
  async enter(wish, wanted) {
    if (isBusy(this.state)) return;
    if (wish.call === null) return this.start(wish);
    this.store.dispatch({ type: "joining", wish, now: Date.now() });
    await this.#trying(() => this.#join(wish, wanted ?? { mic: this.own.isOn("mic"), cam: this.own.isOn("cam") }));
  }

  /** @param {Wish} wish @param {{mic: boolean, cam: boolean}} wanted */
  async #join(wish, wanted) {
    // A question about the devices may stand for long; being there does not wait for its answer, and what it brings is sent when it comes.
    if (!this.own.own.mic) void this.own.open(wanted);
    await this.line.request({ type: "call.join", call: wish.call });
    this.#kept();
  }

  /** Leaves, takes back what rings, or steps away from the door. */
  async leave() {
    const { current } = this;
    const call = callOf(this.state);
    if (!current || current.phase === "ended" || current.phase === "pre_join") return this.close();
    const isRinging = current.phase === "ringing_out";
    // The word goes before the media: a way that only ends looks to the others like a loss.
    const asked = call === null ? undefined : this.line.request({ type: isRinging ? "call.cancel" : "call.leave", call }).catch(() => undefined);
    await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, LEAVE_WITHIN_MS))]);
    this.store.dispatch({ type: "failed", cause: isRinging ? "cancelled" : "left", code: null, now: Date.now() });
    this.#settle();
  }

  /** The end was seen. */
  close() {
    this.store.dispatch({ type: "closed" });
    this.#settle();
  }

  /** @param {Source} source @param {boolean} isOn */
  async set(source, isOn) {
    if (isOn && this.current && keptOff(this.current, source)) return;
    await this.#setOwn(source, isOn);
  }

  /** @param {Source} source @param {boolean} isOn */
  async #setOwn(source, isOn) {
    if (source === "mic") await this.own.setMic(isOn);
    else if (source === "cam") await this.own.setCam(isOn);
    else await this.own.share(isOn);
  }

  /** @param {boolean} raised */
  hand(raised) {
    return this.#command({ type: "call.hand", raised });
  }

  /** What a host does. @param {{type: `call.mod.${string}`, member?: string, source?: Source, locked?: boolean, role?: CallRole}} act */
  moderate(act) {
    return this.#command(act);
  }

  /** Rings more people. @param {string[]} members */
  add(members) {
    return this.#command({ type: "call.add", members });
  }

  /** @param {{type: string} & Record<string, unknown>} command */
  async #command(command) {
    const call = callOf(this.state);
    if (call !== null) await this.line.request({ ...command, call });
  }

  /** @param {(call: string) => unknown} run */
  #inCall(run) {
    const call = callOf(this.state);
    if (call !== null && this.current?.phase !== "ended") run(call);
  }

  /** Whatever goes wrong on the way in ends the call here, with its reason. @param {() => Promise<unknown>} run */
  async #trying(run) {
    try {
      await run();
    } catch (error) {
      const code = error instanceof Refused ? error.code : null;
      // A line that breaks on the way is mended by the next greeting.
      if (code === "live.lost" && this.current?.resume) return;
      this.#broken(error);
    }
  }

  /** @param {unknown} error @param {boolean} [isIn] the server has me in the call, whatever it refuses */
  #broken(error, isIn = !(error instanceof Refused)) {
    const call = callOf(this.state);
    this.store.dispatch({ type: "failed", cause: "refused", code: error instanceof Refused ? error.code : "error.broken", now: Date.now() });
    this.#settle();
    if (isIn && call !== null) void this.line.request({ type: "call.leave", call }).catch(() => undefined);
  }

  /** Back after the line was lost: with the token media goes on untouched; without it everything is set up anew, and no device is asked for. */
  async #comeBack() {
    const call = callOf(this.state);
    const resume = this.current?.resume;
    try {
      await this.line.request({ type: "call.join", call, resume }).catch((error) => {
        if (!(error instanceof Refused) || !["calls.resume", "calls.removed"].includes(error.code)) throw error;
        if (error.code === "calls.removed") throw error;
        return this.line.request({ type: "call.join", call });
      });
      if (this.#order.last > 0) await this.#order.catchUp();
    } catch (error) {
      if (error instanceof Refused && error.code !== "live.lost") this.#broken(error);
    }
  }

  /** A new way for the media, with what I send now. */
  #connect() {
    this.connection?.close();
    this.streams.dispatch(null);
    /** @type {Connection} */
    const connection = (this.connection = new Connection({
      offer: (offer) => this.line.request({ type: "pc.offer", call: callOf(this.state), ...offer }).catch((error) => this.#unanswered(error)),
      media: (media) => connection === this.connection && this.#media(media),
      slot: (mid, stream) => connection === this.connection && this.streams.dispatch({ mid, stream }),
    }, this.#slots));
    for (const source of SOURCES) void connection.send(source, this.own.own[source]);
    void connection.begin();
    this.watch.begin(connection);
    this.sights.again();
    this.stay.begin(() => connection.networkChanged());
  }

  /** An offer that was refused for what it is will be refused again; one that got lost is repeated. @param {unknown} error */
  #unanswered(error) {
    if (error instanceof Refused && !error.isPassing && !["live.lost", "calls.offer_stale"].includes(error.code)) this.#broken(error, true);
    throw error;
  }

  /** @param {"connecting" | "up" | "down"} media */
  #media(media) {
    this.store.dispatch({ type: "media", media, now: Date.now() });
    clearTimeout(this.#anew);
    if (media !== "down") return;
    const call = callOf(this.state);
    // The server has perhaps forgotten this way: it is asked for another one, with the same devices.
    this.#anew = setTimeout(() => this.state.line === "up" && this.line.request({ type: "call.join", call }).catch(() => undefined), ANEW_AFTER_MS);
  }

  /** What is sent changed: the way of the media first, then the word about it. @param {Source} source @param {boolean} isOn */
  #sends(source, isOn) {
    const { connection } = this;
    if (!connection) return;
    void connection.send(source, this.own.own[source]).then(() => this.#tell(source, isOn));
    this.#kept();
  }

  #tellSources() {
    for (const source of SOURCES) this.#tell(source, this.own.isOn(source));
  }

  /** @param {Source} source @param {boolean} isOn */
  #tell(source, isOn) {
    if (isOn && this.current && keptOff(this.current, source)) return void this.#setOwn(source, false);
    this.#inCall((call) => void this.line.request({ type: "call.mute", call, source, muted: !isOn }).catch(() => undefined));
  }

  /** So that a page that is loaded anew finds its way back. */
  #kept() {
    const { current } = this;
    const call = callOf(this.state);
    if (current && call !== null) this.stay.keep({ wish: { ...current.wish, call }, mic: this.own.isOn("mic"), cam: this.own.isOn("cam") });
  }

  /** Lets go of everything that only a call needs, once there is none. */
  #settle() {
    const { current } = this;
    if (current && current.phase !== "ended") return;
    clearTimeout(this.#anew);
    this.watch.end();
    this.stay.end();
    this.connection?.close();
    this.connection = null;
    this.#order.reset();
    this.streams.dispatch(null);
    this.own.close();
    this.sights.close();
  }

  /** Looks at the clock when something runs out, and how much depends on the line. */
  #wind() {
    clearTimeout(this.#clock);
    this.line.isUrgent = this.current !== null && this.current.phase !== "ended";
    if (this.connection && (!this.current || this.current.phase === "ended")) this.#settle();
    const due = deadline(this.state);
    if (due !== null) this.#clock = setTimeout(() => this.store.dispatch({ type: "tick", now: Date.now() }), Math.max(0, due - Date.now()));
  }
}

