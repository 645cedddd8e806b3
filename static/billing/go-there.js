/** `<go-there>`: its form answers with an address, and the browser goes there: a page of ours, or a provider's. */
class GoThere extends HTMLElement {
  connectedCallback() {
    this.addEventListener("done", (event) => {
      event.preventDefault();
      const { url } = /** @type {CustomEvent<{url: string}>} */ (event).detail;
      if (isGood(url)) location.assign(url);
    });
  }
}

/** A path of our own, or a page that only its owner can read on the way. @param {string} url */
export const isGood = (url) => /^\/(?![/\\])/.test(url) || url.startsWith("https://");

customElements.define("go-there", GoThere);
