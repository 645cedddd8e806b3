/** `<automod-try>`: shows what a rule would have found last week, without leaving the form in which it is written, and says what of a list was left out. */

import { html, render } from "../lib/html.js";
import { date, t } from "../lib/words.js";

/** @typedef {{message: string, room: string, room_name: string, seq: number, author: string, at: number, excerpt: string, what: string}} Found */
/** @typedef {{looked: number, hit: number, private: number, cut: boolean, items: Found[], members: {id: string, display_name: string}[]}} Tried */

class AutomodTry extends HTMLElement {
  #isTrying = false;

  connectedCallback() {
    this.addEventListener("submit", (event) => (this.#isTrying = event.submitter?.hasAttribute("data-try") ?? false), { capture: true });
    this.addEventListener("done", (event) => {
      if (!this.#isTrying) return leaveOut(event);
      event.preventDefault();
      const place = this.querySelector("[data-found]");
      if (place) render(view(/** @type {CustomEvent<Tried>} */ (event).detail), place);
    });
  }
}

/** Lines of the list that stood there before are not kept: what is said afterwards says how many. @param {Event} event */
function leaveOut(event) {
  const { left_out: count } = /** @type {CustomEvent<{left_out?: number}>} */ (event).detail;
  if (count && event.target instanceof HTMLElement) event.target.dataset.toast = t("automod.left_out", { count });
}

/** @param {Tried} tried */
function view({ looked, hit, private: hidden, cut, items, members }) {
  const name = (/** @type {string} */ id) => members.find((member) => member.id === id)?.display_name ?? "";
  return html`<p>${t("automod.tried", { looked, count: hit })}${hidden ? html` ${t("automod.tried_private", { count: hidden })}` : null}${cut ? html` ${t("automod.tried_cut")}` : null}</p>
    ${items.length ? html`<p class="card-help">${t("automod.tried_newest", { count: items.length })}</p><ul class="items">${items.map((item) => html`<li><span class="item-text"><b dir="auto"><a href="/r/${item.room}/${String(item.seq)}">${name(item.author)}, ${item.room_name}</a></b>
      <small dir="auto">${item.excerpt}</small><small dir="auto">${date(item.at, "datetime")} · ${t("automod.found", { what: item.what })}</small></span></li>`)}</ul>` : null}`;
}

customElements.define("automod-try", AutomodTry);
