/** `<money-field>`: an amount as people write it becomes minor units of its currency, without a fraction anywhere. */

import { minorUnits } from "./minor-units.js";
import { t } from "./words.js";

/**
 * Holds a text field, a hidden field that gets the minor units, and, where the currency can be chosen, a select whose options say their
 * digits behind the point in `data-exponent`; otherwise the element says them itself.
 */
class MoneyField extends HTMLElement {
  connectedCallback() {
    // In the first phase, before the form is read.
    this.closest("form")?.addEventListener("submit", () => this.#count(), { capture: true });
    this.addEventListener("input", () => this.#text?.setCustomValidity(""));
  }

  /** @returns {HTMLInputElement | null} */
  get #text() {
    return this.querySelector("input:not([type=hidden])");
  }

  #count() {
    const text = this.#text;
    const hidden = /** @type {HTMLInputElement | null} */ (this.querySelector("input[type=hidden]"));
    if (!text || !hidden) return;
    const chosen = this.querySelector("select")?.selectedOptions[0];
    const minor = minorUnits(text.value, Number((chosen ?? this).dataset.exponent ?? 2));
    hidden.value = minor ?? "";
    text.setCustomValidity(minor === null && text.value.trim() ? t("money.amount") : "");
  }
}

customElements.define("money-field", MoneyField);
