/** `<print-button>`: its button prints the page. */
export class PrintButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("button")) print();
    });
  }
}

customElements.define("print-button", PrintButton);
