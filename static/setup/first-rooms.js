/** The first rooms of the wizard: rows that can be changed, added and removed. */

import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";

/** @typedef {{name: string, kind: string, topic: string}} FirstRoom */

/** A list of rows; each has fields marked `data-room`. */
export class FirstRooms {
  #list;
  #template;
  #most;

  /** @param {Element} list @param {HTMLTemplateElement} template an empty row @param {number} most */
  constructor(list, template, most) {
    this.#list = list;
    this.#template = template;
    this.#most = most;
    list.addEventListener("click", (event) => {
      const row = event.target instanceof Element && event.target.closest("[data-remove]") ? event.target.closest("li") : null;
      if (row) this.#remove(row);
    });
    list.addEventListener("input", (event) => {
      const row = event.target instanceof Element ? event.target.closest("li") : null;
      if (row) note(row, null);
    });
  }

  get #rows() {
    return [...this.#list.children];
  }

  /** Adds an empty row and goes there. */
  add() {
    if (this.#append()) field(this.#rows.at(-1), "name")?.focus();
  }

  #append() {
    if (this.#rows.length >= this.#most) return false;
    this.#list.append(/** @type {DocumentFragment} */ (this.#template.content.cloneNode(true)));
    return true;
  }

  /** Shows these rooms instead. @param {FirstRoom[]} rooms */
  show(rooms) {
    this.#list.replaceChildren();
    for (const room of rooms) {
      if (!this.#append()) return;
      for (const [name, value] of Object.entries(room)) {
        const place = field(this.#rows.at(-1), name);
        if (place) place.value = value;
      }
    }
  }

  /** @param {Element} row */
  #remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    field(next ?? undefined, "name")?.focus();
  }

  /** The rooms as the API takes them. Rows without a name stay: the server says what is missing, on their line. @returns {FirstRoom[]} */
  read() {
    return this.#rows.map((row) => ({ name: field(row, "name")?.value ?? "", kind: field(row, "kind")?.value ?? "public", topic: field(row, "topic")?.value ?? "" }));
  }

  /**
   * Puts a sentence under a row.
   * @param {string} name of the field: `rooms.2`, or `rooms` for the whole list
   * @param {string} text
   * @returns {Element | null} the field to go to; null when the name is not ours
   */
  mark(name, text) {
    if (name === "rooms") {
      const place = document.getElementById("rooms-error");
      if (place) render(html`${icon("circle-alert")}<span>${text}</span>`, place);
      return place;
    }
    const row = name.startsWith("rooms.") ? this.#rows[Number(name.slice("rooms.".length))] : undefined;
    if (!row) return null;
    note(row, text);
    return field(row, "name");
  }
}

/** @param {Element | undefined} row @param {string} name @returns {HTMLInputElement | null} */
const field = (row, name) => row?.querySelector(`[data-room="${name}"]`) ?? null;

/** @param {Element} row @param {string | null} text */
function note(row, text) {
  const name = field(row, "name");
  if (text) name?.setAttribute("aria-invalid", "true");
  else name?.removeAttribute("aria-invalid");
  const place = row.querySelector("[data-room-error]");
  if (place) render(text ? html`${icon("circle-alert")}<span>${text}</span>` : null, place);
}
