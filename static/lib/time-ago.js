/** `<time-ago>`: a time written by the server, finished in the reader's own zone and language. */

import { ago, date, moment } from "./words.js";

/**
 * `<time-ago><time datetime="2026-10-12T09:14:00Z">12 October 2026</time></time-ago>`, or the `datetime` on the element itself
 * (ISO or milliseconds). `data-format`: `ago` (as default; kept up to date), `date`, `datetime`, `time`.
 */
class TimeAgo extends HTMLElement {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  connectedCallback() {
    this.#draw();
    if ((this.dataset.format ?? "ago") === "ago") this.#timer = setInterval(() => this.#draw(), 30_000);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  #draw() {
    const time = this.querySelector("time");
    const text = time?.dateTime || this.getAttribute("datetime") || "";
    const at = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
    if (Number.isNaN(at)) return;
    const format = this.dataset.format ?? "ago";
    const place = time ?? this;
    place.textContent = format === "date" || format === "datetime" || format === "time" ? date(at, format) : ago(at);
    place.title = moment(at);
  }
}

customElements.define("time-ago", TimeAgo);
