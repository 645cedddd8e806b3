/** `<until-choice>`: a choice of durations becomes a time, counted from the moment in which the form is sent. */

/** Its select holds milliseconds, or nothing for "without end"; its hidden field gets the time. */
class UntilChoice extends HTMLElement {
  connectedCallback() {
    // In the first phase, before the form is read.
    this.closest("form")?.addEventListener("submit", () => this.#count(), { capture: true });
  }

  #count() {
    const select = this.querySelector("select");
    const field = this.querySelector("input");
    if (select && field) field.value = select.value ? String(Date.now() + Number(select.value)) : "";
  }
}

customElements.define("until-choice", UntilChoice);
