/** `<hue-slider>`: the whole page takes on the hue while the slider moves. */

class HueSlider extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", () => this.#preview());
  }

  #preview() {
    const hue = this.querySelector("input")?.value;
    // On the root, where the colours are made from it.
    if (hue) document.documentElement.style.setProperty("--accent-hue", hue);
  }
}

customElements.define("hue-slider", HueSlider);
