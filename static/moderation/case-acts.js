/** `<case-acts>`: of several acts in one form only those that last have an end, counted from the moment in which the form is sent. */

export class CaseActs extends HTMLElement {
  connectedCallback() {
    // In the first phase, before the form is read.
    this.addEventListener("submit", (event) => this.#count(event.submitter), { capture: true });
  }

  /** @param {HTMLElement | null} button its `data-lasts` names the select that says for how many milliseconds; nothing there: without end */
  #count(button) {
    const field = /** @type {HTMLInputElement | null} */ (this.querySelector("input[name=until]"));
    const select = /** @type {HTMLSelectElement | null} */ (button?.dataset.lasts ? document.getElementById(button.dataset.lasts) : null);
    if (field) field.value = select?.value ? String(Date.now() + Number(select.value)) : "";
  }
}

customElements.define("case-acts", CaseActs);
