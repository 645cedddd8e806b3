/** The emoji picker: recent ones first, found by name, walked by arrows. */

import { roving } from "../lib/focus.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { openFloating } from "../lib/menu.js";
import { t } from "../lib/words.js";
import { all, recent, search, used } from "./emoji.js";

/** @import { Anchor } from "../lib/menu.js" */

/** @param {Anchor} anchor @param {(emoji: string) => void} onPick */
export function pickEmoji(anchor, onPick) {
  let text = "";
  /** @param {string} emoji @param {() => void} close */
  const pick = (emoji, close) => {
    used(emoji);
    close();
    onPick(emoji);
  };
  const offered = () => (text.trim() ? search(text).map((each) => each.emoji) : [...new Set([...recent(16), ...all.map((each) => each.emoji)])]);
  const close = openFloating(anchor, "emoji-picker", t("chat.emoji"), (close) => html`
    <div class="input-group">${icon("search")}<input class="input" type="search" placeholder=${t("chat.find_emoji")} aria-label=${t("chat.find_emoji")} autocomplete="off"
      @input=${(/** @type {Event} */ event) => {
        text = /** @type {HTMLInputElement} */ (event.target).value;
        redraw();
      }}
      @keydown=${(/** @type {KeyboardEvent} */ event) => {
        const [first] = offered();
        if (event.key === "Enter" && first) {
          event.preventDefault();
          pick(first, close);
        } else if (event.key === "ArrowDown") {
          event.preventDefault();
          grid()?.querySelector("button")?.focus();
        }
      }}></div>
    <div class="emoji-grid" role="group" aria-label=${t("chat.emoji")}>${offered().map((emoji) => html`<button type="button" @click=${() => pick(emoji, close)}>${emoji}</button>`)}</div>
    ${offered().length ? null : html`<p class="empty-line" role="status">${t("chat.no_emoji")}</p>`}`);
  const grid = () => /** @type {HTMLElement | null} */ (close.element.querySelector(".emoji-grid"));
  /** Buttons of one line, as the style laid them out. */
  const columns = () => getComputedStyle(/** @type {HTMLElement} */ (grid())).gridTemplateColumns.split(" ").length;
  const rove = () => roving(/** @type {HTMLElement} */ (grid()), "button", { axis: "grid", columns, loop: false });
  const redraw = () => {
    close.redraw();
    rove();
  };
  close.element.setAttribute("role", "dialog");
  rove();
  // A keyboard that rises over half a phone's screen would hide what one came for.
  if (!matchMedia("(pointer: coarse)").matches) close.element.querySelector("input")?.focus();
}
