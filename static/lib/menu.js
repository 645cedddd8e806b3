/** Menus on the platform's popover: light dismissal, arrows, type-ahead; a sheet at the foot on a phone (by its style). */

import { roving } from "./focus.js";
import { html, render } from "./html.js";
import { icon } from "./icon.js";

/** @import { View } from "./html.js" */

/**
 * @typedef {object} Item
 * @property {string} label
 * @property {string} [icon]
 * @property {string} [keys] shortcut, shown at the end
 * @property {boolean} [danger]
 * @property {boolean} [checked] makes it one of several choices
 * @property {() => void} run
 */

/** Between items: a line, a title, or any other content. @typedef {{line: true} | {title: string} | {content: (close: () => void) => View}} Between */

/** @typedef {Element | {x: number, y: number}} Anchor */

/**
 * @param {Anchor} anchor the button that opens it, or a point
 * @param {string} label
 * @param {(Item | Between)[]} items
 */
export function openMenu(anchor, label, items) {
  const close = openFloating(anchor, "menu", label, (close) => html`${items.map((item) => draw(item, close))}`);
  const menu = close.element;
  menu.setAttribute("role", "menu");
  roving(menu, "[role^=menuitem]");
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Tab") return;
    // What lies behind an open menu is not where the focus may go unseen: it goes back to what opened the menu.
    event.preventDefault();
    close();
  });
  typeAhead(menu);
  /** @type {HTMLElement | null} */ (menu.querySelector("[aria-checked=true]") ?? menu.querySelector(".menu-item"))?.focus();
}

/** @param {Item | Between} item @param {() => void} close */
function draw(item, close) {
  if ("line" in item) return html`<hr class="menu-line">`;
  if ("title" in item) return html`<p class="menu-title">${item.title}</p>`;
  if ("content" in item) return item.content(close);
  const act = () => {
    close();
    item.run();
  };
  const isChoice = item.checked !== undefined;
  return html`<button class="menu-item" type="button" role=${isChoice ? "menuitemradio" : "menuitem"} aria-checked=${isChoice ? String(item.checked) : null}
    data-tone=${item.danger ? "danger" : null} @click=${act}>${isChoice ? icon("check") : item.icon ? icon(item.icon) : null}<span>${item.label}</span>${item.keys ? html`<kbd>${item.keys}</kbd>` : null}</button>`;
}

/**
 * Opens a floating box beside its anchor. It closes by itself on Escape or a press elsewhere; the focus then goes back.
 * @param {Anchor} anchor @param {string} className @param {string} label
 * @param {(close: () => void) => unknown} content
 * @returns {(() => void) & {element: HTMLElement, redraw: () => void}} closes it
 */
export function openFloating(anchor, className, label, content) {
  const element = document.createElement("div");
  element.className = className;
  // A menu at a point opens while the finger or the button is still down; letting go must not dismiss it, as "auto" would.
  element.popover = anchor instanceof Element ? "auto" : "manual";
  element.setAttribute("aria-label", label);
  const opener = anchor instanceof Element ? anchor : document.activeElement;
  const close = Object.assign(() => element.hidePopover(), { element, redraw: () => render(content(close), element) });
  close.redraw();
  // Inside a modal dialog everything outside of it is inert.
  (opener?.closest("dialog") ?? document.body).append(element);
  const stop = anchor instanceof Element ? () => undefined : dismissLightly(element);
  element.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    stop();
    if (anchor instanceof Element) anchor.setAttribute("aria-expanded", "false");
    const hadFocus = element.contains(document.activeElement) || document.activeElement === document.body;
    element.remove();
    if (hadFocus && opener instanceof HTMLElement) opener.focus();
  });
  element.showPopover();
  if (anchor instanceof Element) anchor.setAttribute("aria-expanded", "true");
  placeBeside(element, anchor);
  return close;
}

/** Closes on Escape and on a press elsewhere. @param {HTMLElement} element @returns {() => void} stops listening */
function dismissLightly(element) {
  const ending = new AbortController();
  const options = { capture: true, signal: ending.signal };
  document.addEventListener("pointerdown", (event) => element.contains(/** @type {Node} */ (event.target)) || element.hidePopover(), options);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    element.hidePopover();
  }, options);
  return () => ending.abort();
}

const GAP = 4;
const EDGE = 8;

/** Below its anchor when there is room, else above; kept inside the window. @param {HTMLElement} element @param {Anchor} anchor */
function placeBeside(element, anchor) {
  const box = element.getBoundingClientRect();
  const at = anchor instanceof Element ? anchor.getBoundingClientRect() : new DOMRect(anchor.x, anchor.y, 0, 0);
  const isRtl = getComputedStyle(element).direction === "rtl";
  const under = at.bottom + GAP;
  const top = under + box.height + EDGE <= innerHeight ? under : Math.max(EDGE, at.top - GAP - box.height);
  // The menu's end edge meets its button's; a point has the menu at its end side.
  const wanted = anchor instanceof Element ? (isRtl ? at.left : at.right - box.width) : isRtl ? at.left - box.width : at.left;
  const left = Math.min(Math.max(EDGE, wanted), innerWidth - box.width - EDGE);
  element.style.setProperty("position", "fixed");
  element.style.setProperty("inset", `${top}px auto auto ${left}px`);
  element.style.setProperty("margin", "0");
}

/** @param {HTMLElement} menu */
function typeAhead(menu) {
  let typed = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  menu.addEventListener("keydown", (event) => {
    if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
    clearTimeout(timer);
    timer = setTimeout(() => (typed = ""), 700);
    typed += event.key.toLowerCase();
    const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("[role^=menuitem]")]);
    items.find((item) => item.textContent?.trim().toLowerCase().startsWith(typed))?.focus();
  });
}
