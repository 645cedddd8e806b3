/** `<api-form>`: sends its form to the API as JSON and shows what the server thinks of it, field by field. */

import { call, newKey } from "./api.js";
import { problemSentence, Refused, sentence } from "./errors.js";
import { html, render } from "./html.js";
import { icon } from "./icon.js";
import { keepPlace } from "./keep-place.js";
import { wipe } from "./local-database.js";
import { timeZone } from "./time-zone.js";
import { toast, toastOnNextPage } from "./toast.js";

/**
 * `<api-form method="POST" action="/api/v1/sign-in" data-next="/">…<form>…</form></api-form>`
 *
 * Attributes of the element:
 * `data-next`: where to go afterwards, `{field}` filled from the answer; `data-first`: where instead when the answer says `first`; `data-stay`: go nowhere, keep the form;
 * `data-toast`: what to say afterwards; `data-confirm`: a question asked first (a button may have its own); `data-seen`: beside what is said goes, as `seen`, what the form showed at first; `data-wipe`: takes away what this browser keeps
 * (sign-out); `data-at-once`: sent as soon as the page is there. Without `data-next` and `data-stay` the page is loaded again. A `done` event (cancelable; `detail` is the answer) comes
 * first: who cancels it does the rest alone. `data-guarded`: who leaves with fields that are not sent is asked first. A `refused` event (`detail` is the refusal) comes when the server said no. A page that is loaded again has the focus at the heading of the part where the form stood. The method is that of the pressed button (`formmethod`) or of the element.
 *
 * Fields become JSON by their kind: a checkbox alone is a boolean, several of one name (or `data-list`) a list of values,
 * a number a number, `datetime-local` milliseconds; `data-type="number|boolean|string|null|time-zone|lines"` overrules (`lines`: a list, one a line). An empty field that
 * is not required is left out of a POST and is `""` elsewhere; `data-empty="null"` makes it null, `data-empty="omit"` leaves it out.
 */
class ApiForm extends HTMLElement {
  /** What was last sent and not answered well, and its key: the same again is the same wish. */
  #wish = { said: "", key: "" };
  #guard = new AbortController();

