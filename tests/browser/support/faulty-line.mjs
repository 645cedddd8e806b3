// A line between a page and the server that drops, doubles, swaps and delays event frames, as a seed decides.

/** Chance from a seed (SplitMix32): the same seed makes the same decisions. */
export class Chance {
  /** @param {number} seed */
  constructor(seed) {
    this.state = seed | 0;
  }

  /** @param {number} end a whole number from 0 to below `end` */
  below(end) {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % end;
  }

  /** @template T @param {T[]} of */
  one(of) {
    return of[this.below(of.length)];
  }
}

/** What may happen to an event frame, in percent. @typedef {{drop?: number, double?: number, swap?: number, delay?: number}} Faults */

/** Longest delay of a frame, in milliseconds. */
const LONGEST_DELAY = 400;

/** The frames that a page hears; faults happen only while it storms. */
export class FaultyLine {
  /** Event frames that came from the server, and what was done to them. */
  counts = { events: 0, drop: 0, double: 0, swap: 0, delay: 0, syncs: 0, connections: 0 };
  isStormy = false;
  /** When the last fault took effect, in the clock of `performance`. */
  lastFault = 0;
  /** The highest place of each log that came from the server. @type {Map<string, number>} */
  heads = new Map();
  /** Frames that are still to be passed on: delayed, or waiting for the one behind them. */
  #held = 0;
  /** The last place of each log that the page was told, while it is deceived. @type {Map<string, number>} */
  #told = new Map();

  /**
   * @param {number} seed
   * @param {Faults} faults
   * @param {{deceives?: boolean}} [options] `deceives`: frames are numbered anew after the faults, heartbeats say nothing, and a `sync` is
   *   answered here with nothing, so that the page cannot notice what it misses
   */
  constructor(seed, faults, { deceives = false } = {}) {
    this.chance = new Chance(seed);
    this.faults = faults;
    this.deceives = deceives;
  }

  /** Takes over the live connections of this page. @param {import('@playwright/test').Page} page */
  attach(page) {
    return page.routeWebSocket(/\/live$/, (socket) => {
      this.counts.connections += 1;
      const server = socket.connectToServer();
      /** @type {string | null} */
      let behind = null;
      const pass = (text) => {
        socket.send(this.deceives ? this.#renumbered(text) : text);
        const late = behind;
        behind = null;
        if (late !== null) this.#late(() => pass(late));
      };
      const swap = (text) => {
        if (behind !== null) return pass(text);
        this.#held += 1;
        behind = text;
      };
      server.onMessage((data) => this.#hear(String(data), pass, swap));
      socket.onMessage((data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'sync') this.counts.syncs += 1;
        if (frame.type === 'sync' && this.deceives) socket.send(JSON.stringify({ type: 'ack', ref: frame.ref, heads: {} }));
        else server.send(data);
      });
    });
  }

  /** Everything that was held back has been passed on. */
  get isClear() {
    return this.#held === 0;
  }

  /**
   * @param {string} text a frame of the server
   * @param {(text: string) => void} pass
   * @param {(text: string) => void} swap passes it on after the next one
   */
  #hear(text, pass, swap) {
    const frame = JSON.parse(text);
    if (frame.type === 'heartbeat' && this.deceives) return pass(JSON.stringify({ type: 'nothing' }));
    if (frame.type === 'hello') this.#told = new Map(Object.entries(frame.heads));
    if (frame.type !== 'event') return pass(text);
    this.counts.events += 1;
    this.heads.set(frame.room, Math.max(frame.seq, this.heads.get(frame.room) ?? 0));
    const fault = this.isStormy ? this.#fault() : null;
    if (fault === null) return pass(text);
    this.counts[fault] += 1;
    this.lastFault = performance.now();
    if (fault === 'double') pass(text);
    if (fault === 'swap') swap(text);
    else if (fault !== 'drop') {
      this.#held += 1;
      setTimeout(() => this.#late(() => pass(text)), this.chance.below(LONGEST_DELAY));
    }
  }

  /** @param {() => void} pass */
  #late(pass) {
    this.#held -= 1;
    this.lastFault = performance.now();
    pass();
  }

  #fault() {
    let roll = this.chance.below(100);
    for (const [kind, percent] of Object.entries(this.faults)) {
      if (roll < percent) return kind;
      roll -= percent;
    }
    return null;
  }

  /** @param {string} text */
  #renumbered(text) {
    const frame = JSON.parse(text);
    if (frame.type !== 'event') return text;
    const seq = (this.#told.get(frame.room) ?? frame.seq - 1) + 1;
    this.#told.set(frame.room, seq);
    return JSON.stringify({ ...frame, seq });
  }
}
