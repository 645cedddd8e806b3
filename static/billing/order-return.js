/** `<order-return>`: after a checkout it has the provider asked until the order is paid or over; what the address says counts for nothing. */

import { path, post } from "../lib/api.js";
import { Refused, sentence } from "../lib/errors.js";
import { t } from "../lib/words.js";

/** Between two questions, in milliseconds; the last one is kept. */
const PAUSES = [0, 500, 1_000, 2_000, 3_000, 5_000];
/** After so many questions it says that it takes longer. */
const MOST = 20;

class OrderReturn extends HTMLElement {
  #isGone = false;

  connectedCallback() {
    void this.#ask();
  }

  disconnectedCallback() {
    this.#isGone = true;
  }

  async #ask() {
    const said = this.querySelector("[role=status]");
    for (let n = 0; n < MOST && !this.#isGone; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(n, PAUSES.length - 1)]));
      /** @type {{state: string} | null} */
      let order = null;
      try {
        order = await post(path`/api/v1/me/orders/${this.dataset.order ?? ""}/settle`);
      } catch (error) {
        // What is refused for good, as where another amount was paid, is not asked again.
        if (error instanceof Refused && !error.isPassing) return this.#say(said, sentence(error));
      }
      if (order && order.state !== "awaiting") return location.reload();
    }
    this.#say(said, t("billing.return_later"));
  }

  /** @param {Element | null} said @param {string} text */
  #say(said, text) {
    if (said) said.textContent = text;
    said?.removeAttribute("aria-busy");
  }
}

customElements.define("order-return", OrderReturn);
