/** `<change-plan>`: its button opens what else there is to have, says in money and dates what a change comes to, and does it. */

import { get, path, post } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { sentence } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { date, money, t } from "../lib/words.js";

/** @typedef {{amount: number, currency: string, exponent: number}} Money */
/** @typedef {"once" | "month" | "year"} Every */
/** @typedef {{plan: {id: string, name: string}, price: {id: string, money: Money, every: Every}, when: "now" | "at_period_end"}} Choice */
/**
 * @typedef {{as_of: number, from: {name: string}, plan: {name: string}, provider: string, when: Choice["when"], at: number, due: Money,
 *   money: Money, every: Every, next_charge_at: number}} Preview
 */
/** What the sheet shows. @typedef {{choices: Choice[] | null, choice: number, preview: Preview | null, busy: boolean, failure: string, confirm: string}} State */

class ChangePlan extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      if (/** @type {Element} */ (event.target).closest("button")) void openChange(this.dataset.subscription ?? "");
    });
  }
}

/** Opens the sheet, and waits for its end. @param {string} id the subscription */
async function openChange(id) {
  /** @type {State} */
  const state = { choices: null, choice: -1, preview: null, busy: false, failure: "", confirm: "" };
  const over = new AbortController();
  /** @type {() => void} */
  let redraw = () => undefined;
  const base = path`/api/v1/me/subscriptions/${id}`;
  const fail = (/** @type {unknown} */ error) => {
    state.failure = sentence(error);
    redraw();
  };
  const pick = async (/** @type {number} */ n) => {
    const price = state.choices?.[n]?.price.id;
    [state.choice, state.preview, state.failure] = [n, null, ""];
    redraw();
    try {
      const preview = /** @type {Preview} */ (await post(`${base}/change/preview`, { price }));
      // Another one may have been picked meanwhile.
      if (state.choice === n) state.preview = preview;
      redraw();
    } catch (error) {
      if (state.choice === n) fail(error);
    }
  };
  const agree = async () => {
    const { preview, choice } = state;
    const price = state.choices?.[choice]?.price.id;
    if (!preview || state.busy) return;
    [state.busy, state.failure] = [true, ""];
    redraw();
    try {
      const { order, confirm_at } = /** @type {{order: unknown, confirm_at: string | null}} */ (await post(`${base}/change`, { price, as_of: preview.as_of }));
      if (confirm_at) {
        // The card's bank wants to know that it is they: on the provider's page, after which the plan is another one.
        state.confirm = confirm_at;
        redraw();
        return;
      }
      over.abort();
      toast(order ? t("billing.asked") : preview.when === "now" ? t("billing.change_done", { plan: preview.plan.name }) : t("billing.change_set", { date: date(preview.at, "date") }), { icon: "check" });
    } catch (error) {
      state.busy = false;
      const failure = sentence(error);
      // What was shown may be too old, or was refused under its key: it is counted anew.
      await pick(choice);
      state.failure = failure;
      redraw();
    }
  };
  get(`${base}/changes`).then((found) => {
    state.choices = /** @type {{items: Choice[]}} */ (found).items;
    redraw();
    if (state.choices.length) void pick(0);
  }, fail);
  await openDialog({
    title: t("billing.change_title"),
    signal: over.signal,
    body: (open) => {
      redraw = () => over.signal.aborted || open.redraw();
      return sheet(state, (n) => void pick(n), (event) => {
        event.preventDefault();
        void agree();
      });
    },
  });
  over.abort();
}

/** @param {State} state @param {(n: number) => void} pick @param {(event: SubmitEvent) => void} send */
function sheet(state, pick, send) {
  const { choices, choice, preview } = state;
  const failure = state.failure ? html`<div class="banner" data-tone="danger" role="alert">${icon("circle-alert")}<p>${state.failure}</p></div>` : null;
  if (!choices) return failure ?? html`<p aria-busy="true">${t("billing.sheet_loading")}</p>`;
  if (!choices.length) return html`<p>${t("billing.change_none")}</p>`;
  if (state.confirm) {
    return html`<div class="form"><p role="status">${t("billing.change_confirm", { plan: preview?.plan.name ?? "" })}</p>
    <div class="buttons"><a class="button" data-kind="primary" href=${state.confirm} target="_blank" rel="noopener">${icon("external-link")}${t("billing.change_confirm_do")}</a></div></div>`;
  }
  return html`<form class="form" @submit=${send}>
    <fieldset class="field"><legend>${t("billing.change_choose")}</legend><div class="choices">${choices.map(({ plan, price, when }, n) => html`<label class="choice"><input type="radio" name="change" value=${String(n)} .checked=${n === choice} @change=${() => pick(n)}><span class="choice-title"><bdi>${plan.name}</bdi></span><span class="choice-help">${cost(price.money, price.every)} · ${t(`billing.change_${when}`)}</span></label>`)}</div></fieldset>
    <div aria-live="polite">${preview ? html`<ul class="items">${terms(preview).map((line) => html`<li>${icon("check")}<span class="item-text">${line}</span></li>`)}</ul>` : state.failure ? null : html`<p aria-busy="true">${t("billing.sheet_loading")}</p>`}</div>
    ${failure}
    <div class="buttons"><button class="button" data-kind="primary" type="submit" disabled=${preview ? null : ""} aria-busy=${state.busy ? "true" : null}>${preview ? label(preview) : t("billing.change_title")}</button></div>
  </form>`;
}

/** @param {Money} sum @param {Every} every */
const cost = (sum, every) => `${money(sum)} ${t(`billing.every_${every}`)}`;

/** What happens when, sentence by sentence. @param {Preview} preview */
function terms({ from, plan, provider, when, at, due, money: sum, every, next_charge_at }) {
  const names = { from: from.name, plan: plan.name, due: money(due), price: cost(sum, every) };
  if (when === "at_period_end") {
    const values = { ...names, date: date(at, "date") };
    return [t("billing.change_until", values), t("billing.change_then", values)];
  }
  const first = due.amount === 0 ? "billing.change_free" : "billing.change_due";
  const holds = provider === "manual" && due.amount > 0 ? "billing.change_by_hand" : "billing.change_at_once";
  return [t(first, names), t(holds, names), t("billing.change_next", { ...names, date: date(next_charge_at, "date") })];
}

/** What the button says. @param {Preview} preview */
function label({ provider, when, at, due }) {
  if (when === "at_period_end") return t("billing.change_on", { date: date(at, "date") });
  if (due.amount === 0) return t("billing.change_take");
  return t(provider === "manual" ? "billing.change_ask" : "billing.change_pay", { due: money(due) });
}

customElements.define("change-plan", ChangePlan);
