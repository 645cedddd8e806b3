/** `<call-echo>`: a button that lets me hear myself back from the media server, as the others will; it ends with the page's interest in it. */

import { sentence } from "../lib/errors.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { Echo } from "./check-echo.js";
import { chosen } from "./devices.js";

/** What is said in each phase. @param {import("./check-echo.js").EchoState} state */
export function echoSaid({ phase, hop, error, back }) {
  if (error) return sentence(error);
  if (hop) return `${t(`calls.check_${hop}`)} ${t(`calls.check_${hop}_do`)}`;
  if (phase === "open") return t(back > 0 ? "calls.echo_on" : "calls.echo_waits");
  if (phase === "connecting") return t("calls.echo_connecting");
  return phase === "over" ? t("calls.echo_over") : "";
}

/** What comes back, through the speaker that was chosen. @param {MediaStream | null} stream */
export const echoSound = (stream) => (stream ? html`<audio autoplay .srcObject=${stream}></audio>` : null);

/** @param {Element} root */
export function routeEcho(root) {
  const audio = /** @type {any} */ (root.querySelector("audio"));
  const { speaker } = chosen();
  if (audio?.setSinkId && audio.sinkId !== speaker) audio.setSinkId(speaker).catch(() => undefined);
}

class CallEcho extends HTMLElement {
  #echo = new Echo();
  /** @type {MediaStreamTrack | null} */
  #track = null;

  constructor() {
    super();
    this.#echo.store.watch(() => this.#draw());
  }

  /** The microphone that is heard. */
  get track() {
    return this.#track;
  }

  set track(track) {
    if (track === this.#track) return;
    this.#track = track;
    if (this.#echo.isOn && track) void this.#echo.send(track);
    else if (!track) this.#echo.stop();
    if (this.isConnected) this.#draw();
  }

  connectedCallback() {
    this.#draw();
  }

  disconnectedCallback() {
    this.#echo.stop();
  }

  #draw() {
    const { state, isOn } = this.#echo;
    const press = () => (isOn ? this.#echo.stop() : this.#track && void this.#echo.start(this.#track));
    const tone = state.phase === "failed" ? "danger" : null;
    render(html`<button class="button" type="button" aria-pressed=${String(isOn)} ?disabled=${!this.#track} @click=${press}>${icon(isOn ? "volume-x" : "headphones")}${t(isOn ? "calls.echo_stop" : "calls.echo_start")}</button>
      <p class="echo-said" role="status" data-tone=${tone}>${echoSaid(state)}</p>${echoSound(state.stream)}`, this);
    routeEcho(this);
  }
}

customElements.define("call-echo", CallEcho);
