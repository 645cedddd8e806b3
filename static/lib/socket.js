/** One live connection: hello, cursors, requests, gaps, replay, heartbeats, reconnection. It draws nothing and stores no words. */

import { Refused } from "./errors.js";
import { digestOf, Logs } from "./logs.js";

/** @import { CallNotice, Event, MeEvent, Member, MyCall, ServerFrame, Signal } from "../types/live.d.ts" */
/** @typedef {{room: string, seq: number, at: number, event: Event | MeEvent}} Entry */
/** @typedef {"connecting" | "open" | "waiting" | "closed"} Status */

/**
 * What the owner of a socket is told. Events come strictly in the order of their log, each one once.
 * @typedef {object} Listener
 * @property {(entry: Entry) => void} event
 * @property {(signal: Signal) => void} signal
 * @property {() => void} [missed] signals to everyone were said that did not come here: before the connection, during a break, or while too much waited
 * @property {(status: Status, retryAt: number | null) => void} status `retryAt`: when the next attempt begins, in the clock's milliseconds
 * @property {(room: string) => void} reset the log's cached pages are worth nothing: load them again, then `follow`
 * @property {(room: string) => void} gone
 * @property {(notice: CallNotice & {seq?: number}) => void} [notice] something about calls, in order
 * @property {(greeting: {me: Member, connection: string, calls: MyCall[], heads: Record<string, number>}) => void} hello the connection is ready for requests; `heads`: where the server says that each log is
 * @property {() => void} caughtUp every log has reached the head that the server named
 * @property {() => void} restored the database is another one (its epoch changed): drop everything and load again
 * @property {() => void} signedOut
 */

/**
 * Time and chance, so that tests need neither to pass.
 * @typedef {object} Surroundings
 * @property {(url: string) => WebSocket} open
 * @property {() => number} now
 * @property {(run: () => void, ms: number) => unknown} after
 * @property {(timer: any) => void} cancel
 * @property {() => number} random from 0 to 1
 */

/** @type {Surroundings} */
const world = {
  open: (url) => new WebSocket(url),
  now: () => Date.now(),
  after: (run, ms) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
};

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** The same while somebody waits at the other end, as in a call. */
const LONGEST_URGENT_WAIT = 5_000;
/** How long the server may take until its first frame, before a heartbeat interval is known. */
const HELLO_WITHIN = 15_000;
const REQUEST_WITHIN = 20_000;
/** A replay that has stood still for this long is asked for again; before that, asking would only double it. */
const REPLAY_STANDS = 5_000;
const PROBE_WITHIN = 5_000;
const SIGNED_OUT = 4001;

export class Socket {
  /** @type {Status} */
  status = "closed";
  /** Somebody waits at the other end: a lost connection is tried again within seconds, however long it has been lost. */
  isUrgent = false;
  /** The number of the latest signal to everyone that came here; before that, of the latest one that the owner's snapshot knows of. */
  signals = NaN;
  /** @type {WebSocket | null} */
  #ws = null;
  #attempts = 0;
  #refs = 0;
  /** Event frames received on this connection. */
  #received = 0;
  #heartbeat = HELLO_WITHIN / 2.5;
  /** @type {number | null} the server's wish, from `going_away` */
  #retryAfter = null;
  /** @type {Map<string, {resolve: (ack: any) => void, reject: (error: Refused) => void, timer: unknown}>} */
  #requests = new Map();
  /** @type {unknown} */
  #deadTimer = null;
  /** @type {unknown} */
  #retryTimer = null;
  /** When the last sync was sent, or the last event of its replay came. */
  #replayAt = -Infinity;
  /** The heads that the replay under way leads to. @type {Record<string, number>} */
  #replayTo = {};
  #ready = false;
  #behind = false;

  /**
   * @param {string} url `wss://…/live`
   * @param {Listener} listener
   * @param {string | null} epoch of the snapshot that the cursors belong to; null: nothing is kept of any log, and events are not heard
   * @param {Surroundings} [surroundings]
   */
  constructor(url, listener, epoch, surroundings = world) {
    this.url = url;
    this.listener = listener;
    this.epoch = epoch;
    this.world = surroundings;
    this.logs = new Logs((entry) => this.listener.event(entry));
  }

