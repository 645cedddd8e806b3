/** Keys that work while a call lasts or rings, wherever the focus is. */

import { isOn } from "./state.js";

/** @import { CallStage } from "./call-stage.js" */
/** @typedef {"mic" | "cam" | "share" | "hand" | "accept" | "decline" | "reach"} Act */

/** What each key does, in the order in which the list of shortcuts shows them. @type {[string, string, Act][]} */
export const KEYS = [
  ["Space", "Ctrl+Shift+Space", "mic"],
  ["KeyE", "Ctrl+Shift+E", "cam"],
  ["KeyS", "Ctrl+Shift+S", "share"],
  ["KeyY", "Ctrl+Shift+Y", "hand"],
  ["KeyA", "Ctrl+Shift+A", "accept"],
  ["KeyD", "Ctrl+Shift+D", "decline"],
  ["Enter", "Ctrl+Shift+Enter", "reach"],
];
/** Whoever holds the key of the microphone longer than this speaks only while they hold it. */
const HELD_MS = 400;

/** @param {Act} act */
export const keysOf = (act) => KEYS.find(([, , each]) => each === act)?.[1] ?? "";

/** The same for assistive technology. @param {Act} act */
export const ariaKeysOf = (act) => keysOf(act).replace("Ctrl", "Control");

export class Shortcuts {
  /** When the key of the microphone went down and turned it on. */
  #spokeAt = 0;

  /** @param {CallStage} stage */
  constructor(stage) {
    this.stage = stage;
  }

  start() {
    document.addEventListener("keydown", (event) => this.#press(event), { capture: true });
    document.addEventListener("keyup", (event) => this.#release(event), { capture: true });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (!(event.ctrlKey || event.metaKey) || !event.shiftKey || event.altKey) return;
    const act = KEYS.find(([code]) => code === event.code)?.[2];
    if (!act || !this.#mayNow(act)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) this.#do(act);
  }

  /** @param {Act} act */
  #mayNow(act) {
    const { current, state } = this.stage.desk;
    if (act === "accept" || act === "decline") return state.rings.length > 0;
    if (act === "reach") return state.rings.length > 0 || current !== null;
    if (!current) return false;
    return isOn(current) || ((act === "mic" || act === "cam") && (current.phase === "ringing_out" || current.phase === "pre_join"));
  }

  /** @param {Act} act */
  #do(act) {
    const { desk } = this.stage;
    const [ring] = desk.state.rings;
    switch (act) {
      case "mic":
        this.#spokeAt = desk.own.isOn("mic") ? 0 : performance.now();
        return this.stage.turn("mic", !desk.own.isOn("mic"));
      case "cam": return this.stage.turn("cam", !desk.own.isOn("cam"));
      case "share": return this.stage.turn("screen", !desk.own.isOn("screen"));
      case "hand": return void desk.hand(!(desk.current?.people[desk.state.me]?.hand ?? false)).catch(() => undefined);
      case "accept": return void (ring && desk.accept(ring.call.id, ring.call.video));
      case "decline": return void (ring && desk.decline(ring.call.id));
      case "reach": return this.stage.reach();
    }
  }

  /** @param {KeyboardEvent} event */
  #release(event) {
    if (event.code !== "Space" || !this.#spokeAt) return;
    const held = performance.now() - this.#spokeAt;
    this.#spokeAt = 0;
    if (held >= HELD_MS) void this.stage.desk.set("mic", false);
  }
}
