/**
 * `<keep-preview data-now="30" data-community="30" [data-room="…"]>`: says beside a field of days what that choice would delete, before it is saved,
 * and shows the field for the password where messages would be kept for a shorter time than now. Without a room it is the choice of the community.
 */

import { get, path } from "../lib/api.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";

/** What a choice would delete; of one room there is no more to say than that. @typedef {{messages: number, pinned: number, rooms?: number, own?: number}} Going */

class KeepPreview extends HTMLElement {
  #asked = 0;

  connectedCallback() {
    const field = this.querySelector("input");
    field?.addEventListener("change", () => void this.#ask(field));
  }

  /** @param {HTMLInputElement} field */
  async #ask(field) {
    const asked = ++this.#asked;
    const place = this.querySelector("[role=status]");
    if (!place) return;
    render(null, place);
    const { room, community = "", now = "0" } = this.dataset;
    // Where a room chooses nothing, the community's choice holds.
    const days = field.value === "" ? community : field.value;
    this.#askAgain(days !== "" && isShorter(Number(days), Number(now)));
    if (days === "" || !field.checkValidity()) return;
    const from = room === undefined ? "/api/v1/admin/retention" : path`/api/v1/rooms/${room}/retention`;
    /** @type {Going | null} */
    const going = await get(`${from}?days=${days}`).then((answer) => /** @type {any} */ (answer), () => null);
    if (asked === this.#asked && going) render(view(going), place);
  }

  /** @param {boolean} isWanted */
  #askAgain(isWanted) {
    const again = this.parentElement?.querySelector("[data-again]");
    if (again instanceof HTMLElement) again.hidden = !isWanted;
  }
}

/** Of numbers of days, 0 being for ever. @param {number} days @param {number} now */
const isShorter = (days, now) => days > 0 && (now === 0 || days < now);

/** @param {Going} going */
function view({ messages, pinned, rooms = 0, own = 0 }) {
  const others = own ? html`<p class="field-help">${t("admin.keep_own", { count: own })}</p>` : null;
  if (!messages) return html`<p class="field-help">${t("chat.keep_none_go")}</p>${others}`;
  const more = [rooms ? t("admin.keep_in_rooms", { count: rooms }) : "", pinned ? t("chat.keep_pinned_go", { count: pinned }) : ""].filter(Boolean).join(" ");
  return html`<p class="field-error">${icon("triangle-alert")}<span>${t("chat.keep_would_go", { count: messages })} ${more}</span></p>${others}`;
}

customElements.define("keep-preview", KeepPreview);
