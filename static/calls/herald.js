/** What calls a person to a call and tells how it goes: tones, the title, a notification of a hidden tab, sentences for screen readers. */

import { memberName } from "../chat/names.js";
import { t } from "../lib/words.js";
import { RingIcon } from "./ring-icon.js";
import { Tones } from "./tones.js";
import { sends } from "./people.js";
import { isBusy, isOn } from "./state.js";
import { reason } from "./view-end.js";

/** @import { CallDesk } from "./desk.js" */
/** @import { CallsState, Current, Ring } from "./types.d.ts" */

const BLINK_MS = 1_000;

export class Herald {
  tones = new Tones();
  #icon = new RingIcon();
  /** The newest sentence for whoever does not see the stage. */
  said = "";
  /** Rings that were silenced here. @type {Set<string>} */
  #silenced = new Set();
  /** @type {Map<string, Notification>} */
  #notices = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #blinking;
  /** @type {string | null} */
  #title = null;

  /** @param {CallDesk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  start() {
    this.desk.store.watch((now, before) => this.#changed(now, before));
    this.#sound();
  }

  /** After every drawing: a name may have become known. */
  drawn() {
    this.#notify();
  }

  /** No sound of this ring any more; it still shows. @param {string} call */
  silence(call) {
    this.#silenced.add(call);
    this.#sound();
  }

  /** @param {string} call */
  isSilenced(call) {
    return this.#silenced.has(call);
  }

  /** @param {CallsState} now @param {CallsState} before */
  #changed(now, before) {
    this.#sound();
    this.#blink();
    this.#notify();
    this.#tell(now.current, before.current);
    const rang = now.rings.find((ring) => !before.rings.includes(ring));
    if (rang) this.said = t(rang.call.video ? "calls.rings_video" : "calls.rings_audio", { name: this.#name(rang) });
  }

  /** @param {Ring} ring */
  #name(ring) {
    return memberName(this.desk.members.of(ring.call.starter));
  }

  #sound() {
    const { rings, current } = this.desk.state;
    const loud = rings.some((ring) => !ring.waiting && !this.#silenced.has(ring.call.id)) && !isBusy(this.desk.state);
    const isOut = current?.phase === "ringing_out" && current.wish.kind !== "room" && current.call !== null;
    this.tones.ring(loud ? "ring_in" : isOut ? "ring_out" : null);
  }

  /** The tab's title says who rings, in turn with what it said before. */
  #blink() {
    const ring = this.desk.state.rings[0];
    void this.#icon.show(ring !== undefined);
    if (!ring === (this.#blinking === undefined)) return;
    clearInterval(this.#blinking);
    this.#blinking = undefined;
    if (ring) {
      this.#title = document.title;
      const say = () => (document.title = document.title === this.#title ? t("calls.title_rings", { name: this.#name(ring) }) : (this.#title ?? ""));
      this.#blinking = setInterval(say, BLINK_MS);
      say();
    } else if (this.#title !== null) document.title = this.#title;
  }

  #notify() {
    const { rings } = this.desk.state;
    for (const [call, notice] of this.#notices) {
      if (rings.some((ring) => ring.call.id === call)) continue;
      notice.close();
      this.#notices.delete(call);
    }
    if (!document.hidden || typeof Notification === "undefined" || Notification.permission !== "granted") return;
    for (const ring of rings) {
      if (this.#notices.has(ring.call.id)) continue;
      const text = t(ring.call.video ? "calls.rings_video" : "calls.rings_audio", { name: this.#name(ring) });
      // One for each call, however many tabs there are.
      const notice = new Notification(text, { tag: `call-${ring.call.id}`, requireInteraction: true });
      notice.onclick = () => window.focus();
      this.#notices.set(ring.call.id, notice);
    }
  }

  /** @param {Current | null} now @param {Current | null} before */
  #tell(now, before) {
    if (!now) return;
    if (now.phase !== before?.phase) this.#tellPhase(now, before);
    if (!isOn(now) || !before || !isOn(before)) return;
    const { me } = this.desk.state;
    const came = Object.keys(now.people).filter((id) => id !== me && !(id in before.people));
    const went = Object.keys(before.people).filter((id) => id !== me && !(id in now.people));
    const name = (/** @type {string} */ id) => memberName(this.desk.members.of(id));
    if (came.length) this.#say("calls.said_joined", came.map(name), "joined");
    if (went.length) this.#say("calls.said_left", went.map(name), "left");
    if (now.held.includes("mic") && !before.held.includes("mic")) this.said = t("calls.said_muted");
    for (const [id, each] of Object.entries(now.people)) {
      const was = before.people[id];
      if (!was || id === me) continue;
      if (each.hand && !was.hand) this.said = t("calls.said_hand", { name: name(id) });
      if (sends(each, "screen") && !sends(was, "screen")) this.said = t("calls.said_share", { name: name(id) });
    }
  }

  /** @param {string} key @param {string[]} names @param {"joined" | "left"} note */
  #say(key, names, note) {
    this.tones.play(note);
    this.said = names.length > 3 ? t("calls.said_many") : names.map((name) => t(key, { name })).join(" ");
  }

  /** @param {Current} now @param {Current | null} before */
  #tellPhase(now, before) {
    if (now.phase === "ended") this.tones.play("ended");
    else if (now.phase === "live" && (!before || !isOn(before))) this.tones.play("joined");
    if (isOn(now)) this.said = t(`calls.said_${now.phase}`);
    else if (now.phase === "ended") this.said = reason(now, this.desk.state.me);
  }
}