  connectedCallback() {
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send(/** @type {HTMLFormElement} */ (event.target), event.submitter);
    });
    this.addEventListener("input", (event) => this.#forgive(/** @type {HTMLInputElement} */ (event.target)));
    // The element answers for checking: the browser's own bubbles would stand beside our sentences.
    for (const form of this.querySelectorAll("form")) form.noValidate = true;
    this.#guard = new AbortController();
    // In the browser's own words.
    if (this.hasAttribute("data-guarded")) addEventListener("beforeunload", (event) => this.#hasUnsaved() && event.preventDefault(), { signal: this.#guard.signal });
    if (this.hasAttribute("data-at-once")) this.querySelector("form")?.requestSubmit();
  }

  disconnectedCallback() {
    this.#guard.abort();
  }

  #hasUnsaved() {
    return [...this.querySelectorAll("form")].flatMap(fieldsOf).some(isUnsaved);
  }

  /** @param {HTMLFormElement} form @param {HTMLElement | null} button */
  async #send(form, button) {
    const isChecked = !(button instanceof HTMLButtonElement && button.formNoValidate);
    if (form.ariaBusy === "true" || (isChecked && !this.#isFilled(form))) return;
    const question = button?.dataset.confirm ?? this.dataset.confirm;
    if (question && !(await this.#ask(button, question))) return;
    const method = (button?.getAttribute("formmethod") ?? this.getAttribute("method") ?? "POST").toUpperCase();
    const action = button?.getAttribute("formaction") ?? this.getAttribute("action") ?? "";
    this.#clear(form);
    this.#busy(form, button, true);
    try {
      const body = read(form, button, method);
      if (this.hasAttribute("data-seen")) body.seen = shown(form, method);
      const said = JSON.stringify([method, action, body]);
      if (this.#wish.said !== said) this.#wish = { said, key: newKey() };
      const answer = await call(method, action, method === "DELETE" && Object.keys(body).length === 0 ? undefined : body, { key: this.#wish.key });
      this.#wish.said = "";
      if (this.hasAttribute("data-wipe") || action.endsWith("/sign-out")) await wipe();
      this.#done(answer);
    } catch (error) {
      this.#show(form, error);
      this.dispatchEvent(new CustomEvent("refused", { detail: error, bubbles: true }));
    } finally {
      this.#busy(form, button, false);
    }
  }

  /** @param {any} answer */
  #done(answer) {
    if (!this.dispatchEvent(new CustomEvent("done", { detail: answer, bubbles: true, cancelable: true }))) return;
    if (this.hasAttribute("data-stay")) {
      if (this.dataset.toast) toast(this.dataset.toast, { icon: "check" });
      return;
    }
    this.#guard.abort();
    if (this.dataset.toast) toastOnNextPage(this.dataset.toast);
    const wanted = (answer?.first === true && this.dataset.first) || this.dataset.next;
    const next = wanted?.replace(/\{(\w+)\}/g, (_, field) => encodeURIComponent(String(answer?.[field] ?? "")));
    // Only a path of our own: a page's data never sends people to another site.
    if (next && /^\/(?![/\\])/.test(next)) location.assign(next);
    else {
      keepPlace(this);
      location.reload();
    }
  }

  /** @param {HTMLElement | null} button @param {string} text */
  async #ask(button, text) {
    const { confirm } = await import("./dialog.js");
    const act = button?.textContent?.trim() ?? "";
    return confirm({ title: act, text, act, danger: button?.dataset.kind === "danger" || button?.dataset.tone === "danger" });
  }

  /** Says what the browser can see by itself. @param {HTMLFormElement} form */
  #isFilled(form) {
    this.#clear(form);
    const wrong = fieldsOf(form).filter((field) => !field.checkValidity());
    for (const field of wrong) mark(field, field.validationMessage);
    wrong[0]?.focus();
    return wrong.length === 0;
  }

  /** @param {HTMLFormElement} form @param {unknown} error */
  #show(form, error) {
    const problems = error instanceof Refused ? error.problems : [];
    // A page that follows what happens may have taken the form away meanwhile: whoever pressed hears of it all the same.
    if (!form.isConnected) return toast(sentence(error), { icon: "circle-alert" });
    /** @type {string[]} */
    const general = [];
    for (const problem of problems) {
      const field = fieldsOf(form).find((each) => each.name === problem.field && each.type !== "hidden");
      if (field) mark(field, problemSentence(problem));
      else general.push(problemSentence(problem));
    }
    if (!problems.length) general.push(sentence(error));
    if (general.length) render(html`<div class="banner" data-tone="danger">${icon("circle-alert")}<p>${general.join(" ")}</p></div>`, alertOf(form));
    /** @type {HTMLElement | null} */ (form.querySelector("[aria-invalid=true]"))?.focus();
  }

  /** @param {HTMLFormElement} form */
  #clear(form) {
    for (const field of fieldsOf(form)) this.#forgive(field);
    const alert = form.querySelector("[data-errors]");
    if (alert) render(null, alert);
  }

  /** @param {HTMLInputElement} field */
  #forgive(field) {
    if (field.getAttribute("aria-invalid") !== "true") return;
    field.removeAttribute("aria-invalid");
    const note = document.getElementById(`${field.id}-error`);
    if (note) render(null, note);
  }

  /** @param {HTMLFormElement} form @param {HTMLElement | null} button @param {boolean} isBusy */
  #busy(form, button, isBusy) {
    form.ariaBusy = isBusy ? "true" : null;
    (button ?? form.querySelector("[type=submit]"))?.toggleAttribute("data-busy", isBusy);
    if (isBusy) button?.setAttribute("aria-busy", "true");
    else button?.removeAttribute("aria-busy");
  }
}

/**
 * Where the value of a field belongs: fields below `data-object="a.b"` stand in that object, under what follows its last name; an object
 * whose field with `data-whole` is empty is null.
 * @param {Record<string, any>} body @param {Field} field @returns {[Record<string, any>, string] | null} nowhere: its object is null
 */
