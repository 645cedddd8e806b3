/** `<call-check>`: whether calls work here, from this browser: microphone, camera, the way to the server, one's own voice back, in words. */

import { sentence } from "../lib/errors.js";
import { html, keyed, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { number, t } from "../lib/words.js";
import { echoSaid, echoSound, routeEcho } from "./call-echo.js";
import { Echo } from "./check-echo.js";
import { gradeOf } from "./check-verdict.js";
import { deviceFields, readDevices } from "./device-fields.js";
import { Level } from "./level.js";
import { OwnMedia } from "./own-media.js";
import { picture } from "./view-tile.js";

/**
 * One line of what was found.
 * @typedef {object} Step
 * @property {"microphone" | "camera" | "line" | "way" | "voice" | "quality"} name
 * @property {"waits" | "goes" | "works" | "warns" | "fails"} state
 * @property {string} text
 */

const SIGNS = { waits: "clock", goes: "loader-circle", works: "circle-check", warns: "triangle-alert", fails: "circle-alert" };
/** A WebSocket opens within this, or it does not. */
const LINE_WITHIN_MS = 6_000;
/** What comes back louder than this is heard. */
const HEARD = 0.05;

class CallCheck extends HTMLElement {
  #own = new OwnMedia(() => undefined);
  #echo = new Echo();
  /** @type {"idle" | "goes" | "works" | "fails"} */
  #line = "idle";
  #isRunning = false;
  #isHeard = false;
  /** @type {Level | null} */
  #mine = null;
  /** @type {Level | null} */
  #back = null;
  /** @type {MediaStreamTrack | null} */
  #metered = null;
  #frame = 0;

  connectedCallback() {
    this.#own.store.watch(() => this.#changed());
    this.#echo.store.watch(() => this.#changed());
    addEventListener("pagehide", () => this.#stop());
    this.#draw();
  }

  disconnectedCallback() {
    this.#stop();
  }

  async #start() {
    this.#stop();
    this.#isRunning = true;
    this.#isHeard = false;
    this.#line = "goes";
    this.#draw();
    const line = this.#tryLine();
    await this.#own.open({ mic: true, cam: true });
    this.#line = (await line) ? "works" : "fails";
    if (!this.#isRunning) return;
    const { mic } = this.#own.own;
    if (mic) await this.#echo.start(mic);
    this.#changed();
  }

  #stop() {
    this.#isRunning = false;
    cancelAnimationFrame(this.#frame);
    this.#echo.stop();
    this.#own.close();
    this.#meters(null, null);
    this.#draw();
  }

  /** Whether the live connection can be opened: calls ring through it. @returns {Promise<boolean>} */
  #tryLine() {
    return new Promise((resolve) => {
      const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
      const done = (/** @type {boolean} */ isOpen) => {
        clearTimeout(late);
        socket.onopen = socket.onerror = socket.onclose = null;
        socket.close();
        resolve(isOpen);
      };
      const late = setTimeout(() => done(false), LINE_WITHIN_MS);
      socket.onopen = () => done(true);
      socket.onerror = socket.onclose = () => done(false);
    });
  }

  #changed() {
    const { mic } = this.#own.own;
    if (this.#isRunning) {
      if (mic && this.#echo.isOn) void this.#echo.send(mic);
      this.#meters(mic, this.#echo.state.stream);
    }
    this.#draw();
  }

  /** @param {MediaStreamTrack | null} mic @param {MediaStream | null} back */
  #meters(mic, back) {
    if (mic !== this.#metered) {
      this.#mine?.close();
      this.#mine = mic ? new Level(mic) : null;
      this.#metered = mic;
    }
    const [track] = back?.getAudioTracks() ?? [];
    if (!track) {
      this.#back?.close();
      this.#back = null;
    } else this.#back ??= new Level(track);
    cancelAnimationFrame(this.#frame);
    if (mic || track) this.#frame = requestAnimationFrame(() => this.#measure());
  }

  #measure() {
    const put = (/** @type {string} */ name, /** @type {Level | null} */ level) => {
      const meter = /** @type {HTMLMeterElement | null} */ (this.querySelector(`meter[data-of=${name}]`));
      const value = level?.now() ?? 0;
      if (meter) meter.value = value;
      return value;
    };
    put("mine", this.#mine);
    if (put("back", this.#back) > HEARD && !this.#isHeard) {
      this.#isHeard = true;
      this.#draw();
    }
    this.#frame = requestAnimationFrame(() => this.#measure());
  }

  /** @returns {Step[]} */
  #steps() {
    const { own } = this.#own;
    const { state } = this.#echo;
    const device = (/** @type {"mic" | "cam"} */ kind, /** @type {Step["name"]} */ name) => {
      const obstacle = own[`${kind}Obstacle`];
      if (obstacle) return this.#step(name, kind === "cam" ? "warns" : "fails", t(`calls.${kind}_${obstacle}`));
      if (own[kind]) return this.#step(name, "works", t(`calls.check_${name}_works`));
      return this.#step(name, own.isOpening ? "goes" : "waits", t(`calls.check_${name}`));
    };
    const said = { idle: "calls.check_line", goes: "calls.echo_connecting", works: "calls.check_line_works", fails: "calls.check_line_fails" };
    const line = this.#step("line", this.#line === "idle" ? "waits" : this.#line, t(said[this.#line]));
    return [device("mic", "microphone"), device("cam", "camera"), line, this.#way(state), this.#voice(state), this.#quality(state)];
  }

  /** @param {Step["name"]} name @param {Step["state"]} state @param {string} text @returns {Step} */
  #step(name, state, text) {
    return { name, state, text };
  }

  /** @param {import("./check-echo.js").EchoState} state */
  #way({ phase, hop, error, back, figures }) {
    if (error) return this.#step("way", "fails", sentence(error));
    if (hop === "no_ice" || hop === "no_dtls") return this.#step("way", "fails", echoSaid(this.#echo.state));
    if (phase === "open" || hop || back > 0) return this.#step("way", "works", t(figures?.route === "tcp" ? "calls.check_way_tcp" : "calls.check_way_works"));
    return phase === "connecting" ? this.#step("way", "goes", t("calls.echo_connecting")) : this.#step("way", "waits", t("calls.check_way"));
  }

  /** @param {import("./check-echo.js").EchoState} state */
  #voice({ phase, hop, back }) {
    if (hop === "no_way_up" || hop === "no_way_back") return this.#step("voice", "fails", echoSaid(this.#echo.state));
    if (this.#isHeard) return this.#step("voice", "works", t("calls.check_voice_works"));
    if (phase === "open" && back > 0) return this.#step("voice", this.#mine?.isDead ? "warns" : "goes", t(this.#mine?.isDead ? "calls.mic_dead" : "calls.check_voice_speak"));
    return this.#step("voice", "waits", t("calls.check_voice"));
  }

  /** @param {import("./check-echo.js").EchoState} state */
  #quality({ figures, phase }) {
    if (!figures) return this.#step("quality", phase === "open" ? "goes" : "waits", t("calls.check_quality"));
    const grade = gradeOf(figures);
    const facts = { ms: number(figures.rtt ?? 0), loss: number(Math.round(figures.loss * 1_000) / 10) };
    return this.#step("quality", grade === "good" ? "works" : "warns", `${t(`calls.check_quality_${grade}`)} ${t("calls.check_figures", facts)}`);
  }

  /** All in one sentence. @param {Step[]} steps */
  #verdict(steps) {
    if (steps.some(({ state }) => state === "fails")) return t("calls.check_fails");
    const needed = steps.filter(({ name }) => name !== "camera");
    if (needed.every(({ state }) => state === "works")) return t("calls.check_all_works");
    return this.#isRunning ? t("calls.check_goes") : "";
  }

  #draw() {
    const { own } = this.#own;
    const steps = this.#steps();
    const begun = this.#isRunning || this.#echo.state.phase !== "idle";
    const redraw = () => this.#draw();
    const stage = { desk: { own: this.#own }, routeSound: () => routeEcho(this) };
    if (begun) readDevices(redraw);
    const again = (/** @type {Step} */ { name, state }) => {
      if (state !== "fails" && state !== "warns") return null;
      const kind = name === "microphone" ? "mic" : name === "camera" ? "cam" : null;
      const press = kind === "mic" ? () => void this.#start() : () => void this.#own.setCam(true, false);
      return kind && own[`${kind}Obstacle`] ? html`<span class="item-acts"><button class="button" data-size="small" type="button" @click=${press}>${t("calls.try_again")}</button></span>` : null;
    };
    render(html`<p class="buttons"><button class="button" data-kind="primary" type="button" @click=${() => (this.#isRunning ? this.#stop() : void this.#start())}>${icon(this.#isRunning ? "x" : "headphones")}${t(this.#isRunning ? "calls.check_stop" : "calls.check_start")}</button></p>
      <p class="check-verdict" role="status">${this.#verdict(steps)}</p>
      <ol class="items check-steps">${keyed(steps, ({ name }) => name, (step) => html`<li data-step=${step.name} data-state=${step.state}>${icon(SIGNS[step.state])}<span class="item-text"><b>${t(`calls.check_name_${step.name}`)}</b><small>${step.text}</small>${this.#meter(step)}</span>${again(step)}</li>`)}</ol>
      ${begun ? html`<div class="check-devices">${own.cam ? html`<div class="check-self">${picture(own.cam, true)}</div>` : null}<div class="form">${deviceFields(stage, { hasCamera: own.cam !== null, redraw })}</div></div>` : null}
      ${echoSound(this.#echo.state.stream)}`, this);
    routeEcho(this);
  }

  /** @param {Step} step */
  #meter({ name }) {
    if (name === "microphone") return html`<meter class="look-meter" data-of="mine" min="0" max="1" low="0.15" value="0" aria-label=${t("calls.level")}></meter>`;
    if (name === "voice") return html`<meter class="look-meter" data-of="back" min="0" max="1" low="0.15" value="0" aria-label=${t("calls.check_level_back")}></meter>`;
    return null;
  }
}

customElements.define("call-check", CallCheck);
