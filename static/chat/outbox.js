/** Messages on their way: kept before they are sent, sent in order, under the same key however often, by one tab at a time. */

import { Refused } from "../lib/errors.js";

/** @import { Echo } from "./types.d.ts" */

/**
 * Where entries survive a reload.
 * @typedef {object} Shelf
 * @property {() => Promise<Echo[]>} all
 * @property {(entry: Echo) => Promise<void>} put
 * @property {(key: string) => Promise<void>} delete
 */

/**
 * What an outbox needs around it, so that tests need neither a browser nor time.
 * @typedef {object} Surroundings
 * @property {Shelf} shelf
 * @property {(entry: Echo) => Promise<{id?: string, seq?: number, at?: number}>} send rejected with `Refused`
 * @property {() => boolean} isOnline whether a request can be made at all
 * @property {(run: () => void) => void} lead calls `run` when this tab is the one that sends; others wait for their turn
 * @property {() => void} tellOthers the shelf changed, and other tabs should read it
 * @property {() => number} now
 * @property {(run: () => void, ms: number) => unknown} after
 * @property {() => number} random
 */

/**
 * What the state is told.
 * @typedef {object} Listener
 * @property {(echoes: Echo[]) => void} echoed
 * @property {(key: string, change: Partial<Echo>) => void} changed
 * @property {(key: string) => void} dropped
 */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** After this long with a connection and without an answer, the person is asked. */
const PATIENCE = 60_000;
/** Refusals that say when the message may go: to wait for that is no lack of an answer. */
const IN_TIME = ["chat.slow_mode", "automod.slow"];

export class Outbox {
  /** @type {Map<string, Echo>} every entry that is not sent yet, in order of writing */
  #entries = new Map();
  /** Rooms with a request under way, or waiting to try again. @type {Set<string>} */
  #busy = new Set();
  /** Where a room waits to try again, what ends the waiting. @type {Map<string, () => void>} */
  #pauses = new Map();
  /** When an entry was first tried on a working connection. @type {Map<string, number>} */
  #since = new Map();
  #isLeader = false;

  /** @param {Surroundings} surroundings @param {Listener} listener */
  constructor(surroundings, listener) {
    this.world = surroundings;
    this.listener = listener;
  }

  /** Reads what an earlier page left, and begins to send when it is this tab's turn. */
  async begin() {
    await this.reload();
    this.world.lead(() => {
      this.#isLeader = true;
      void this.reload().then(() => this.flush());
    });
  }

