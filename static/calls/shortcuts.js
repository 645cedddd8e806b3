/** Keys that work while a call lasts, wherever the focus is. */

import { isOn } from "./state.js";

/** @import { CallStage } from "./call-stage.js" */

/** What each key does, in the order in which the list of shortcuts shows them. @type {[string, string, "mic" | "cam" | "share" | "hand"][]} */
export const KEYS = [
  ["Space", "Ctrl+Shift+Space", "mic"],
  ["KeyE", "Ctrl+Shift+E", "cam"],
  ["KeyS", "Ctrl+Shift+S", "share"],
  ["KeyY", "Ctrl+Shift+Y", "hand"],
];

/** @param {"mic" | "cam" | "share" | "hand"} act */
export const keysOf = (act) => KEYS.find(([, , each]) => each === act)?.[1] ?? "";

export class Shortcuts {
  /** @param {CallStage} stage */
  constructor(stage) {
    this.stage = stage;
  }

  start() {
    document.addEventListener("keydown", (event) => this.#press(event), { capture: true });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { desk } = this.stage;
    const { current } = desk;
    if (!current || !(isOn(current) || current.phase === "ringing_out" || current.phase === "pre_join")) return;
    if (!(event.ctrlKey || event.metaKey) || !event.shiftKey || event.altKey) return;
    const act = KEYS.find(([code]) => code === event.code)?.[2];
    if (!act || ((act === "share" || act === "hand") && !isOn(current))) return;
    event.preventDefault();
    event.stopPropagation();
    if (act === "mic" || act === "cam") void desk.set(act, !desk.own.isOn(act));
    else if (act === "share") void desk.set("screen", !desk.own.isOn("screen"));
    else void desk.hand(!(current.people[desk.state.me]?.hand ?? false)).catch(() => undefined);
  }
}
