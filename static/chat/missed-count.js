/** `<missed-count>`: how many calls I missed and have not seen, on the way to them. */

import { get } from "../lib/api.js";
import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { Surface } from "./surface.js";

/** Calls that end together are counted together. */
const GATHER_MS = 200;

class MissedCount extends Surface {
  #count = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @override */
  started() {
    // What the log says of one call does not tell how many there are.
    this.app.client.onEvent(({ event }) => (event.kind === "call_logged" || event.kind === "calls_seen") && this.#ask(GATHER_MS));
    // After what the page itself is waited for.
    this.#ask(0);
  }

  /** @param {number} ms */
  #ask(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), ms);
  }

  async #load() {
    const page = await get("/api/v1/calls?limit=1").catch(() => null);
    if (page === null) return;
    this.#count = /** @type {{missed: number}} */ (page).missed;
    this.update();
  }

  /** @override */
  view() {
    const count = this.#count;
    return count > 0 ? html`<span class="pill" role="img" aria-label=${t("calls.missed", { count })}>${count > 99 ? "99+" : String(count)}</span>` : null;
  }
}

customElements.define("missed-count", MissedCount);
