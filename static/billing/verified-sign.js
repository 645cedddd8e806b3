/** `<verified-sign>`: the sign of a verified member on a page that the server wrote; it says why when it is pressed, by mouse or keys. */

import { askWhy, reason } from "./verified.js";

/** @import { Badge } from "../types/live.d.ts" */

/** `<verified-sign data-by="plan" data-text data-hue data-since><button class="badge">…</button></verified-sign>`: a badge of the API. */
class VerifiedSign extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    if (button) button.title = reason(this.#badge());
    this.addEventListener("click", (event) => {
      const sign = event.target instanceof Element ? event.target.closest("button") : null;
      if (sign) void askWhy(sign, this.#badge());
    });
  }

  /** @returns {Badge} */
  #badge() {
    const { by, text = "", hue, since } = this.dataset;
    return { by: by === "plan" ? "plan" : "administrator", text, hue: hue ? Number(hue) : null, since: Number(since) };
  }
}

customElements.define("verified-sign", VerifiedSign);
