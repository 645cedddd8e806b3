/** The page of one member: links to hand over, deletion with its reason, and durations. */

import "./until-choice.js";
import { call, path } from "../lib/api.js";
import { confirm } from "../lib/dialog.js";
import { sentence } from "../lib/errors.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";

/** `<made-link>`: shows the address that its form made, in place of the form; it is never shown again. */
class MadeLink extends HTMLElement {
  connectedCallback() {
    this.addEventListener("done", (event) => {
      event.preventDefault();
      this.#show(/** @type {CustomEvent<{url: string}>} */ (event).detail.url);
    });
  }

  /** @param {string} url */
  #show(url) {
    const made = this.querySelector("[data-made]");
    const field = made?.querySelector("input");
    if (!(made instanceof HTMLElement) || !field) return;
    this.querySelector("api-form")?.remove();
    made.hidden = false;
    field.value = url;
    field.focus();
    field.select();
  }
}

/** `<delete-member data-member data-confirm>`: asks, then deletes with the reason; DELETE of a form sends no fields by itself. */
class DeleteMember extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#delete(/** @type {HTMLFormElement} */ (event.target));
    });
  }

  /** @param {HTMLFormElement} form */
  async #delete(form) {
    const button = form.querySelector("button");
    const act = button?.textContent?.trim() ?? "";
    if (!button || button.ariaBusy === "true" || !(await confirm({ title: act, text: this.dataset.confirm ?? "", act, danger: true }))) return;
    button.ariaBusy = "true";
    try {
      const reason = form.querySelector("input")?.value ?? "";
      await call("DELETE", path`/api/v1/admin/members/${this.dataset.member ?? ""}`, { reason });
      location.assign("/admin/members");
    } catch (error) {
      const alert = form.querySelector("[data-errors]");
      if (alert) render(html`<div class="banner" data-tone="danger">${icon("circle-alert")}<p>${sentence(error)}</p></div>`, alert);
    } finally {
      button.ariaBusy = null;
    }
  }
}

customElements.define("made-link", MadeLink);
customElements.define("delete-member", DeleteMember);