function placeOf(body, field) {
  const within = field.closest("[data-object]");
  const path = within instanceof HTMLElement ? (within.dataset.object ?? "").split(".") : [];
  const last = path.at(-1);
  const whole = /** @type {Field | null} */ (within?.querySelector("[data-whole]") ?? null);
  const isNull = whole !== null && whole.closest("[data-object]") === within && !whole.value.trim();
  let at = body;
  for (const [n, name] of path.entries()) {
    if (isNull && n === path.length - 1) {
      at[name] = null;
      return null;
    }
    at = at[name] ??= {};
  }
  return [at, last && field.name.startsWith(`${last}.`) ? field.name.slice(last.length + 1) : field.name];
}

/** @typedef {HTMLInputElement & {type: string}} Field an input, a select or an area: what they share is all that is used */

/** Does a text or a tick hold what the server has not? @param {HTMLInputElement} field */
export const isUnsaved = (field) => (field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== (field.defaultValue ?? field.value));

/** @param {HTMLFormElement} form @returns {Field[]} */
const fieldsOf = (form) => /** @type {Field[]} */ ([...form.elements].filter((each) => /** @type {any} */ (each).name && !(each instanceof HTMLFieldSetElement) && !(each instanceof HTMLButtonElement)));

/** @param {Field} field @param {string} text */
function mark(field, text) {
  field.id ||= `field-${field.name}`;
  field.setAttribute("aria-invalid", "true");
  const id = `${field.id}-error`;
  let note = document.getElementById(id);
  if (!note) {
    note = Object.assign(document.createElement("p"), { id, className: "field-error" });
    (field.closest(".field") ?? field.parentElement)?.append(note);
    field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  }
  render(html`${icon("circle-alert")}<span>${text}</span>`, note);
}

/** The place for sentences about the whole form: `[data-errors]`, made at its head if the page has none. @param {HTMLFormElement} form @returns {Element} */
function alertOf(form) {
  const known = form.querySelector("[data-errors]");
  if (known) return known;
  const made = document.createElement("div");
  made.dataset.errors = "";
  made.role = "alert";
  form.prepend(made);
  return made;
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} button @param {string} method @returns {Record<string, unknown>} */
function read(form, button, method) {
  /** @type {Record<string, unknown>} */
  const body = {};
  const fields = fieldsOf(form).filter((field) => !field.disabled);
  for (const field of fields) {
    const twins = fields.filter((each) => each.name === field.name);
    const place = placeOf(body, field);
    if (!place) continue;
    const [at, name] = place;
    if (field.type === "checkbox" && (twins.length > 1 || "list" in field.dataset)) at[name] = twins.filter((each) => each.checked).map((each) => each.value);
    else if (field.type === "checkbox") at[name] = field.checked;
    else if (field.type !== "radio" || field.checked) {
      const value = valueOf(field, method);
      if (value !== undefined) at[name] = value;
    }
  }
  if (button instanceof HTMLButtonElement && button.name) body[button.name] = button.value;
  return body;
}

/** What a form showed before anybody touched it. @param {HTMLFormElement} form @param {string} method @returns {Record<string, unknown>} */
function shown(form, method) {
  const copy = /** @type {HTMLFormElement} */ (form.cloneNode(true));
  copy.reset();
  return read(copy, null, method);
}

/** @param {Field} field @param {string} method @returns {unknown} undefined: left out */
function valueOf(field, method) {
  if (field.dataset.type === "time-zone") return timeZone();
  if (field instanceof HTMLSelectElement && field.multiple) return [...field.selectedOptions].map((option) => option.value);
  const { value } = field;
  const type = field.dataset.type ?? field.type;
  if (field.dataset.type === "lines") return value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (value === "" && !field.required) {
    const empty = field.dataset.empty ?? (type === "number" || type === "datetime-local" ? "null" : method === "POST" ? "omit" : "text");
    if (empty !== "text") return empty === "null" ? null : undefined;
  }
  if (type === "number") return Number(value);
  if (type === "boolean") return value === "true";
  if (type === "null") return null;
  if (type === "datetime-local" || type === "date") return new Date(value).getTime();
  return value;
}

customElements.define("api-form", ApiForm);
