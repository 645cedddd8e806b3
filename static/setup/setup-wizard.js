/** `<setup-wizard>`: one form in four steps; the last one makes the community, signs its owner in and makes a first invite. */

import "./hue-slider.js";
import { post } from "../lib/api.js";
import { problemSentence, Refused, sentence } from "../lib/errors.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { timeZone } from "../lib/time-zone.js";
import { t } from "../lib/words.js";
import { FirstRooms } from "./first-rooms.js";
import { forget, keep, kept, putBack, valuesOf } from "./kept-answers.js";

/** How long the first invite works. */
const INVITE_MS = 7 * 86_400_000;

class SetupWizard extends HTMLElement {
  #at = 0;
  /** @type {FirstRooms | null} */
  #rooms = null;

  connectedCallback() {
    const list = this.querySelector("[data-rooms]");
    const template = this.querySelector("template");
    if (list && template) this.#rooms = new FirstRooms(list, template, Number(this.dataset.mostRooms ?? 12));
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#go();
    });
    this.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      if (button?.hasAttribute("data-back")) this.#show(this.#at - 1);
      if (button?.hasAttribute("data-add")) this.#rooms?.add();
      if (button?.matches("[data-add], [data-remove]")) this.#keep();
    });
    this.addEventListener("input", (event) => {
      const field = /** @type {HTMLInputElement} */ (event.target);
      if (field.name) forgive(field);
      if (field.name === "community_name") this.#letter(field.value);
      this.#keep();
    });
    this.#putBack();
  }

  #keep() {
    keep(sessionStorage, this.dataset.code ?? "", { fields: valuesOf(this.#fields), rooms: this.#rooms?.read() ?? [] });
  }

  /** What was answered before a reload. */
  #putBack() {
    const answers = kept(sessionStorage, this.dataset.code ?? "");
    if (!answers) return;
    putBack(this.#fields, answers.fields);
    this.#rooms?.show(answers.rooms);
    this.#letter(answers.fields.community_name ?? "");
    // The page takes on the hue again.
    this.querySelector("[type=range]")?.dispatchEvent(new Event("input", { bubbles: true }));
  }

  get #steps() {
    return /** @type {HTMLElement[]} */ ([...this.querySelectorAll(".setup-step")]);
  }

  /** Every field with a name. */
  get #fields() {
    return /** @type {HTMLInputElement[]} */ ([...this.querySelectorAll("input[name]")]);
  }

  /** @param {number} at */
  #show(at) {
    const steps = this.#steps;
    this.#at = Math.max(0, Math.min(at, steps.length - 1));
    steps.forEach((step, n) => (step.hidden = n !== this.#at));
    this.querySelectorAll(".steps > li").forEach((mark, n) => {
      mark.toggleAttribute("data-done", n < this.#at);
      if (n === this.#at) mark.setAttribute("aria-current", "step");
      else mark.removeAttribute("aria-current");
    });
    const [back, go] = ["[data-back]", "[data-go]"].map((part) => /** @type {HTMLElement | null} */ (this.querySelector(part)));
    if (back) back.hidden = this.#at === 0;
    if (go) go.textContent = (this.#at === steps.length - 1 ? go.dataset.finishWords : go.dataset.nextWords) ?? "";
    steps[this.#at]?.querySelector("h1")?.focus();
  }

  async #go() {
    this.#say(null);
    const here = this.#steps[this.#at];
    const wrong = this.#fields.filter((field) => here?.contains(field) && !field.checkValidity());
    for (const field of wrong) mark(field, field.validity.valueMissing ? t("error.missing") : wrongLength(field));
    if (wrong[0]) return wrong[0].focus();
    if (this.#at === 0) return this.#busy(() => this.#leaveOwner());
    if (this.#at < this.#steps.length - 1) return this.#show(this.#at + 1);
    await this.#busy(() => this.#finish());
  }

  /** One thing at a time; what is refused is said where it belongs. @param {() => Promise<void>} act */
  async #busy(act) {
    const go = this.querySelector("[data-go]");
    if (!go || go.ariaBusy === "true") return;
    go.ariaBusy = "true";
    try {
      await act();
    } catch (error) {
      this.#refused(error);
    } finally {
      go.ariaBusy = null;
    }
  }

  /** The server knows more about names and passwords than the browser: it is asked before the step is left. */
  async #leaveOwner() {
    const { code, username, display_name, email, password } = this.#answers();
    await post("/api/v1/setup/check", { code, username, display_name, email, password });
    this.#show(1);
  }

  async #finish() {
    await post("/api/v1/setup", this.#answers());
    forget(sessionStorage);
    location.assign(`/setup/done${await this.#invite()}`);
  }

  /** The first invite; the community is made, so a failure here is no failure of the whole. @returns {Promise<string>} */
  async #invite() {
    if (!this.hasAttribute("data-reachable")) return "";
    try {
      const invite = /** @type {{id: string}} */ (await post("/api/v1/admin/invites", { expires_at: Date.now() + INVITE_MS }));
      return `?invite=${encodeURIComponent(invite.id)}`;
    } catch {
      return "";
    }
  }

  #answers() {
    /** @type {Record<string, unknown>} */
    const answers = { code: this.dataset.code, time_zone: timeZone(), rooms: this.#rooms?.read() ?? [] };
    for (const field of this.#fields) {
      if (field.type === "radio" && !field.checked) continue;
      answers[field.name] = field.type === "range" ? Number(field.value) : field.value;
    }
    if (!answers.email) delete answers.email;
    return answers;
  }

  /** @param {unknown} error */
  #refused(error) {
    const problems = error instanceof Refused ? error.problems : [];
    /** @type {string[]} */
    const general = problems.length ? [] : [sentence(error)];
    /** @type {Element[]} */
    const marked = [];
    for (const problem of problems) {
      const said = problemSentence(problem);
      const field = this.#fields.find((each) => each.name === problem.field);
      const row = this.#rooms?.mark(problem.field, said);
      if (field) mark(field, said);
      if (field ?? row) marked.push(/** @type {Element} */ (field ?? row));
      else general.push(said);
    }
    const first = this.#steps.findIndex((step) => marked.some((each) => step.contains(each)));
    if (first >= 0) this.#show(first);
    if (general.length) this.#say(general.join(" "));
    else /** @type {HTMLElement | undefined} */ (marked.find((each) => this.#steps[this.#at]?.contains(each)))?.focus();
  }

  /** @param {string | null} text */
  #say(text) {
    const alert = this.querySelector("[data-errors]");
    if (alert) render(text ? html`<div class="banner" data-tone="danger">${icon("circle-alert")}<p>${text}</p></div>` : null, alert);
  }

  /** @param {string} name */
  #letter(name) {
    const first = new Intl.Segmenter().segment(name.trim())[Symbol.iterator]().next().value?.segment ?? "R";
    for (const mark of document.querySelectorAll("[data-icon]")) mark.textContent = first.toUpperCase();
  }
}

/** @param {HTMLInputElement} field */
function wrongLength(field) {
  if (field.name === "password") return t("members.password_short");
  if (field.name === "username") return t("members.username_shape");
  if (field.name === "email") return t("members.email_shape");
  return field.validationMessage;
}

/** @param {HTMLInputElement} field @param {string} text */
function mark(field, text) {
  field.setAttribute("aria-invalid", "true");
  const note = document.getElementById(`${field.name}-error`);
  if (note) render(html`${icon("circle-alert")}<span>${text}</span>`, note);
}

/** @param {HTMLInputElement} field */
function forgive(field) {
  if (field.getAttribute("aria-invalid") !== "true") return;
  field.removeAttribute("aria-invalid");
  const note = document.getElementById(`${field.name}-error`);
  if (note) render(null, note);
}

customElements.define("setup-wizard", SetupWizard);
