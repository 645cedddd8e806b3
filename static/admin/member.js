/** The page of one member: links to hand over, and durations. */

import "./until-choice.js";

/** `<made-link>`: shows the address that its form made, in place of the form; it is never shown again. */
class MadeLink extends HTMLElement {
  connectedCallback() {
    this.addEventListener("done", (event) => {
      event.preventDefault();
      this.#show(/** @type {CustomEvent<{url: string}>} */ (event).detail.url);
    });
  }

  /** @param {string} url */
  #show(url) {
    const made = this.querySelector("[data-made]");
    const field = made?.querySelector("input");
    if (!(made instanceof HTMLElement) || !field) return;
    this.querySelector("api-form")?.remove();
    made.hidden = false;
    field.value = url;
    field.focus();
    field.select();
  }
}

customElements.define("made-link", MadeLink);
