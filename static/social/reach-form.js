/** `<reach-form>`: who may reach me. What somebody touched is sent, and nothing else; the sentences say what the ticks mean, saved or not. */

import { post, put } from "../lib/api.js";
import { isUnsaved } from "../lib/api-form.js";
import { problemSentence, Refused, sentence } from "../lib/errors.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";

/** Until the meaning of a tick is asked for, in milliseconds: several ticks are one question. */
const ASK_MS = 200;

/** @typedef {{sentences: {act: string, text: string}[]}} Held */

/** Minutes since midnight. @param {string} clock */
const minutes = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

/** @param {HTMLInputElement} field */
const isTicked = (field) => field.type === "checkbox" || field.type === "radio";

/** What of the whole is one choice, by the names of its fields beside those of the ways. */
const CHOICES = { unknown_callers: ["unknown_callers"], quiet: ["quiet", "quiet_from", "quiet_to"], asks_before_follow: ["asks_before_follow"] };

class ReachForm extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;
  /** How often something was ticked or saved: an answer to an earlier question says nothing of what is ticked by now. */
  #turn = 0;
  /** Is a choice on its way? */
  #isSaving = false;
  /** Was "save" pressed again meanwhile? */
  #savesAgain = false;
  /** What the server found wrong, until it is changed. @type {Map<HTMLInputElement, string>} */
  #wrong = new Map();
  #leaving = new AbortController();

  connectedCallback() {
    this.form = /** @type {HTMLFormElement} */ (this.querySelector("form"));
    this.form.noValidate = true;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
    this.addEventListener("change", (event) => this.#changed(/** @type {HTMLInputElement} */ (event.target)));
    // The page was brought up to date: what another tab saved may show other fields.
    this.closest(".settings")?.addEventListener("refreshed", () => {
      this.#settle();
      for (const [field, text] of this.#wrong) if (field.isConnected) mark(field, text);
      if (this.#hasUnsaved()) void this.#ask(++this.#turn);
    });
    this.#leaving = new AbortController();
    // Who leaves with ticks that are not saved is asked first, in the browser's own words.
    addEventListener("beforeunload", (event) => this.#hasUnsaved() && event.preventDefault(), { signal: this.#leaving.signal });
    this.#settle();
  }

  #hasUnsaved() {
    return [...this.querySelectorAll("input")].some(isUnsaved);
  }

  /** @param {string} name @returns {HTMLInputElement[]} */
  #named(name) {
    return /** @type {HTMLInputElement[]} */ ([...this.querySelectorAll(`[name="${name}"]`)]);
  }

  /** @param {string} name */
  #ticked(name) {
    return this.#named(name).filter((box) => box.checked).map((box) => box.value);
  }

  /** Nobody stands alone. @param {HTMLInputElement} box */
  #changed(box) {
    const twins = box.closest("[data-act]") && !box.name.includes("-") ? this.#named(box.name) : [];
    for (const twin of twins) if (box.checked && twin !== box && (box.value === "nobody") !== (twin.value === "nobody")) twin.checked = false;
    this.#forgive(box);
    this.#settle();
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => void this.#ask(++this.#turn), ASK_MS);
  }

  disconnectedCallback() {
    clearTimeout(this.#asking);
    this.#leaving.abort();
  }

  /** What the ticks would mean. What cannot be chosen is said when it is saved. @param {number} turn */
  async #ask(turn) {
    try {
      /** @type {Held} */
      const meaning = await post("/api/v1/me/reach/sentences", this.#rules());
      if (turn === this.#turn) this.#say(meaning);
    } catch {
      // The sentences stay as they are.
    }
  }

  /** @param {Held} held */
  #say({ sentences }) {
    for (const { act, text } of sentences) {
      const place = this.querySelector(`[data-act="${act}"] [data-sentence]`);
      if (place && place.textContent !== text) place.textContent = text;
    }
  }

  /** Names are asked for where they are needed, hours where they hold; and each row says whether it holds what is not saved. */
  #settle() {
    for (const fold of this.querySelectorAll(".fold")) {
      fold.querySelector("[data-unsaved]")?.toggleAttribute("hidden", ![...fold.querySelectorAll("input")].some(isUnsaved));
    }
    for (const way of this.querySelectorAll("[data-act]")) {
      const act = /** @type {HTMLElement} */ (way).dataset.act ?? "";
      for (const names of ["roles", "plans"]) way.querySelector(`[data-names="${names}"]`)?.toggleAttribute("hidden", !this.#ticked(act).includes(names));
    }
    const isQuiet = this.#named("quiet")[0]?.checked ?? false;
    this.querySelector("[data-quiet]")?.toggleAttribute("hidden", !isQuiet);
    for (const name of ["quiet_from", "quiet_to"]) {
      // Hours that are on and empty are no wish to have none.
      for (const field of this.#named(name)) [field.disabled, field.required] = [!isQuiet, isQuiet];
    }
    const chosen = this.querySelector("[data-chosen]");
    if (chosen) chosen.textContent = this.querySelector("[name=unknown_callers]:checked ~ .choice-title")?.textContent ?? "";
  }

  /** The ways in which something is ticked that is not saved. @returns {string[]} */
  #touched() {
    const ways = /** @type {HTMLElement[]} */ ([...this.querySelectorAll("[data-act]")]);
    return ways.filter((way) => [...way.querySelectorAll("input")].some(isUnsaved)).map((way) => way.dataset.act ?? "");
  }

  /** What is ticked for a way. @param {string} act */
  #rule(act) {
    return { from: this.#ticked(act), roles: this.#ticked(`${act}-roles`), plans: this.#ticked(`${act}-plans`) };
  }

  /** What was touched, as far as it can be put into words: a class that names nobody yet lets nobody in. */
  #rules() {
    return Object.fromEntries(this.#touched().map((act) => {
      const { from, roles, plans } = this.#rule(act);
      const known = from.filter((name) => (name === "roles" ? roles.length : name === "plans" ? plans.length : true));
      return [act, { from: known.length ? known : ["nobody"], roles, plans }];
    }));
  }

  /** What was touched. The rest may have been chosen anew elsewhere, and is left as it is there. @returns {Record<string, unknown>} */
  #choice() {
    const [from, to] = ["quiet_from", "quiet_to"].map((name) => this.#named(name)[0]?.value ?? "");
    const values = {
      unknown_callers: this.#ticked("unknown_callers")[0],
      quiet: this.#named("quiet")[0]?.checked && from && to ? { from: minutes(from), to: minutes(to) } : null,
      asks_before_follow: this.#named("asks_before_follow")[0]?.checked ?? false,
    };
    const isTouched = (/** @type {string[]} */ names) => names.some((name) => this.#named(name).some(isUnsaved));
    const others = Object.entries(values).filter(([name]) => isTouched(CHOICES[/** @type {keyof typeof CHOICES} */ (name)]));
    return Object.fromEntries([...this.#touched().map((act) => [act, this.#rule(act)]), ...others]);
  }

  /** What stands in each field that was touched. */
  #held() {
    return [...this.querySelectorAll("input")].filter(isUnsaved).map((field) => ({ field, checked: field.checked, value: field.value }));
  }

  /** What was sent is what now holds; what was ticked since is not. @param {{field: HTMLInputElement, checked: boolean, value: string}[]} sent */
  #keep(sent) {
    for (const { field, checked, value } of sent) {
      // An attribute that is set again may reset a field that nobody has touched.
      if (isTicked(field) && field.defaultChecked !== checked) field.defaultChecked = checked;
      else if (!isTicked(field) && field.defaultValue !== value) field.defaultValue = value;
    }
    this.#settle();
  }

  /** One choice at a time: two on their way may overtake each other, and the older one would stay. */
  async #save() {
    this.#savesAgain = this.#isSaving;
    if (this.#isSaving) return;
    this.#isSaving = true;
    try {
      await this.#saveOnce();
    } finally {
      this.#isSaving = false;
    }
    if (this.#savesAgain) void this.#save();
  }

  async #saveOnce() {
    const alert = /** @type {Element} */ (this.querySelector("[data-errors]"));
    const button = this.querySelector("[type=submit]");
    button?.setAttribute("aria-busy", "true");
    clearTimeout(this.#asking);
    const turn = ++this.#turn;
    render(null, alert);
    for (const field of [...this.#wrong.keys()]) this.#forgive(field);
    const sent = this.#held();
    try {
      const empty = [...this.querySelectorAll("input")].filter((field) => !field.checkValidity());
      if (empty.length) return this.#show(empty.map((field) => ({ field, text: field.validationMessage })));
      /** @type {Held} */
      const held = await put("/api/v1/me/reach", this.#choice());
      this.#keep(sent);
      if (turn === this.#turn) this.#say(held);
      toast(this.dataset.saved ?? "", { icon: "check" });
    } catch (error) {
      const problems = error instanceof Refused ? error.problems : [];
      const found = problems.map((problem) => ({ field: this.#placeOf(problem), text: problemSentence(problem) }));
      const [placed, general] = [found.filter(({ field }) => field), found.filter(({ field }) => !field).map(({ text }) => text)];
      this.#show(/** @type {{field: HTMLInputElement, text: string}[]} */ (placed));
      if (!problems.length) general.push(sentence(error));
      if (!general.length) return;
      render(html`<div class="banner" data-tone="danger">${icon("circle-alert")}<p>${general.join(" ")}</p></div>`, alert);
      alert.scrollIntoView({ block: "nearest" });
    } finally {
      button?.removeAttribute("aria-busy");
    }
  }

  /** The field that a problem is about: of names that are missing the first that can be ticked. @param {{field: string, code: string}} problem @returns {HTMLInputElement | undefined} */
  #placeOf({ field, code }) {
    if (field === "quiet" || field.startsWith("quiet.")) return this.#named(field === "quiet.to" ? "quiet_to" : "quiet_from")[0];
    const boxes = this.#named(field);
    const missing = code === "social.none_named" ? ["roles", "plans"].find((names) => this.#ticked(field).includes(names) && !this.#ticked(`${field}-${names}`).length) : undefined;
    const asked = missing ? (this.#named(`${field}-${missing}`)[0] ?? boxes.find(({ value }) => value === missing)) : undefined;
    return asked ?? boxes.find((box) => box.checked) ?? boxes[0];
  }

  /** Marks what is wrong, opens where it stands, and goes to the first. @param {{field: HTMLInputElement, text: string}[]} wrong */
  #show(wrong) {
    for (const { field, text } of wrong) {
      this.#wrong.set(field, text);
      mark(field, text);
    }
    const first = wrong[0]?.field;
    const fold = first?.closest("details");
    if (fold) fold.open = true;
    first?.focus();
  }

  /** What was wrong with a choice may be right now. @param {HTMLInputElement} box */
  #forgive(box) {
    const choice = (/** @type {Element} */ field) => field.closest("[data-act], .choices, fieldset");
    for (const field of [...this.#wrong.keys()]) {
      if (choice(field) !== choice(box)) continue;
      this.#wrong.delete(field);
      field.removeAttribute("aria-invalid");
      const described = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== noteOf(field));
      if (described.length) field.setAttribute("aria-describedby", described.join(" "));
      else field.removeAttribute("aria-describedby");
      document.getElementById(noteOf(field))?.remove();
    }
  }
}

/** @param {HTMLInputElement} field */
const noteOf = (field) => `wrong-${field.name}`;

/** Says at a field what is wrong with it. @param {HTMLInputElement} field @param {string} text */
function mark(field, text) {
  const id = noteOf(field);
  let note = document.getElementById(id);
  if (!note) {
    note = Object.assign(document.createElement("p"), { id, className: "field-error" });
    field.closest(".ticks, .choices, .field")?.append(note);
  }
  field.setAttribute("aria-invalid", "true");
  const described = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
  field.setAttribute("aria-describedby", [...described, id].join(" "));
  render(html`${icon("circle-alert")}<span>${text}</span>`, note);
}

customElements.define("reach-form", ReachForm);
