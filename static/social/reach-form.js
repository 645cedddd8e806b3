/** `<reach-form>`: who may reach me, sent as one choice; the sentences say what the ticks mean, saved or not. */

import { post, put } from "../lib/api.js";
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

/** @param {HTMLInputElement} field */
const isUnsaved = (field) => (isTicked(field) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);

class ReachForm extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;
  /** How often something was ticked or saved: an answer to an earlier question says nothing of what is ticked by now. */
  #turn = 0;
  /** Is a choice on its way? */
  #isSaving = false;
  /** Was "save" pressed again meanwhile? */
  #savesAgain = false;

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
      if ([...this.querySelectorAll("input")].some(isUnsaved)) void this.#ask(++this.#turn);
    });
    this.#settle();
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
    this.#settle();
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => void this.#ask(++this.#turn), ASK_MS);
  }

  disconnectedCallback() {
    clearTimeout(this.#asking);
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

  /** What is ticked for each way, as far as it can be put into words: a class that names nobody yet lets nobody in. */
  #rules() {
    /** @type {Record<string, {from: string[], roles: string[], plans: string[]}>} */
    const rules = {};
    for (const way of this.querySelectorAll("[data-act]")) {
      const act = /** @type {HTMLElement} */ (way).dataset.act ?? "";
      const named = { roles: this.#ticked(`${act}-roles`), plans: this.#ticked(`${act}-plans`) };
      const from = this.#ticked(act).filter((name) => !(name === "roles" || name === "plans") || named[name].length > 0);
      rules[act] = { from: from.length ? from : ["nobody"], ...named };
    }
    return rules;
  }

  #choice() {
    /** @type {Record<string, unknown>} */
    const choice = {};
    for (const way of this.querySelectorAll("[data-act]")) {
      const act = /** @type {HTMLElement} */ (way).dataset.act ?? "";
      choice[act] = { from: this.#ticked(act), roles: this.#ticked(`${act}-roles`), plans: this.#ticked(`${act}-plans`) };
    }
    const [from, to] = ["quiet_from", "quiet_to"].map((name) => this.#named(name)[0]?.value ?? "");
    return {
      ...choice,
      unknown_callers: this.#ticked("unknown_callers")[0],
      quiet: this.#named("quiet")[0]?.checked && from && to ? { from: minutes(from), to: minutes(to) } : null,
      asks_before_follow: this.#named("asks_before_follow")[0]?.checked ?? false,
    };
  }

  /** What stands in each field. */
  #held() {
    return [...this.querySelectorAll("input")].map((field) => ({ field, checked: field.checked, value: field.value }));
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
    const sent = this.#held();
    try {
      /** @type {Held} */
      const held = await put("/api/v1/me/reach", this.#choice());
      render(null, alert);
      this.#keep(sent);
      if (turn === this.#turn) this.#say(held);
      toast(this.dataset.saved ?? "", { icon: "check" });
    } catch (error) {
      const said = error instanceof Refused && error.problems.length ? error.problems.map(problemSentence).join(" ") : sentence(error);
      render(html`<div class="banner" data-tone="danger">${icon("circle-alert")}<p>${said}</p></div>`, alert);
      alert.scrollIntoView({ block: "nearest" });
    } finally {
      button?.removeAttribute("aria-busy");
    }
  }
}

customElements.define("reach-form", ReachForm);
