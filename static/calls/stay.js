/** What keeps a call alive while a page lives, and leads back into it when the page is loaded anew: wake lock, networks, a note to oneself. */

/** @import { Wish } from "./types.d.ts" */
/** @typedef {{wish: Wish, mic: boolean, cam: boolean}} Left */

const NOTE = "rialto-call";
/** A place in a call is kept about this long. */
const KEPT_MS = 30_000;

export class Stay {
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  /** @type {AbortController | null} */
  #listening = null;

  /** @param {() => void} networkChanged */
  begin(networkChanged) {
    this.#listening?.abort();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    addEventListener("online", networkChanged, { signal });
    /** @type {any} */ (navigator).connection?.addEventListener?.("change", networkChanged, { signal });
    // The system takes the lock away with the view of the page.
    document.addEventListener("visibilitychange", () => void this.#awake(), { signal });
    addEventListener("beforeunload", (event) => event.preventDefault(), { signal });
    addEventListener("pagehide", () => this.#touch(), { signal });
    void this.#awake();
  }

  end() {
    this.#listening?.abort();
    this.#listening = null;
    void this.#lock?.release().catch(() => undefined);
    this.#lock = null;
    sessionStorage.removeItem(NOTE);
  }

  /** @param {Left} left */
  keep(left) {
    sessionStorage.setItem(NOTE, JSON.stringify({ ...left, at: Date.now() }));
  }

  /** The call that the page before this one was in. @returns {Left | null} */
  left() {
    const text = sessionStorage.getItem(NOTE);
    if (text === null) return null;
    const note = JSON.parse(text);
    if (Date.now() - note.at < KEPT_MS) return note;
    sessionStorage.removeItem(NOTE);
    return null;
  }

  #touch() {
    const text = sessionStorage.getItem(NOTE);
    if (text !== null) sessionStorage.setItem(NOTE, JSON.stringify({ ...JSON.parse(text), at: Date.now() }));
  }

  async #awake() {
    if (document.hidden || !navigator.wakeLock) return;
    this.#lock = await navigator.wakeLock.request("screen").catch(() => null);
  }
}
