/** What I send: my microphone, camera and screen, each on, off, or kept from me by something that has a name. */

import { Store } from "../lib/store.js";
import { chosen, choose, obstacleOf, onDevices, openDevice, openScreen } from "./devices.js";

/** @import { Obstacle } from "./devices.js" */
/** @import { Source } from "./types.d.ts" */

/**
 * @typedef {object} Own
 * @property {MediaStreamTrack | null} mic kept while muted, so that speaking again needs no device
 * @property {MediaStreamTrack | null} cam
 * @property {MediaStreamTrack | null} screen
 * @property {MediaStreamTrack | null} screen_audio
 * @property {boolean} micOn
 * @property {Obstacle | null} micObstacle
 * @property {Obstacle | null} camObstacle
 * @property {boolean} isOpening
 */

/** @type {Own} */
const NOTHING = { mic: null, cam: null, screen: null, screen_audio: null, micOn: false, micObstacle: null, camObstacle: null, isOpening: false };

export class OwnMedia {
  /** @type {Store<Own, Partial<Own>>} */
  store = new Store({ ...NOTHING }, (own, change) => ({ ...own, ...change }));
  #forget = () => undefined;
  /** Counts what was asked of each, so that a slow answer does not undo a later wish. */
  #asked = { mic: 0, cam: 0 };

  /** @param {(source: Source, isOn: boolean) => void} changed told of every change of what is sent */
  constructor(changed) {
    this.changed = changed;
  }

  get own() {
    return this.store.state;
  }

  /** @param {Source} source */
  isOn(source) {
    return source === "mic" ? this.own.mic !== null && this.own.micOn : this.own[source] !== null;
  }

  /** Opens what a call begins with. @param {{mic: boolean, cam: boolean}} wanted */
  async open({ mic, cam }) {
    this.#forget();
    this.#forget = /** @type {() => undefined} */ (onDevices(() => void this.#mend()));
    this.store.dispatch({ isOpening: true });
    await Promise.all([this.setMic(mic, false), cam ? this.setCam(true, false) : undefined]);
    this.store.dispatch({ isOpening: false });
  }

  /** @param {boolean} isOn @param {boolean} [remembers] */
  async setMic(isOn, remembers = true) {
    if (remembers) choose({ micOn: isOn });
    if (isOn && !this.own.mic) await this.#take("mic");
    const { mic } = this.own;
    if (mic) mic.enabled = isOn;
    this.store.dispatch({ micOn: isOn && mic !== null });
    this.changed("mic", this.isOn("mic"));
  }

  /** A camera that is off is let go, so that its light goes out. @param {boolean} isOn @param {boolean} [remembers] */
  async setCam(isOn, remembers = true) {
    if (remembers) choose({ camOn: isOn });
    if (isOn) await this.#take("cam");
    else this.#drop("cam");
  }

  /** Another microphone or camera, while the call goes on. @param {"mic" | "cam"} kind @param {string} id */
  async switchTo(kind, id) {
    choose({ [kind]: id });
    const wasOn = this.isOn(kind);
    if (kind === "cam" && !wasOn) return;
    this.own[kind]?.stop();
    this.store.dispatch({ [kind]: null });
    if (kind === "cam") await this.#take("cam");
    else await this.setMic(wasOn, false);
  }

  /** Shares a screen, or ends that. @param {boolean} isOn @returns {Promise<boolean>} whether it is shared now */
  async share(isOn) {
    if (!isOn) {
      this.#drop("screen_audio");
      this.#drop("screen");
      return false;
    }
    const found = await openScreen();
    if (!found) return false;
    // The browser has its own button for ending a share.
    found.screen.onended = () => void this.share(false);
    this.store.dispatch({ screen: found.screen, screen_audio: found.sound });
    this.changed("screen", true);
    if (found.sound) this.changed("screen_audio", true);
    return true;
  }

  /** Lets go of everything. */
  close() {
    this.#asked = { mic: this.#asked.mic + 1, cam: this.#asked.cam + 1 };
    this.#forget();
    for (const source of /** @type {const} */ (["mic", "cam", "screen", "screen_audio"])) this.own[source]?.stop();
    this.store.dispatch({ ...NOTHING });
  }

  /** @param {"mic" | "cam"} kind */
  async #take(kind) {
    const asked = ++this.#asked[kind];
    const obstacle = kind === "mic" ? "micObstacle" : "camObstacle";
    try {
      const track = await openDevice(kind);
      if (this.own[kind] || asked !== this.#asked[kind]) return track.stop();
      // Unplugged, or taken away by the system: another one takes its place.
      track.onended = () => void this.#lost(kind, track);
      this.store.dispatch({ [kind]: track, [obstacle]: null });
      if (kind === "cam") this.changed("cam", true);
    } catch (error) {
      this.store.dispatch({ [kind]: null, [obstacle]: obstacleOf(error) });
      if (kind === "cam") this.changed("cam", false);
    }
  }

  /** @param {"cam" | "screen" | "screen_audio"} source */
  #drop(source) {
    if (source === "cam") this.#asked.cam += 1;
    const track = this.own[source];
    if (!track) return;
    track.onended = null;
    track.stop();
    this.store.dispatch({ [source]: null });
    this.changed(source, false);
  }

  /** @param {"mic" | "cam"} kind @param {MediaStreamTrack} track */
  async #lost(kind, track) {
    if (this.own[kind] !== track) return;
    const wasOn = this.isOn(kind);
    this.store.dispatch({ [kind]: null });
    if (kind === "mic") await this.setMic(wasOn, false);
    else await this.#take("cam");
  }

  /** A device was plugged in: what was missing may be there now. */
  async #mend() {
    if (this.own.micObstacle === "missing") await this.setMic(chosen().micOn, false);
  }
}
