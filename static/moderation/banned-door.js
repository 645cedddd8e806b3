/** `<banned-door>`: around the form of a sign-in; whoever is refused since they are banned finds the way to why, and to their appeal. */

import { post } from "../lib/api.js";
import { Refused, sentence } from "../lib/errors.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";

class BannedDoor extends HTMLElement {
  /** @type {HTMLElement | null} */
  #way = null;

  connectedCallback() {
    this.addEventListener("refused", (event) => {
      const error = /** @type {CustomEvent} */ (event).detail;
      if (error instanceof Refused && error.code === "members.banned") this.#show();
      else this.#way?.remove();
    });
  }

  /** @param {string} [problem] */
  #show(problem = "") {
    this.#way ??= document.createElement("div");
    this.append(this.#way);
    render(html`<div class="banner" role="status">${icon("info")}<p>${problem || t("moderation.door_help")}</p>
      <button class="button" data-size="small" type="button" @click=${() => void this.#open()}>${t("moderation.door_open")}</button></div>`, this.#way);
  }

  /** The password stands in the form still. */
  async #open() {
    const value = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (this.querySelector(`[name=${name}]`)).value;
    try {
      /** @type {{code: string}} */
      const { code } = await post("/api/v1/appeals", { username: value("username"), password: value("password") });
      location.assign(`/appeal/${encodeURIComponent(code)}`);
    } catch (error) {
      this.#show(sentence(error));
    }
  }
}

customElements.define("banned-door", BannedDoor);
