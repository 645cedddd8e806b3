/** When an offer is due: one in flight, changes gathered, numbered by generation, repeated as an ICE restart when no answer comes. */

/**
 * @typedef {object} World time, so that tests need not wait
 * @property {(run: () => void, ms: number) => unknown} after
 * @property {(timer: any) => void} cancel
 */

/** Changes that come together go into one offer. */
export const GATHER_MS = 150;
/** An offer without an answer for this long is made again, with new ICE credentials. */
export const ANSWER_WITHIN_MS = 15_000;

export class Negotiation {
  /** The number of the newest offer. */
  generation = 0;
  /** @type {"quiet" | "gathering" | "waiting"} */
  #state = "quiet";
  /** Something changed while an offer was under way. */
  #isStale = false;
  #restarts = false;
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {(generation: number, restarts: boolean) => Promise<void>} offer makes an offer and sends it; rejected when that was not possible
   * @param {World} world
   */
  constructor(offer, world) {
    this.offer = offer;
    this.world = world;
  }

  /** Something changed that only an offer can say. */
  need() {
    if (this.#state === "waiting") this.#isStale = true;
    if (this.#state !== "quiet") return;
    this.#state = "gathering";
    this.#wait(() => void this.#go(), GATHER_MS);
  }

  /** The way of the media is lost: an offer with new ICE credentials, now. */
  restart() {
    this.#restarts = true;
    // What is under way went out over the lost way: its answer is worth nothing.
    void this.#go();
  }

  /** Sends what is gathered without waiting for more: the first offer has nobody to wait for. */
  begin() {
    return this.#go();
  }

  /** An answer came. @param {number} generation @returns {boolean} whether it is the one that is waited for */
  answered(generation) {
    if (this.#state !== "waiting" || generation !== this.generation) return false;
    this.world.cancel(this.#timer);
    this.#state = "quiet";
    if (this.#isStale) this.need();
    return true;
  }

  close() {
    this.world.cancel(this.#timer);
    this.#state = "waiting";
    this.generation = Infinity;
  }

  async #go() {
    if (this.generation === Infinity) return;
    const generation = ++this.generation;
    const restarts = this.#restarts;
    this.#state = "waiting";
    this.#isStale = false;
    this.#restarts = false;
    this.#wait(() => this.restart(), ANSWER_WITHIN_MS);
    // An offer that could not be sent is made again when its time is over.
    await this.offer(generation, restarts).catch(() => undefined);
  }

  /** @param {() => void} run @param {number} ms */
  #wait(run, ms) {
    this.world.cancel(this.#timer);
    this.#timer = this.world.after(run, ms);
  }
}
