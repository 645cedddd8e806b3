/** What was begun and not sent, by room and thread; it survives a reload and is gone after sign-out. */

/** @typedef {{place: string, text: string}} Draft */

const KEEP_AFTER = 400;

export class Drafts {
  /** @type {Map<string, string>} */
  #texts = new Map();
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /** @param {{all: () => Promise<Draft[]>, put: (row: Draft) => Promise<void>, delete: (key: string) => Promise<void>}} shelf */
  constructor(shelf) {
    this.shelf = shelf;
  }

  /** Reads what an earlier page left. */
  async begin() {
    for (const { place, text } of await this.shelf.all().catch(() => [])) if (!this.#texts.has(place)) this.#texts.set(place, text);
    this.#tell();
    addEventListener("pagehide", () => this.#keepAll());
  }

  /** @param {() => void} watcher called when a draft comes or goes */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** @param {string} place @returns {string} */
  get(place) {
    return this.#texts.get(place) ?? "";
  }

  /** @param {string} place a room, or `room/thread` @param {string} text */
  set(place, text) {
    const was = this.get(place) !== "";
    if (text) this.#texts.set(place, text);
    else this.#texts.delete(place);
    if (was !== (text !== "")) this.#tell();
    clearTimeout(this.#timers.get(place));
    this.#timers.set(place, setTimeout(() => this.#keep(place), KEEP_AFTER));
  }

  /** @param {string} place */
  #keep(place) {
    clearTimeout(this.#timers.get(place));
    this.#timers.delete(place);
    const text = this.get(place);
    void (text ? this.shelf.put({ place, text }) : this.shelf.delete(place)).catch(() => undefined);
  }

  #keepAll() {
    for (const place of [...this.#timers.keys()]) this.#keep(place);
  }

  #tell() {
    for (const watcher of this.#watchers) watcher();
  }
}
