/** `<bulk-members>`: ticks of a list of members, and what is done to those that are ticked: said first, asked once more, and told one by one. */

import { post } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { Refused, sentence } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";

/** @typedef {"give_role" | "take_role" | "suspend" | "sign_out" | "export"} Act */
/** @typedef {{results: {member: string, code: string | null}[], table: string | null}} Done */
/** @typedef {{id: string, name: string}} Person */

/** For how long one may be suspended, in milliseconds; nothing: until it is lifted. */
const LENGTHS = [["", "good"], ["86400000", "day"], ["604800000", "week"], ["2592000000", "month"]];

class BulkMembers extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => this.#ticked(/** @type {HTMLInputElement} */ (event.target)));
    this.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("button[data-act]")) : null;
      if (button) void this.#ask(/** @type {Act} */ (button.dataset.act));
    });
    // A browser that goes back brings ticks along.
    this.#count();
  }

  /** @returns {HTMLInputElement[]} */
  get #ticks() {
    return [...this.querySelectorAll("input[data-member]")].map((each) => /** @type {HTMLInputElement} */ (each));
  }

  /** @returns {Person[]} */
  get #chosen() {
    return this.#ticks.filter((tick) => tick.checked).map((tick) => ({ id: tick.value, name: tick.dataset.member ?? "" }));
  }

  /** @param {HTMLInputElement} field */
  #ticked(field) {
    if (field.hasAttribute("data-all")) for (const tick of this.#ticks) tick.checked = field.checked;
    this.#count();
  }

  #count() {
    const count = this.#chosen.length;
    const bar = /** @type {HTMLElement} */ (this.querySelector("[data-bar]"));
    bar.hidden = count === 0;
    /** @type {HTMLElement} */ (bar.querySelector("[data-count]")).textContent = t("admin.bulk_chosen", { count });
    const all = /** @type {HTMLInputElement | null} */ (this.querySelector("input[data-all]"));
    if (!all) return;
    all.checked = count > 0 && count === this.#ticks.length;
    all.indeterminate = count > 0 && !all.checked;
  }

  /** @param {Act} act */
  async #ask(act) {
    const people = this.#chosen;
    if (!people.length) return;
    const title = t(`admin.bulk_${act}`);
    const names = people.map((one) => one.name).join(", ");
    let problem = "";
    let isBusy = false;
    /** @type {Done | null} */
    const done = await openDialog({
      title,
      body: () => html`<form class="form" id="bulk-form" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
        <p>${t(`admin.bulk_${act}_text`, { count: people.length })}</p><p><bdi>${names}</bdi></p>
        ${this.#fields(act)}
        ${this.hasAttribute("data-has-password") ? html`<div class="field"><label for="bulk-password">${t("members.password")}</label><input class="input" id="bulk-password" name="password" type="password" autocomplete="current-password" maxlength="256" autofocus></div>` : null}
        <div role="alert">${problem ? html`<div class="banner" data-tone="danger">${icon("circle-alert")}<p>${problem}</p></div>` : null}</div></form>`,
      actions: ({ close, redraw, element }) => html`<button class="button" data-kind="quiet" type="button" @click=${() => close(null)}>${t("shell.close")}</button>
        <button class="button" data-kind=${act === "suspend" ? "danger" : "primary"} type="button" ?data-busy=${isBusy} @click=${async () => {
          if (isBusy) return;
          isBusy = true;
          problem = "";
          redraw();
          try {
            /** @type {Done} */
            const answer = await post("/api/v1/admin/members/bulk", wish(act, people, element));
            close(answer);
          } catch (error) {
            problem = error instanceof Refused && error.problems.length ? error.problems.map((one) => t(one.code)).join(" ") : sentence(error);
            isBusy = false;
            redraw();
          }
        }}>${title}</button>`,
    });
    if (!done) return;
    if (done.table !== null) save("members.csv", done.table);
    await this.#tell(title, people, done);
    if (act !== "export") location.reload();
  }

  /** @param {Act} act */
  #fields(act) {
    if (act === "give_role" || act === "take_role") {
      const given = /** @type {HTMLTemplateElement | null} */ (this.querySelector("template[data-roles]"))?.content.querySelectorAll("option") ?? [];
      const roles = Array.from(given, (option) => ({ id: option.value, name: option.textContent }));
      return html`<div class="field"><label for="bulk-role">${t("admin.role")}</label><select class="input" id="bulk-role" name="role">${roles.map((role) => html`<option value=${role.id}>${role.name}</option>`)}</select></div>`;
    }
    if (act !== "suspend") return null;
    return html`<div class="field"><label for="bulk-until">${t("admin.for_how_long")}</label><select class="input" id="bulk-until" name="lasts">${LENGTHS.map(([length, word]) => html`<option value=${length}>${t(`admin.for_${word}`)}</option>`)}</select></div>
      <div class="field"><label for="bulk-reason">${t("admin.reason")}</label><input class="input" id="bulk-reason" name="reason" maxlength="500" dir="auto" aria-describedby="bulk-reason-help"><p class="field-help" id="bulk-reason-help">${t("admin.reason_told")}</p></div>`;
  }

  /** One line for each. @param {string} title @param {Person[]} people @param {Done} done */
  #tell(title, people, { results }) {
    const lines = results.map(({ member, code }) => ({ name: people.find((one) => one.id === member)?.name ?? "", code }));
    return openDialog({
      title,
      body: () => html`<p role="status">${t("admin.bulk_done", { count: lines.filter((line) => line.code === null).length })}</p>
        <ul class="items">${lines.map(({ name, code }) => html`<li>${icon(code === null ? "circle-check" : "circle-alert")}<span class="item-text"><b><bdi>${name}</bdi></b><small>${code === null ? t("admin.bulk_one_done") : sentence(new Refused(code))}</small></span></li>`)}</ul>`,
      actions: ({ close }) => html`<button class="button" data-kind="primary" type="button" autofocus @click=${() => close(null)}>${t("shell.close")}</button>`,
    });
  }
}

/** What the API is asked for. @param {Act} act @param {Person[]} people @param {Element} within */
function wish(act, people, within) {
  const value = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (within.querySelector(`[name=${name}]`))?.value ?? "";
  /** @type {Record<string, unknown>} */
  const body = { members: people.map((one) => one.id), act, password: value("password") };
  if (act === "give_role" || act === "take_role") body.role = value("role");
  if (act === "suspend") {
    body.reason = value("reason");
    if (value("lasts")) body.until = Date.now() + Number(value("lasts"));
  }
  return body;
}

/** Hands a text to the browser as a file. @param {string} name @param {string} text */
function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}

customElements.define("bulk-members", BulkMembers);
