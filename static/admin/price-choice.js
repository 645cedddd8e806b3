/** `<price-choice>`: the chosen price fills the hidden amount and currency beside it. */
export class PriceChoice extends HTMLElement {
  connectedCallback() {
    // In the first phase, before the form is read.
    this.closest("form")?.addEventListener("submit", () => this.#fill(), { capture: true });
  }

  #fill() {
    const chosen = /** @type {HTMLInputElement | null} */ (this.querySelector("input[type=radio]:checked"));
    for (const name of ["amount", "currency"]) {
      const field = /** @type {HTMLInputElement | null} */ (this.querySelector(`input[name=${name}]`));
      if (field) field.value = chosen?.dataset[name] ?? "";
    }
  }
}

customElements.define("price-choice", PriceChoice);
