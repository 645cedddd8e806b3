/** Shows a long list through a window: few rows exist at a time, and what one reads stays where it is whatever comes, goes or grows. */

import { html, keyed, render } from "../lib/html.js";

/** Rows are drawn this far beyond what is seen. */
const BEYOND = 800;
/** This close to the end counts as being there. */
const AT_END = 48;

/** What stays in its place over a drawing: the end, or a row at a distance from the upper edge. @typedef {"end" | {key: string, offset: number}} Anchor */

/**
 * @template {{key: string}} R
 */
export class ScrollKeeper {
  /** @type {R[]} */
  rows = [];
  isAtEnd = true;
  /** @type {Anchor | null} where the next drawing shall lead, whatever is seen now */
  #goal = null;
  #from = 0;
  #to = 0;
  #width = 0;
  /** `scrollTop` as the last drawing left it. */
  #top = 0;
  /** @type {Set<Element>} */
  #observed = new Set();
  #isDue = false;
  #ending = new AbortController();

  /**
   * @param {HTMLElement} scroller @param {HTMLElement} feed the only child of `scroller` that grows
   * @param {{draw: (row: R) => unknown, guess: (row: R) => number, onScroll: () => void}} owner
   */
  constructor(scroller, feed, owner) {
    this.scroller = scroller;
    this.feed = feed;
    this.owner = owner;
    this.heights = new Heights(owner.guess);
    // Sizes are answered in the next frame: drawing inside the observer would make it loop.
    this.observer = new ResizeObserver(() => this.#later());
    this.observer.observe(scroller);
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true, signal: this.#ending.signal });
  }

  stop() {
    this.observer.disconnect();
    // A scroll that the browser has not told yet would draw rows of a room that is left.
    this.#ending.abort();
  }

  /** @param {R[]} rows */
  show(rows) {
    this.rows = rows;
    this.draw();
  }

  /** Begins anew at the end: another list. */
  reset() {
    this.#goal = "end";
    this.isAtEnd = true;
  }

  toEnd() {
    this.#goal = "end";
    this.draw();
  }

  /** Brings a row into view. @param {string} key @param {number} [part] where in the window its top shall stand, from 0 to 1 */
  toRow(key, part = 0.3) {
    this.#goal = { key, offset: this.scroller.clientHeight * part };
    this.draw();
  }

  /** Keeps what is seen where it is, with a row to hold on to. @returns {Anchor} */
  #anchor() {
    if (this.#goal && (this.#goal === "end" || this.heights.indexOf(this.#goal.key) >= 0 || this.rows.some((row) => row.key === /** @type {any} */ (this.#goal).key))) return this.#goal;
    // The reader may have scrolled a moment ago, before the browser has said so.
    if (Math.abs(this.scroller.scrollTop - this.#top) > 1) this.isAtEnd = this.#isNearEnd;
    if (this.isAtEnd) return "end";
    // The heights still know the rows of the last drawing: that is what stands on the screen.
    const y = this.#y;
    const index = this.heights.at(y);
    const left = this.rows === this.#last ? null : new Set(this.rows.map((row) => row.key));
    // A row that is gone cannot be held; the nearest one below that is still there can.
    for (let at = index; at < this.#to; at += 1) {
      const key = this.#last[at]?.key;
      if (key && (left === null || left.has(key))) return { key, offset: this.heights.top(at) - y };
    }
    return { key: "", offset: 0 };
  }

  /** @type {R[]} the rows of the last drawing */
  #last = [];

  /** The upper edge of the window, in the list's own measure. */
  get #y() {
    return this.scroller.scrollTop - this.#base;
  }

  get #base() {
    return this.feed.offsetTop - this.scroller.offsetTop;
  }

  /** The rows that can be seen. @returns {R[]} */
  get visible() {
    const { from, to } = this.heights.within(Math.max(0, this.#y), this.#y + this.scroller.clientHeight);
    return this.rows.slice(from, to);
  }

  draw() {
    const { scroller, heights } = this;
    const anchor = this.#anchor();
    if (scroller.clientWidth !== this.#width) {
      if (this.#width) heights.forget();
      this.#margins.clear();
      this.#width = scroller.clientWidth;
    }
    heights.set(this.rows);
    // What is drawn is measured, and may show that more, less or other rows are in sight: seldom more than twice.
    for (let pass = 0; pass < 4; pass += 1) {
      const y = this.#wanted(anchor);
      const { from, to } = heights.within(y - BEYOND, y + scroller.clientHeight + BEYOND);
      const isSame = pass > 0 && from >= this.#from && to <= this.#to;
      if (!isSame) this.#render(from, to);
      const isChanged = this.#measure();
      if (isChanged) this.#space();
      const target = this.#base + this.#wanted(anchor);
      if (Math.abs(scroller.scrollTop - target) >= 1) scroller.scrollTop = target;
      if (isSame && !isChanged) break;
    }
    this.#last = this.rows;
    this.#goal = null;
    this.#top = scroller.scrollTop;
    this.isAtEnd = this.#isNearEnd;
  }

  /** @param {Anchor} anchor @returns {number} the upper edge that keeps the anchor in its place */
  #wanted(anchor) {
    const last = Math.max(0, this.heights.total - this.scroller.clientHeight + this.#around);
    if (anchor === "end") return last;
    const index = this.heights.indexOf(anchor.key);
    if (index < 0) return Math.min(Math.max(0, this.#y), last);
    return Math.min(Math.max(-this.#base, this.heights.top(index) - anchor.offset), last);
  }

  /** What of the scroller is not the list: its padding. */
  get #around() {
    const style = getComputedStyle(this.scroller);
    return parseFloat(style.paddingBlockEnd) || 0;
  }

  /** @param {number} from @param {number} to */
  #render(from, to) {
    const rows = this.rows.slice(from, to);
    const focused = this.feed.contains(document.activeElement) ? document.activeElement?.closest("[data-key]") : null;
    // A focus that scrolls out of existence would fall to the page; the list itself catches it.
    if (focused && !rows.some((row) => row.key === focused.getAttribute("data-key"))) this.scroller.focus({ preventScroll: true });
    [this.#from, this.#to] = [from, to];
    render(html`<div class="timeline-space"></div>${keyed(rows, (row) => row.key, this.owner.draw)}<div class="timeline-space"></div>`, this.feed);
    this.#space();
    const now = new Set(this.feed.querySelectorAll(":scope > [data-key]"));
    for (const element of this.#observed) if (!now.has(element)) this.observer.unobserve(element);
    for (const element of now) if (!this.#observed.has(element)) this.observer.observe(element);
    this.#observed = now;
  }

  /** Gives what is not drawn its room. */
  #space() {
    const spaces = /** @type {NodeListOf<HTMLElement>} */ (this.feed.querySelectorAll(":scope > .timeline-space"));
    spaces[0]?.style.setProperty("block-size", `${this.heights.top(this.#from)}px`);
    spaces[1]?.style.setProperty("block-size", `${this.heights.total - this.heights.top(this.#to)}px`);
  }

  /** A row reaches from its own margin to the next one's. @returns {boolean} whether any has another height than was known */
  #measure() {
    let isChanged = false;
    let row = this.feed.lastElementChild;
    let end = row?.getBoundingClientRect().top ?? 0;
    while ((row = row?.previousElementSibling ?? null)) {
      const key = row.getAttribute("data-key");
      if (key === null) break;
      const start = row.getBoundingClientRect().top - this.#marginOf(row);
      isChanged = this.heights.measure(key, end - start) || isChanged;
      end = start;
    }
    return isChanged;
  }

  /** Space over a kind of row, which its style gives. @type {Map<string, number>} */
  #margins = new Map();

  /** @param {Element} row */
  #marginOf(row) {
    const kind = row.classList[0] ?? "";
    const known = this.#margins.get(kind);
    if (known !== undefined) return known;
    const margin = parseFloat(getComputedStyle(row).marginBlockStart) || 0;
    this.#margins.set(kind, margin);
    return margin;
  }

  get #isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < AT_END;
  }

  #scrolled() {
    this.isAtEnd = this.#isNearEnd;
    const y = this.#y;
    const { from, to } = this.heights.within(y - BEYOND / 2, y + this.scroller.clientHeight + BEYOND / 2);
    if (from < this.#from || to > this.#to) this.draw();
    this.owner.onScroll();
  }

  #later() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      if (!this.scroller.isConnected) return;
      if (this.scroller.clientWidth !== this.#width || this.#measure() || this.isAtEnd) this.draw();
    });
  }
}

/**
 * Where each row of a long list stands: measured heights where there are any, guesses elsewhere. Pure.
 * @template {{key: string}} R
 */
export class Heights {
  /** @type {Map<string, number>} */
  #known = new Map();
  /** @type {Map<string, number>} */
  #guessed = new Map();
  /** `tops[i]` is the top of row i; one more at the end is the whole height. @type {number[]} */
  #tops = [0];
  /** Tops from this row on are to be added up again. */
  #stale = 0;
  /** @type {R[]} */
  #rows = [];
  /** @type {Map<string, number>} */
  #places = new Map();

  /** @param {(row: R) => number} guess */
  constructor(guess) {
    this.guess = guess;
  }

  /** @param {R[]} rows */
  set(rows) {
    if (rows === this.#rows) return;
    this.#rows = rows;
    this.#places = new Map(rows.map((row, index) => [row.key, index]));
    this.#stale = 0;
  }

  /** @param {string} key @param {number} height @returns {boolean} whether it is another one than was known */
  measure(key, height) {
    if (Math.abs((this.#known.get(key) ?? -1) - height) < 0.5) return false;
    this.#known.set(key, height);
    this.#stale = Math.min(this.#stale, this.#places.get(key) ?? Infinity);
    return true;
  }

  /** Drops every measure: the list became wider or narrower. */
  forget() {
    this.#known.clear();
    this.#stale = 0;
  }

  /** @param {R} row */
  #heightOf(row) {
    const known = this.#known.get(row.key) ?? this.#guessed.get(row.key);
    if (known !== undefined) return known;
    const guessed = this.guess(row);
    this.#guessed.set(row.key, guessed);
    return guessed;
  }

  #addUp() {
    const from = Math.min(this.#stale, this.#rows.length);
    this.#stale = Infinity;
    let top = from === 0 ? 0 : this.#tops[from] ?? 0;
    this.#tops.length = from + 1;
    this.#tops[from] = top;
    for (let index = from; index < this.#rows.length; index += 1) this.#tops.push((top += this.#heightOf(/** @type {R} */ (this.#rows[index]))));
  }

  /** @returns {number[]} */
  get #all() {
    if (this.#stale <= this.#rows.length) this.#addUp();
    return this.#tops;
  }

  get total() {
    return this.#all.at(-1) ?? 0;
  }

  /** @param {number} index */
  top(index) {
    const tops = this.#all;
    return tops[Math.min(Math.max(0, index), tops.length - 1)] ?? 0;
  }

  /** @param {string} key @returns {number} -1 when there is no such row */
  indexOf(key) {
    return this.#places.get(key) ?? -1;
  }

  /** The row at this height. @param {number} y */
  at(y) {
    const tops = this.#all;
    let low = 0;
    let high = Math.max(0, this.#rows.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((tops[middle] ?? 0) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The rows that touch this part of the list. @param {number} top @param {number} bottom @returns {{from: number, to: number}} `to` is beyond the last */
  within(top, bottom) {
    if (!this.#rows.length) return { from: 0, to: 0 };
    return { from: this.at(top), to: this.at(bottom) + 1 };
  }
}
