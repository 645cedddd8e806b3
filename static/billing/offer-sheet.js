/** The sheet at a lock: what there is to have, what it costs, how to pay, and the way to ask for it. Nobody leaves their place for it. */

import { get, newKey, post } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { sentence } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { money, t } from "../lib/words.js";
import { promotedWords, tryPromotion } from "./promotion-field.js";

/** @typedef {{amount: number, currency: string, exponent: number}} Money */
/** @typedef {{id: string, money: Money, every: "once" | "month" | "year"}} Price */
/** @typedef {{id: string, name: string, description: string, entitlements: Record<string, unknown>, prices: Price[]}} Plan */
/** @typedef {{id: string, provider: string, plan: {id: string, name: string} | null, total: Money | null, every: Price["every"] | null, renews: boolean, gift: boolean, change: boolean}} Order */
/** @typedef {{plans: Plan[], ways: string[], words: string, reference: string | null, waiting: Order[], promotions: boolean}} Offers */

/** One line of the sheet: a plan at one of its prices; null: the price is agreed on. @typedef {{plan: Plan, price: Price | null}} Choice */

/**
 * @typedef {object} Lock
 * @property {string} title why one stands before it
 * @property {string} text
 * @property {string} right the entitlement that opens it
 * @property {((opened: () => void) => () => void)} [watch] calls `opened` once the right is there; answers how to stop
 */

/**
 * @typedef {object} Acts
 * @property {(choice: Choice, note: string) => void} ask
 * @property {(choice: Choice, provider: string) => void} pay
 * @property {(choice: Choice | undefined) => void} promote tries the code that was typed
 */

/** What the sheet shows; `promotion`: the code as it is typed, and what it makes of the choice. @typedef {{offers: Offers | null, choice: number, busy: boolean, failure: string, promotion: string, promoted: string}} State */

/** Opens it, and waits for its end. @param {Lock} lock */
export async function openOffers({ title, text, right, watch }) {
  /** @type {State} */
  const state = { offers: null, choice: 0, busy: false, failure: "", promotion: "", promoted: "" };
  const over = new AbortController();
  // The same wish, however often the button is pressed or the line breaks.
  const key = newKey();
  const stop = watch?.(() => {
    toast(t("billing.sheet_done"), { icon: "check" });
    over.abort();
  });
  /** @type {() => void} */
  let redraw = () => undefined;
  const load = () => get("/api/v1/offers").then((found) => void (state.offers = /** @type {Offers} */ (found)), () => void (state.failure = t("billing.sheet_failed"))).then(() => redraw());
  const ask = async (/** @type {Choice} */ { plan, price }, /** @type {string} */ note) => {
    [state.busy, state.failure] = [true, ""];
    redraw();
    try {
      await post("/api/v1/me/orders", { plan: plan.id, price: price?.id ?? null, client_key: `${key}-${plan.id}`.slice(0, 64), note, promotion: state.promotion || null });
      toast(t("billing.asked"), { icon: "check" });
      await load();
    } catch (error) {
      state.failure = sentence(error);
    }
    state.busy = false;
    redraw();
  };
  const pay = async (/** @type {Choice} */ { price }, /** @type {string} */ provider) => {
    [state.busy, state.failure] = [true, ""];
    // Opened by the press itself, or the browser takes it for a pop-up; this page stays where it is.
    const tab = open("about:blank", "_blank");
    redraw();
    try {
      /** @type {{url: string}} */
      const { url } = await post("/api/v1/checkout", { price: price?.id, provider, promotion: state.promotion || null });
      if (tab) tab.location.assign(url);
      else location.assign(url);
    } catch (error) {
      tab?.close();
      state.failure = sentence(error);
    }
    state.busy = false;
    redraw();
  };
  const promote = async (/** @type {Choice | undefined} */ choice) => {
    const code = state.promotion;
    state.promoted = code && choice?.price ? await tryPromotion(code, choice.price.id).then(promotedWords, sentence) : "";
    if (code === state.promotion) redraw();
  };
  void load();
  await openDialog({
    title,
    signal: over.signal,
    body: (open) => {
      redraw = () => over.signal.aborted || open.redraw();
      return sheet(state, text, right, { ask, pay, promote }, redraw);
    },
  });
  over.abort();
  stop?.();
}

