/** `<promotion-field>`: a promotion code is tried before anything is paid, and what it makes of the chosen price is said beside it. */

import { post } from "../lib/api.js";
import { sentence } from "../lib/errors.js";
import { money, t } from "../lib/words.js";

/** @typedef {{amount: number, currency: string, exponent: number}} Money */
/** What a code makes of a price. @typedef {{code: string, total: Money, full: Money, every: "once" | "month" | "year", payments: number | null}} Promoted */

/** In words. @param {Promoted} promoted */
export function promotedWords({ code, total, full, every, payments }) {
  const values = { code, total: money(total), full: money(full) };
  if (every === "once") return t("billing.promotion_once", values);
  return payments === null ? t("billing.promotion_ever", values) : t("billing.promotion_first", { ...values, count: payments });
}

/** Asks what a code makes of a price. @param {string} code @param {string} price @param {boolean} [gift] */
export const tryPromotion = (code, price, gift = false) => /** @type {Promise<Promoted>} */ (post("/api/v1/me/promotions/check", { code, price, gift }));

class PromotionField extends HTMLElement {
  connectedCallback() {
    this.querySelector("button")?.addEventListener("click", () => void this.#try());
    this.querySelector("input")?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !this.querySelector("input")?.value.trim()) return;
      event.preventDefault();
      void this.#try();
    });
    // Another price may come to something else.
    this.closest("form")?.addEventListener("change", (event) => {
      if (/** @type {HTMLInputElement} */ (event.target).name === "price" && this.querySelector("input")?.value.trim()) void this.#try();
    });
  }

  async #try() {
    const form = this.closest("form");
    const [code, said] = [this.querySelector("input")?.value.trim() ?? "", this.querySelector("[data-said]")];
    const price = form ? String(new FormData(form).get("price") ?? "") : "";
    if (!code || !said) return;
    said.textContent = await tryPromotion(code, price).then(promotedWords, sentence);
  }
}

customElements.define("promotion-field", PromotionField);
