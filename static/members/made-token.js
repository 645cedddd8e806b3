/** `<made-token>`: shows the secret of an API token that was just made, in place of the form that made it; it is never shown again. */

class MadeToken extends HTMLElement {
  connectedCallback() {
    this.addEventListener("done", (event) => {
      // The page must not load again: the secret would be gone.
      event.preventDefault();
      this.#show(/** @type {CustomEvent<{token: string}>} */ (event).detail.token);
    });
  }

  /** @param {string} token */
  #show(token) {
    const form = this.querySelector("api-form");
    const made = this.querySelector("[data-made]");
    const field = made?.querySelector("input");
    if (!form || !(made instanceof HTMLElement) || !field) return;
    form.remove();
    made.hidden = false;
    field.value = token;
    field.focus();
    field.select();
  }
}

customElements.define("made-token", MadeToken);
