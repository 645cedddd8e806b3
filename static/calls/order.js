/** The notices of a stay in their order: each once, and what was missed is asked for once. */

/** @import { CallNotice } from "../types/live.d.ts" */

/** @typedef {CallNotice & {seq?: number}} Notice */

export class Order {
  /** The last notice of this stay; 0 before the first. */
  last = 0;
  /** What was missed is being asked for. @type {Promise<unknown> | null} */
  #catching = null;

  /** @param {(seq: number) => Promise<unknown> | null} ask asks for what came after that notice; nothing where there is nobody to ask */
  constructor(ask) {
    this.ask = ask;
  }

  /** Whether this notice is to be heard now. A gap before it is asked for. @param {Notice} notice */
  takes(notice) {
    const { seq } = notice;
    if (seq === undefined) return true;
    // Every stay counts anew.
    if (notice.type === "call.joined" && !notice.resumed) this.last = 0;
    if (seq <= this.last) return false;
    // Where too much was missed everything is said anew, from here on.
    const isAnew = notice.type === "call.members" && notice.full;
    const isNext = seq === this.last + 1 || this.last === 0 || isAnew;
    if (isNext) this.last = seq;
    else void this.catchUp().catch(() => undefined);
    return isNext;
  }

  /** Asks for what was missed, once for all gaps that are noticed until the answer comes. */
  catchUp() {
    this.#catching ??= this.ask(this.last)?.finally(() => (this.#catching = null)) ?? null;
    return this.#catching ?? Promise.resolve();
  }

  /** The stay is over. */
  reset() {
    this.last = 0;
  }
}
