/** `<keep-preview data-room="…">`: says beside a field of days what that choice would delete, before it is saved. */

import { get, path } from "../lib/api.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";

class KeepPreview extends HTMLElement {
  #asked = 0;

  connectedCallback() {
    const field = this.querySelector("input");
    field?.addEventListener("change", () => void this.#ask(field));
  }

  /** @param {HTMLInputElement} field */
  async #ask(field) {
    const asked = ++this.#asked;
    const place = this.querySelector("[role=status]");
    if (!place) return;
    render(null, place);
    if (field.value === "" || !field.checkValidity()) return;
    /** @type {{messages: number, pinned: number} | null} */
    const going = await get(`${path`/api/v1/rooms/${this.dataset.room ?? ""}/retention`}?days=${field.value}`).then((answer) => /** @type {any} */ (answer), () => null);
    if (asked === this.#asked && going) render(view(going), place);
  }
}

/** @param {{messages: number, pinned: number}} going */
function view({ messages, pinned }) {
  if (!messages) return html`<p class="field-help">${t("chat.keep_none_go")}</p>`;
  return html`<p class="field-error">${icon("triangle-alert")}<span>${t("chat.keep_would_go", { count: messages })}${pinned ? html` ${t("chat.keep_pinned_go", { count: pinned })}` : null}</span></p>`;
}

customElements.define("keep-preview", KeepPreview);
