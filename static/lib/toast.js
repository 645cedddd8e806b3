/** One short sentence at the foot of the page, for six seconds, with at most one act. */

import { html, render } from "./html.js";
import { icon } from "./icon.js";
import { t } from "./words.js";

const SHOWN_MS = 6_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * A new toast takes the place of the one before it. It stays while the pointer or the focus is on it.
 * @param {string} text
 * @param {{icon?: string, act?: {label: string, run: () => void}}} [options]
 */
export function toast(text, options = {}) {
  const place = document.getElementById("toasts");
  if (!place) return;
  const { act } = options;
  const hide = () => render(null, place);
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, SHOWN_MS);
  };
  // Emptied first, so that the same sentence twice is also said twice.
  hide();
  render(html`<div class="toast" @mouseenter=${() => clearTimeout(timer)} @mouseleave=${wait} @focusin=${() => clearTimeout(timer)} @focusout=${wait}>
    ${options.icon ? icon(options.icon) : null}<span>${text}</span>
    ${act ? html`<button type="button" @click=${() => (hide(), act.run())}>${act.label}</button>` : null}
    <button class="icon-button" type="button" aria-label=${t("shell.close")} @click=${hide}>${icon("x")}</button>
  </div>`, place);
  wait();
}

const NEXT = "rialto-toast";

/** Says it on the page that is loaded next: this one is about to go. @param {string} text */
export const toastOnNextPage = (text) => sessionStorage.setItem(NEXT, text);

/** Says what the page before this one left to say. */
export function toastFromLastPage() {
  const text = sessionStorage.getItem(NEXT);
  sessionStorage.removeItem(NEXT);
  if (text) toast(text, { icon: "check" });
}
