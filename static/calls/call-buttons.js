/** `<call-buttons>`: the ways to ring one member, each with its lock and the way to the right where it is needed. */

import { get } from "../lib/api.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";
import { isAlready, showLock, watchRights } from "./call-menu.js";
import { callsHere } from "./here.js";

/** @import { CallDesk } from "./desk.js" */
/** @import { Entitlements } from "../types/live.d.ts" */
/** @import { RialtoApp } from "../chat/rialto-app.js" */
/** @typedef {{calls: boolean, video: boolean, group_size: number | null, max_minutes: number | null}} MayStart */

/** What I may start, asked once for a page. @type {Promise<MayStart> | null} */
let asked = null;

/** @returns {Promise<MayStart>} */
export function mayStart() {
  asked ??= get("/api/v1/calls/live").then((answer) => /** @type {any} */ (answer).may_start);
  return asked;
}

class CallButtons extends HTMLElement {
  /** @type {Pick<MayStart, "calls" | "video"> | null} */
  #may = null;
  /** @type {() => void} */
  #stop = () => undefined;

  connectedCallback() {
    const app = /** @type {RialtoApp | null} */ (this.closest("rialto-app"));
    const take = (/** @type {Entitlements} */ rights) => this.#take({ calls: rights["calls.start"], video: rights["calls.video"] });
    // It is heard at once of a right that came or went.
    this.#stop = watchRights(app, take);
    if (app) return take(app.client.state.entitlements);
    this.#draw();
    mayStart().then((may) => this.#take(may), () => undefined);
  }

  disconnectedCallback() {
    this.#stop();
  }

  /** @param {Pick<MayStart, "calls" | "video">} may */
  #take(may) {
    this.#may = may;
    this.#draw();
  }

  #draw() {
    const may = this.#may;
    render(html`${this.#button("audio", may?.calls ?? true)}${this.#button("video", (may?.calls && may.video) ?? true)}`, this);
  }

  /** @param {"audio" | "video"} kind @param {boolean} isOpen */
  #button(kind, isOpen) {
    const isVideo = kind === "video";
    const label = t(isVideo ? "calls.ring_video" : "calls.ring_audio");
    const press = () => (isOpen ? void this.#ring(isVideo) : showLock(this.closest("rialto-app"), isVideo && (this.#may?.calls ?? false)));
    return html`<button class="button" type="button" @click=${press} title=${isOpen ? null : t("calls.start_locked")} aria-haspopup=${isOpen ? null : "dialog"}>${icon(isVideo ? "video" : "phone")}${label}${isOpen ? null : html`<span class="lock-sign">${icon("lock")}</span>`}</button>`;
  }

  /** @param {boolean} video */
  async #ring(video) {
    /** @type {CallDesk} */
    let desk;
    try {
      desk = await callsHere();
    } catch {
      return toast(t("calls.not_here"), { icon: "circle-alert" });
    }
    if (!isAlready(desk)) await desk.start({ call: null, kind: "direct", to: this.getAttribute("member"), room: null, video });
  }
}

customElements.define("call-buttons", CallButtons);
