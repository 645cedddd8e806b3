/** State that changes only through `after(state, event)`, and watchers told once per microtask. */

/**
 * @template S, E
 */
export class Store {
  /** @type {Set<(state: S, before: S) => void>} */
  #watchers = new Set();
  /** @type {S | null} */
  #before = null;

  /**
   * @param {S} state
   * @param {(state: S, event: E) => S} after a pure function
   */
  constructor(state, after) {
    this.state = state;
    this.after = after;
  }

  /** @param {E} event */
  dispatch(event) {
    const next = this.after(this.state, event);
    if (next === this.state) return;
    const before = this.state;
    this.state = next;
    if (this.#before !== null) return;
    this.#before = before;
    queueMicrotask(() => this.#tell());
  }

  /**
   * @param {(state: S, before: S) => void} watcher
   * @returns {() => void} stops watching
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell() {
    const before = /** @type {S} */ (this.#before);
    this.#before = null;
    for (const watcher of [...this.#watchers]) {
      // One view that breaks must not keep the others from drawing.
      try {
        watcher(this.state, before);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