  /** Reads the shelf again: another tab wrote on it, or sent from it. */
  async reload() {
    const rows = (await this.world.shelf.all().catch(() => [])).sort((a, b) => a.created - b.created);
    const keys = new Set(rows.map((row) => row.client_key));
    for (const [key, entry] of this.#entries) {
      // What another tab sent comes back as an event; what it gave up is gone here too.
      if (keys.has(key) || (this.#isLeader && entry.state !== "failed")) continue;
      this.#entries.delete(key);
      if (entry.state === "failed") this.listener.dropped(key);
      else this.listener.changed(key, { state: "sent" });
    }
    for (const row of rows) {
      const known = this.#entries.get(row.client_key);
      const isRetried = known?.state === "failed" && row.state === "waiting";
      if (known && this.#isLeader && !isRetried) continue;
      this.#entries.set(row.client_key, row);
    }
    this.listener.echoed([...this.#entries.values()]);
    if (this.#isLeader) this.flush();
  }

  /**
   * Keeps a message, then sends it as soon as possible. It is safe once this is fulfilled.
   * @param {Echo} entry
   */
  async add(entry) {
    this.#entries.set(entry.client_key, entry);
    this.listener.echoed([entry]);
    // A browser that cannot keep it (private windows, full disks) still sends it.
    await this.world.shelf.put(entry).catch(() => undefined);
    this.world.tellOthers();
    this.flush();
  }

  /** Tries a failed message again, under its old key. @param {string} key */
  async retry(key) {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#since.delete(key);
    await this.#change(entry, { state: "waiting", code: null, said: null, attempts: 0 });
    this.world.tellOthers();
    this.flush();
  }

  /** Gives a message up. @param {string} key */
  async drop(key) {
    this.#entries.delete(key);
    this.listener.dropped(key);
    await this.world.shelf.delete(key).catch(() => undefined);
    this.world.tellOthers();
  }

  /** How many messages wait. */
  get waiting() {
    return [...this.#entries.values()].filter((entry) => entry.state !== "failed").length;
  }

  /** The connection ended: patience begins anew with the next one. */
  interrupted() {
    this.#since.clear();
  }

  /** Sends what can be sent: in every room the oldest message first, the next one after its answer. */
  flush() {
    if (!this.#isLeader || !this.world.isOnline()) return;
    for (const entry of this.#entries.values()) {
      if (entry.state === "failed" || this.#busy.has(entry.room)) continue;
      this.#busy.add(entry.room);
      void this.#send(entry).finally(() => {
        this.#busy.delete(entry.room);
        this.flush();
      });
    }
  }

  /** @param {Echo} entry */
  async #send(entry) {
    const { client_key: key } = entry;
    if (!this.#since.has(key)) this.#since.set(key, this.world.now());
    await this.#change(entry, { state: "sending", attempts: entry.attempts + 1 });
    try {
      const ack = await this.world.send(entry);
      this.#entries.delete(key);
      this.#since.delete(key);
      this.listener.changed(key, { state: "sent", seq: ack.seq ?? null });
      await this.world.shelf.delete(key).catch(() => undefined);
      this.world.tellOthers();
    } catch (error) {
      await this.#missed(/** @type {Echo} */ (this.#entries.get(key) ?? entry), error instanceof Refused ? error : new Refused("error.broken"));
    }
  }

  /** @param {Echo} entry @param {Refused} error */
  async #missed(entry, error) {
    if (!this.#entries.has(entry.client_key)) return; // Deleted while it was on the way.
    const isOver = error.code !== "live.lost" && !error.isPassing;
    if (IN_TIME.includes(error.code)) this.#since.delete(entry.client_key);
    const waited = this.world.now() - (this.#since.get(entry.client_key) ?? Infinity);
    if (isOver || (this.world.isOnline() && waited >= PATIENCE)) {
      await this.#change(entry, { state: "failed", code: isOver ? error.code : "chat.not_answered", said: isOver && error.message !== error.code ? error.message : null });
      this.world.tellOthers();
      return;
    }
    await this.#change(entry, { state: "waiting" });
    // Without a connection there is nothing to wait for but the connection, and that calls `flush`.
    if (!this.world.isOnline()) return;
    const most = IN_TIME.includes(error.code) ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (entry.attempts - 1));
    await this.#pause(entry.room, Math.max(error.retry_after_ms ?? 0, this.world.random() * most));
  }

  /** @param {string} room @param {number} ms */
  #pause(room, ms) {
    return new Promise((resolve) => {
      const end = () => {
        if (this.#pauses.get(room) === end) this.#pauses.delete(room);
        resolve(undefined);
      };
      this.#pauses.set(room, end);
      this.world.after(end, ms);
    });
  }

  /** What waits in a room is tried at once: it may have to wait no longer. @param {string} room */
  hurry(room) {
    this.#pauses.get(room)?.();
  }

  /** @param {Echo} entry @param {Partial<Echo>} change */
  async #change(entry, change) {
    const next = { ...entry, ...change };
    if (this.#entries.has(entry.client_key)) this.#entries.set(entry.client_key, next);
    this.listener.changed(entry.client_key, change);
    // "sending" is of the moment; only what must be known after a reload is written.
    if (next.state !== "sending") await this.world.shelf.put(next).catch(() => undefined);
  }
}