/** @param {State} state @param {string} text @param {string} right @param {Acts} acts @param {() => void} redraw */
function sheet(state, text, right, acts, redraw) {
  const { offers } = state;
  const lead = html`<p class="offer-lead">${icon("lock")}<span>${text}</span></p>`;
  const failure = state.failure ? html`<div class="banner" data-tone="danger" role="alert">${icon("circle-alert")}<p>${state.failure}</p></div>` : null;
  if (!offers) return html`${lead}${failure ?? html`<p aria-busy="true">${t("billing.sheet_loading")}</p>`}`;
  const plans = offers.plans.filter((plan) => plan.entitlements[right] === true);
  const asked = offers.waiting.filter((order) => order.provider === "manual" && !order.renews && !order.gift && !order.change && plans.some((plan) => plan.id === order.plan?.id));
  const choices = plans.flatMap((plan) => /** @type {(Price | null)[]} */ (plan.prices.length ? plan.prices : [null]).map((price) => ({ plan, price })));
  return html`${lead}${failure}
    ${asked.length ? html`<ul class="items">${asked.map((order) => html`<li>${icon("clock")}<span class="item-text"><b dir="auto">${order.plan?.name}</b><small>${t("billing.is_asked")} ${cost(order.total, order.every)}</small></span></li>`)}</ul>`
      : choices.length ? choose(choices, state, offers, acts, redraw) : html`<p>${t("billing.sheet_none")}</p>`}
    ${howToPay(offers)}`;
}

/** @param {Money | null} total @param {Price["every"] | null} every */
const cost = (total, every) => (total && every ? `${money(total)} ${t(`billing.every_${every}`)}` : t("billing.price_open"));

/** @param {Choice[]} choices @param {State} state @param {Offers} offers @param {Acts} acts @param {() => void} redraw */
function choose(choices, state, { ways, promotions }, { ask, pay, promote }, redraw) {
  const way = choices[state.choice]?.price ? ways[0] : undefined;
  const send = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const note = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("note"));
    const choice = choices[state.choice];
    if (!choice || state.busy) return;
    if (way && event.submitter?.dataset.way) pay(choice, way);
    else ask(choice, note.value.trim());
  };
  const pick = (/** @type {number} */ n) => () => {
    state.choice = n;
    redraw();
    if (state.promotion) promote(choices[n]);
  };
  const type = (/** @type {InputEvent} */ event) => {
    [state.promotion, state.promoted] = [/** @type {HTMLInputElement} */ (event.target).value.trim(), ""];
    redraw();
  };
  const code = promotions && choices[state.choice]?.price
    ? html`<div class="field"><label for="offer-promotion">${t("billing.promotion")} <small>${t("members.optional")}</small></label><div class="copy-line"><input class="input" id="offer-promotion" maxlength="64" autocomplete="off" autocapitalize="characters" spellcheck="false" dir="ltr" aria-describedby="offer-promotion-help" @input=${type}><button class="button" type="button" @click=${() => promote(choices[state.choice])}>${t("billing.promotion_apply")}</button></div><p class="field-help" id="offer-promotion-help">${t("billing.promotion_help")}</p><p class="field-help" role="status">${state.promoted}</p></div>`
    : null;
  return html`<form class="form" @submit=${send}>
    <fieldset class="field"><legend>${t("billing.sheet_title")}</legend><div class="choices">${choices.map(({ plan, price }, n) => html`<label class="choice"><input type="radio" name="choice" value=${String(n)} .checked=${n === state.choice} @change=${pick(n)}><span class="choice-title"><bdi>${plan.name}</bdi></span><span class="choice-help">${cost(price?.money ?? null, price?.every ?? null)}${plan.description ? html` · <bdi>${plan.description}</bdi>` : null}</span></label>`)}</div></fieldset>
    ${code}
    <div class="field"><label for="offer-note">${t("billing.ask_note")} <small>${t("members.optional")}</small></label><input class="input" id="offer-note" name="note" maxlength="500" dir="auto"></div>
    <div class="buttons">${way ? html`<button class="button" data-kind="primary" type="submit" data-way=${way} aria-busy=${state.busy ? "true" : null}>${icon("sparkles")}${t(`billing.pay_${way}`)}</button>` : null}<button class="button" data-kind=${way ? null : "primary"} type="submit" aria-busy=${state.busy ? "true" : null}>${way ? null : icon("sparkles")}${t("billing.ask")}</button><a class="button" data-kind="quiet" href="/settings/membership">${t("billing.show_page")}</a></div>
  </form>`;
}

/** @param {Offers} offers */
function howToPay({ words, reference }) {
  return html`<div class="pay-how"><h3 class="group-title">${t("billing.how_to_pay")}</h3><p class="pay-words" dir="auto">${words || t("billing.no_words")}</p>
    ${reference ? html`<p>${t("billing.your_reference")} <b dir="ltr">${reference}</b></p>` : null}</div>`;
}
