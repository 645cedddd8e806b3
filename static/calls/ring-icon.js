/** The tab's icon while somebody rings: the mark with a handset. */

/** A handset in the lower corner of the mark, which is 32 units wide; the mark's own style colours paths. */
const HANDSET = `<circle cx="21.5" cy="21.5" r="10.5" fill="#15803d"/><polyline points="16.8,17.2 18.2,21 21.8,24.8 25.8,26.2" fill="none" stroke="#fff" stroke-width="2.6" stroke-linejoin="round"/><circle cx="17.2" cy="17.4" r="2.3" fill="#fff"/><circle cx="25.6" cy="25.8" r="2.3" fill="#fff"/>`;

export class RingIcon {
  #isOn = false;
  /** What stood there before. */
  #before = "";
  /** @type {Promise<string> | null} */
  #drawn = null;

  /** @param {boolean} isOn */
  async show(isOn) {
    const link = /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"));
    if (!link || isOn === this.#isOn) return;
    this.#isOn = isOn;
    this.#drawn ??= draw();
    const url = await this.#drawn.catch(() => "");
    if (this.#isOn !== isOn || !url) return;
    if (isOn) {
      this.#before = link.href;
      link.href = url;
    } else if (link.href === url) link.href = this.#before;
  }
}

async function draw() {
  const mark = await (await fetch(new URL("../icons/mark.svg", import.meta.url))).text();
  return URL.createObjectURL(new Blob([mark.replace("</svg>", `${HANDSET}</svg>`)], { type: "image/svg+xml" }));
}
