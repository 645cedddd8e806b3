/** `<settings-search>`: shows of a page of settings only those that say what one looks for; what is looked for stays in the address. */

import { t } from "../lib/words.js";

/** Letters alone count, whatever their case and accents. @param {string} text */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Each setting of a group, and the facts of those that were chosen at the start. @param {Element} group @returns {HTMLElement[]} */
const settingsIn = (group) => /** @type {HTMLElement[]} */ ([...group.querySelectorAll("form > .field, form > hue-slider, form > div:has(> .switch), form > .choices, dl > dt")]);

class SettingsSearch extends HTMLElement {
  connectedCallback() {
    const field = /** @type {HTMLInputElement} */ (this.querySelector("input"));
    field.value = new URL(location.href).searchParams.get("q") ?? "";
    field.addEventListener("input", () => this.#find(field.value));
    if (field.value) this.#find(field.value);
  }

  /** @param {string} typed */
  #find(typed) {
    const words = plain(typed).split(/\s+/).filter(Boolean);
    const has = (/** @type {string} */ text) => words.every((word) => plain(text).includes(word));
    let found = 0;
    for (const group of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".admin-main > .card"))) {
      const isWhole = has(group.querySelector("h2")?.textContent ?? "");
      const settings = settingsIn(group);
      for (const setting of settings) {
        const beside = setting.matches("dt") ? /** @type {HTMLElement | null} */ (setting.nextElementSibling) : null;
        const names = [...setting.querySelectorAll("[name]")].map((each) => each.getAttribute("name")?.replaceAll("_", " ")).join(" ");
        setting.hidden = !(isWhole || has(`${setting.textContent} ${names} ${beside?.textContent ?? ""}`));
        if (beside) beside.hidden = setting.hidden;
        if (!setting.hidden) found += 1;
      }
      group.hidden = words.length > 0 && !(isWhole || settings.some((setting) => !setting.hidden));
    }
    const said = /** @type {HTMLElement} */ (this.querySelector("[data-found]"));
    said.hidden = words.length === 0;
    said.textContent = t("admin.settings_found", { count: found });
    const address = new URL(location.href);
    if (typed.trim()) address.searchParams.set("q", typed.trim());
    else address.searchParams.delete("q");
    history.replaceState(history.state, "", address);
  }
}

customElements.define("settings-search", SettingsSearch);
