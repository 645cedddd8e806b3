/** `<copy-button>`: its button copies a text, and says so. */

import { toast } from "./toast.js";
import { t } from "./words.js";

/** `<copy-button data-text="…"><button class="button" type="button">Copy</button></copy-button>`; or `data-from="id"` of a field or an element; `data-said`: the sentence afterwards. */
class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("button")) void copy(this.#text(), this.dataset.said);
    });
  }

  #text() {
    const from = this.dataset.from ? document.getElementById(this.dataset.from) : null;
    if (from instanceof HTMLInputElement || from instanceof HTMLTextAreaElement) return from.value;
    return from?.textContent ?? this.dataset.text ?? "";
  }
}

/**
 * Copies a text and tells about it.
 * @param {string} text @param {string} [said] the sentence when it worked
 */
export async function copy(text, said = t("shell.copied")) {
  try {
    await navigator.clipboard.writeText(text);
    toast(said, { icon: "check" });
  } catch {
    toast(t("shell.not_copied"), { icon: "circle-alert" });
  }
}

customElements.define("copy-button", CopyButton);
