/** Looks at a connection while a call lasts: a digest for the server every ten seconds, a name for what fails within five. */

import { failingHop, figures, sumsOf } from "./digest.js";

/** @import { Trouble } from "../types/live.d.ts" */
/** @import { Connection } from "./connection.js" */
/** @import { Current, Source } from "./types.d.ts" */
/** @import { Sums } from "./digest.js" */

const LOOK_MS = 2_500;
const DIGEST_EVERY = 4;

/** @typedef {ReturnType<typeof figures>} Figures */

export class Watch {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** The last looks, the newest at the end: two of them are five seconds apart. @type {Sums[]} */
  #looks = [];
  #count = 0;
  #since = 0;
  /** The newest figures, for whoever wants to see them. @type {Figures | null} */
  figures = null;
  /** When each slot began to show what it shows. @type {Map<string, {what: string, since: number}>} */
  #slots = new Map();

  /**
   * @param {{current: () => Current | null, digest: (digest: Record<string, unknown>) => void, trouble: (hop: Trouble | null) => void}} owner
   */
  constructor(owner) {
    this.owner = owner;
  }

  /** @param {Connection} connection */
  begin(connection) {
    this.end();
    this.#since = Date.now();
    this.#timer = setInterval(() => void this.#look(connection), LOOK_MS);
  }

  end() {
    clearInterval(this.#timer);
    this.#looks = [];
    this.#count = 0;
    this.#slots.clear();
    this.figures = null;
  }

  /** @param {Connection} connection */
  async #look(connection) {
    const current = this.owner.current();
    if (!current) return;
    const now = Date.now();
    const sums = sumsOf((await connection.pc.getStats()).values(), now);
    const before = this.#looks[0] ?? sums;
    this.#looks = [...this.#looks.slice(-DIGEST_EVERY), sums];
    const older = this.#looks.at(-3) ?? before;
    const { iceConnectionState: ice, connectionState } = connection.pc;
    const dtls = connectionState === "connected" ? "connected" : "connecting";
    this.owner.trouble(failingHop({ ice, dtls, since: this.#since, now, expected: this.#expected(current, now) }, sums, older));
    this.#count += 1;
    if (this.#looks.length > 1) this.figures = figures(sums, before);
    if (this.#count % DIGEST_EVERY === 0 && this.figures) this.owner.digest(digestOf(this.figures, sums, before));
  }

  /** @param {Current} current @param {number} now */
  #expected(current, now) {
    return Object.values(current.slots).flatMap(({ slot, member, source, state }) => {
      if (member === null || source === null) return [];
      const what = `${member} ${source} ${state}`;
      const known = this.#slots.get(slot);
      const since = known?.what === what ? known.since : now;
      if (since === now) this.#slots.set(slot, { what, since });
      return [{ mid: slot, source: /** @type {Source} */ (source), state, since }];
    });
  }
}

/** What of the figures the server asks for. @param {Figures} figures @param {Sums} now @param {Sums} before */
function digestOf({ rtt_ms, loss_up, loss_down, route }, now, before) {
  const frozen = Object.fromEntries(Object.keys(now.frozenBy).map((mid) => [mid, Math.max(0, (now.frozenBy[mid] ?? 0) - (before.frozenBy[mid] ?? 0))]).filter(([, count]) => Number(count) > 0));
  return { ...(rtt_ms !== null && { rtt_ms }), loss_up, loss_down, ...((route === "udp" || route === "tcp") && { route }), ...(Object.keys(frozen).length && { frozen }) };
}
