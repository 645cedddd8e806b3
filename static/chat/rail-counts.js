/** `<request-count>` and `<missed-count>`: what waits behind the places of the rail. */

import { get } from "../lib/api.js";
import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { Surface } from "./surface.js";

/** @import { ChatState } from "./types.d.ts" */

/** @param {number} count @param {string} label */
const pill = (count, label) => (count > 0 ? html`<span class="pill" role="img" aria-label=${label}>${count > 99 ? "99+" : String(count)}</span>` : null);

/** How many requests wait for my answer. */
class RequestCount extends Surface {
  /** @override @param {ChatState} state */
  view({ people }) {
    return pill(people.requests, t("social.requests_waiting", { count: people.requests }));
  }
}

/** The page itself comes first: nobody waits for this number. */
const FIRST_MS = 3_000;
/** Calls that end together are counted together. */
const GATHER_MS = 200;

/** How many calls I missed and have not seen. */
class MissedCount extends Surface {
  #count = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @override */
  started() {
    // What the log says of one call does not tell how many there are.
    this.app.client.onEvent(({ event }) => (event.kind === "call_logged" || event.kind === "calls_seen") && this.#ask(GATHER_MS));
    this.#ask(FIRST_MS);
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
    return pill(this.#count, t("calls.missed", { count: this.#count }));
  }
}

customElements.define("request-count", RequestCount);
customElements.define("missed-count", MissedCount);