  /** From now on the log counts from `seq`: everything up to it is in the owner's snapshot. @param {string} room @param {number} seq */
  follow(room, seq) {
    this.logs.follow(room, seq);
    if (this.#ready) this.#checkGaps();
  }

  /** @param {string} room */
  forget(room) {
    this.logs.forget(room);
  }

  open() {
    if (this.#ws || this.status === "connecting") return;
    this.world.cancel(this.#retryTimer);
    this.#set("connecting", null);
    this.#ready = false;
    this.#received = 0;
    this.#replayAt = -Infinity;
    const ws = this.world.open(this.url);
    this.#ws = ws;
    // A socket that was given up may still speak; only the present one is heard.
    ws.onmessage = ({ data }) => ws === this.#ws && this.#hear(String(data));
    ws.onclose = ({ code }) => ws === this.#ws && this.#lost(code);
    ws.onerror = null;
    this.#expectFrame();
  }

  /** Ends for good; `open` begins anew. */
  close() {
    this.world.cancel(this.#retryTimer);
    this.#drop();
    this.#set("closed", null);
  }

  /** Tries now instead of when the wait is over (the network came back, the tab is shown). */
  hurry() {
    if (this.status === "waiting") this.open();
  }

  /** Finds out now whether the connection still lives, for instance after sleep. */
  probe() {
    if (!this.#ready) return this.hurry();
    const ws = this.#ws;
    const timer = this.world.after(() => ws === this.#ws && this.#lost(1006), PROBE_WITHIN);
    this.request({ type: "ping" }).catch(() => undefined).finally(() => this.world.cancel(timer));
  }

  /** Attempts since the connection last worked. */
  get attempts() {
    return this.#attempts;
  }

  /**
   * Sends a command; the answer is the server's `ack`.
   * @param {{type: string} & Record<string, unknown>} command
   * @returns {Promise<{id?: string, seq?: number, at?: number, heads?: Record<string, number>}>} rejected with `Refused`; `live.lost` when the connection ended before the answer
   */
  request(command) {
    if (!this.#ready) return Promise.reject(new Refused("live.lost"));
    const ref = String(++this.#refs);
    return new Promise((resolve, reject) => {
      const timer = this.world.after(() => this.#answer(ref, null), REQUEST_WITHIN);
      this.#requests.set(ref, { resolve, reject, timer });
      this.#ws?.send(JSON.stringify({ ...command, ref }));
    });
  }

  /** Sends a command that has no answer; lost when there is no connection. @param {{type: string} & Record<string, unknown>} command */
  tell(command) {
    if (this.#ready) this.#ws?.send(JSON.stringify(command));
  }

  /** @param {string} data */
  #hear(data) {
    this.#expectFrame();
    /** @type {ServerFrame} */
    const frame = JSON.parse(data);
    switch (frame.type) {
      case "hello": return this.#begin(frame);
      case "ack": return this.#answer(frame.ref, frame);
      case "refused": return frame.ref === null ? undefined : this.#refuse(frame.ref, new Refused(frame.code, { message: frame.message, retry_after_ms: frame.retry_after_ms }));
      case "event": return this.#take(frame);
      case "signal":
        this.listener.signal(frame.signal);
        if (frame.n !== undefined) this.#count(frame.n, frame.n - 1);
        return;
      case "heartbeat":
        this.#count(frame.signals, frame.signals);
        return this.#compare(frame.n, frame.heads_digest);
      case "reset": return this.#reset(frame.room);
      case "gone": return this.#gone(frame.room);
      case "going_away": this.#retryAfter = frame.retry_after_ms; return;
      default:
        // A newer server may say more; what is unknown is not ours to judge.
        if (/^(call|pc)\./.test(frame.type)) this.listener.notice?.(frame);
    }
  }

  /** @param {Extract<ServerFrame, {type: "hello"}>} hello */
  #begin(hello) {
    this.#heartbeat = hello.heartbeat_ms;
    this.#expectFrame();
    // Only a connection that lasts until a heartbeat counts as a good one.
    this.#attempts = Math.min(this.#attempts, 1);
    if (this.epoch !== null && hello.epoch !== this.epoch) {
      this.epoch = hello.epoch;
      this.logs.clear();
      this.close();
      return this.listener.restored();
    }
    this.#ready = true;
    this.#set("open", null);
    this.logs.expect(hello.heads);
    this.listener.hello(hello);
    this.#count(hello.signals, hello.signals);
    this.#behind = true;
    this.#checkGaps();
  }

  /**
   * Signals to everyone are numbered: whoever was not at `before` has missed some.
   * @param {number} latest @param {number} before
   */
  #count(latest, before) {
    const hasMissed = this.signals !== before;
    this.signals = latest;
    if (hasMissed) this.listener.missed?.();
  }

  /** @param {Extract<ServerFrame, {type: "event"}>} frame */
  #take({ room, seq, at, event }) {
    if (this.epoch === null) return;
    this.#received += 1;
    if (seq <= (this.#replayTo[room] ?? 0)) this.#replayAt = this.world.now();
    this.logs.take({ room, seq, at, event });
    this.#checkGaps();
  }

  /** Asks for what is missing, and says when nothing is. */
  #checkGaps() {
    if (this.logs.missing()) return this.#sync();
    if (!this.#behind) return;
    this.#behind = false;
    this.listener.caughtUp();
  }

  #sync() {
    const now = this.world.now();
    if (now - this.#replayAt < REPLAY_STANDS && this.logs.isBelow(this.#replayTo)) return;
    this.#replayAt = now;
    this.#replayTo = this.logs.heads();
    this.#behind = true;
    this.request({ type: "sync", rooms: this.logs.cursors({ suspended: false }) }).then(
      (ack) => {
        this.logs.expect(ack.heads ?? {});
        this.#replayTo = this.logs.heads();
        this.#checkGaps();
      },
      () => {
        this.#replayTo = {}; // The connection ended, or the server was busy: the next hello or heartbeat asks again.
      },
    );
  }

  /** @param {number} n @param {string} digest */
  #compare(n, digest) {
    this.#attempts = 0;
    if (this.epoch === null) return;
    // The count finds frames that got lost on this connection, the digest what was never sent on it.
    const isWhole = n === this.#received && digest === digestOf(this.logs.cursors());
    this.#received = n;
    if (isWhole) this.#checkGaps();
    else this.#sync();
  }

  /** @param {string} room */
  #reset(room) {
    this.logs.suspend(room);
    this.listener.reset(room);
  }

  /** @param {string} room */
  #gone(room) {
    this.logs.forget(room);
    this.listener.gone(room);
    this.#checkGaps();
  }

  /** @param {string} ref @param {unknown} ack null when none came in time */
  #answer(ref, ack) {
    const waiting = this.#requests.get(ref);
    if (!waiting) return;
    if (ack === null) return this.#refuse(ref, new Refused("live.lost"));
    this.#requests.delete(ref);
    this.world.cancel(waiting.timer);
    waiting.resolve(ack);
  }

  /** @param {string} ref @param {Refused} error */
  #refuse(ref, error) {
    const waiting = this.#requests.get(ref);
    if (!waiting) return;
    this.#requests.delete(ref);
    this.world.cancel(waiting.timer);
    waiting.reject(error);
  }

  /** A connection without any frame for two and a half heartbeats is dead, whatever the system says. */
  #expectFrame() {
    this.world.cancel(this.#deadTimer);
    this.#deadTimer = this.world.after(() => this.#lost(1006), this.#heartbeat * 2.5);
  }

  /** @param {number} code why the connection ended */
  #lost(code) {
    this.#drop();
    if (code === SIGNED_OUT) {
      this.#set("closed", null);
      return this.listener.signedOut();
    }
    const most = Math.min(this.isUrgent ? LONGEST_URGENT_WAIT : LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempts);
    this.#attempts += 1;
    // Full jitter: a thousand clients of a restarted server must not come back together.
    const wait = this.#retryAfter ?? this.world.random() * most;
    this.#retryAfter = null;
    this.#retryTimer = this.world.after(() => this.open(), wait);
    this.#set("waiting", this.world.now() + wait);
  }

  #drop() {
    this.world.cancel(this.#deadTimer);
    const ws = this.#ws;
    this.#ws = null;
    this.#ready = false;
    ws?.close();
    this.logs.dropWaiting();
    for (const ref of [...this.#requests.keys()]) this.#refuse(ref, new Refused("live.lost"));
  }

  /** @param {Status} status @param {number | null} retryAt */
  #set(status, retryAt) {
    this.status = status;
    this.listener.status(status, retryAt);
  }
}
