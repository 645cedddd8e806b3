/** The place reached in each log: lets every event through once, in order, and knows what is missing. */

/** @import { Entry } from "./socket.js" */

/** How many events of one log may wait for those before them; more than that is asked for again anyway. */
const MOST_WAITING = 1_000;

/**
 * A log is `suspended` from a reset until its owner has loaded it again: what comes meanwhile waits.
 * @typedef {{applied: number, head: number, suspended: boolean, waiting: Map<number, Entry>}} Log
 */

export class Logs {
  /** @type {Map<string, Log>} */
  #logs = new Map();
  /** Events of rooms whose snapshot has not come yet. @type {Map<string, Map<number, Entry>>} */
  #early = new Map();

  /** @param {(entry: Entry) => void} apply */
  constructor(apply) {
    this.apply = apply;
  }

  /** @param {string} room @param {number} seq everything up to it is known */
  follow(room, seq) {
    const known = this.#logs.get(room);
    const waiting = known?.waiting ?? this.#early.get(room) ?? new Map();
    this.#early.delete(room);
    // A snapshot older than what was applied (its answer was on the way meanwhile) does not set the clock back,
    // unless the log is suspended: then the snapshot is the truth.
    const applied = known && !known.suspended ? Math.max(known.applied, seq) : seq;
    const log = { applied, head: Math.max(known?.head ?? 0, applied), suspended: false, waiting };
    this.#logs.set(room, log);
    this.#drain(log);
  }

  /** @param {string} room */
  forget(room) {
    this.#logs.delete(room);
    this.#early.delete(room);
  }

  /** @param {string} room */
  suspend(room) {
    const log = this.#logs.get(room);
    if (log) log.suspended = true;
  }

  clear() {
    this.#logs.clear();
    this.#early.clear();
  }

  /** Drops what waits for a gap: the next connection brings it again. */
  dropWaiting() {
    for (const log of this.#logs.values()) log.waiting.clear();
    this.#early.clear();
  }

  /** @param {Record<string, number>} heads where the server says that each log is */
  expect(heads) {
    for (const [room, head] of Object.entries(heads)) {
      const log = this.#logs.get(room);
      if (log) log.head = Math.max(log.head, head);
    }
  }

  /** @param {Entry} entry */
  take(entry) {
    const log = this.#logs.get(entry.room);
    if (!log) {
      const early = this.#early.get(entry.room) ?? new Map();
      this.#early.set(entry.room, early.set(entry.seq, entry));
      return;
    }
    log.head = Math.max(log.head, entry.seq);
    if (entry.seq <= log.applied || log.waiting.size >= MOST_WAITING) return;
    log.waiting.set(entry.seq, entry);
    this.#drain(log);
  }

  /** @param {Log} log */
  #drain(log) {
    if (log.suspended) return;
    for (const seq of log.waiting.keys()) if (seq <= log.applied) log.waiting.delete(seq);
    for (let entry; (entry = log.waiting.get(log.applied + 1)); ) {
      log.waiting.delete(entry.seq);
      log.applied = entry.seq;
      this.apply(entry);
      // Applying may forget or reset this very log.
      if (log.suspended || this.#logs.get(entry.room) !== log) return;
    }
  }

  /** Whether any log is behind the head that is known of it. */
  missing() {
    for (const log of this.#logs.values()) if (!log.suspended && log.applied < log.head) return true;
    return false;
  }

  /** @param {Record<string, number>} heads @returns {boolean} whether any log has not reached its head in `heads` yet */
  isBelow(heads) {
    return Object.entries(heads).some(([room, head]) => {
      const log = this.#logs.get(room);
      return log !== undefined && !log.suspended && log.applied < head;
    });
  }

  /** @returns {Record<string, number>} the head that is known of every log */
  heads() {
    return Object.fromEntries([...this.#logs].map(([room, log]) => [room, log.head]));
  }

  /** @param {{suspended?: boolean}} [which] `suspended: false` leaves out logs that are being loaded again @returns {Record<string, number>} the cursor of every log */
  cursors({ suspended = true } = {}) {
    const logs = [...this.#logs].filter(([, log]) => suspended || !log.suspended);
    return Object.fromEntries(logs.map(([room, log]) => [room, log.applied]));
  }

  /** @param {string} room @returns {number | null} null for a log that is not followed */
  applied(room) {
    return this.#logs.get(room)?.applied ?? null;
  }
}

/** The digest of heartbeats: FNV-1a, 32 bits, over `id:seq;` of every log in ascending id, `me` last. @param {Record<string, number>} cursors by log @returns {string} eight hex digits */
export function digestOf(cursors) {
  const rooms = Object.keys(cursors).filter((id) => id !== "me").sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const text = rooms.map((id) => `${id}:${cursors[id]};`).join("") + ("me" in cursors ? `me:${cursors.me};` : "");
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
