/** What I look at, by the visible size of every picture, told to the server as soon as it changes but not faster than it can follow. */

/** Heights that are worth telling apart; between them nothing changes on the screen. */
const STEPS = [90, 180, 360, 720, 1_080];
export const THROTTLE_MS = 250;

/** @typedef {{member: string, source: "cam" | "screen", height: number, onStage: boolean}} Sight `height`: in device pixels, 0 when it is not visible */
/** @typedef {{stage: string[], tiles: Record<string, number>, screen: number, hidden: boolean}} View */

/** The step that covers a height. @param {number} height */
export const stepFor = (height) => (height <= 0 ? 0 : (STEPS.find((step) => step >= height * 0.9) ?? /** @type {number} */ (STEPS.at(-1))));

/** @param {Sight[]} sights @param {boolean} hidden @returns {View} */
export function viewOf(sights, hidden) {
  /** @type {View} */
  const view = { stage: [], tiles: {}, screen: 0, hidden };
  if (hidden) return view;
  for (const { member, source, height, onStage } of sights) {
    const step = stepFor(height);
    if (step === 0) continue;
    if (source === "screen") view.screen = Math.max(view.screen, step);
    else view.tiles[member] = Math.max(view.tiles[member] ?? 0, step);
    if (onStage && !view.stage.includes(member)) view.stage.push(member);
  }
  return view;
}

export class Sights {
  #last = "";
  /** @type {View | null} */
  #next = null;
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {(view: View) => void} tell
   * @param {{after: (run: () => void, ms: number) => unknown, cancel: (timer: any) => void}} [world]
   */
  constructor(tell, world = { after: (run, ms) => setTimeout(run, ms), cancel: (timer) => clearTimeout(timer) }) {
    this.tell = tell;
    this.world = world;
  }

  /** The last one counts. @param {View} view */
  see(view) {
    this.#next = view;
    this.#timer ??= this.world.after(() => this.#flush(), THROTTLE_MS);
  }

  /** Another connection knows nothing of what was told. */
  again() {
    this.#last = "";
    if (this.#next) this.see(this.#next);
  }

  close() {
    this.world.cancel(this.#timer);
    this.#timer = null;
    this.#next = null;
    this.#last = "";
  }

  #flush() {
    this.#timer = null;
    const text = JSON.stringify(this.#next);
    if (!this.#next || text === this.#last) return;
    this.#last = text;
    this.tell(this.#next);
  }
}
