/** How loud each of those who speak is just now: the ring around their picture follows it. */

import { slotOf } from "./people.js";

/** @import { CallDesk } from "./desk.js" */

const LOOK_MS = 120;
/** The ring of whoever speaks, in pixels: the quietest and the loudest. */
const RING = { least: 2, most: 4 };

/** The width of the ring for a level of 0 to 1, in quarters of a pixel: ears hear decibels, from −50 up. @param {number} level */
export function ringOf(level) {
  const share = level <= 0 ? 0 : Math.min(1, Math.max(0, 1 + (20 * Math.log10(level)) / 50));
  return Math.round((RING.least + share * (RING.most - RING.least)) * 4) / 4;
}

export class Loudness {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {CallDesk} desk @param {HTMLElement} stage */
  constructor(desk, stage) {
    this.desk = desk;
    this.stage = stage;
  }

  /** Looks while somebody speaks, and never where nothing is to move. @param {boolean} isOn */
  follow(isOn) {
    const wanted = isOn && !document.hidden && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (wanted === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = wanted ? setInterval(() => this.#look(), LOOK_MS) : undefined;
  }

  #look() {
    const { current, connection } = this.desk;
    if (!current || !connection) return;
    for (const tile of /** @type {NodeListOf<HTMLElement>} */ (this.stage.querySelectorAll(".tile[data-speaking]"))) {
      const slot = slotOf(current, tile.dataset.member ?? "", "mic");
      if (slot) tile.style.setProperty("--speaking", `${ringOf(connection.loudness(slot.slot))}px`);
    }
  }
}
