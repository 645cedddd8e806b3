/** `<call-buttons closed="call …">`: the ways to ring one member that are not closed, each with its lock and the way to the right where it is needed. */

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
/** @typedef {{calls: boolean, video: boolean, group_size: number | null, max_minutes: number | null, closed: string[]}} MayStart */

/** What I may start, asked once for a page. @type {Promise<MayStart> | null} */
let asked = null;

/** @returns {Promise<MayStart>} */
export function mayStart() {
  asked ??= get("/api/v1/calls/live").then((answer) => /** @type {any} */ (answer).may_start);
  return asked;
}

/** Rings somebody from this page. @param {string} member @param {boolean} video */
export async function ringMember(member, video) {
  /** @type {CallDesk} */
  let desk;
  try {
    desk = await callsHere();
  } catch {
    return toast(t("calls.not_here"), { icon: "circle-alert" });
  }
  if (!isAlready(desk)) await desk.start({ call: null, kind: "direct", to: member, room: null, video });
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
    if (app) {
      const stops = [this.#stop, app.client.store.watch((now, before) => void (now.community !== before.community && this.#draw()))];
      this.#stop = () => stops.forEach((stop) => stop());
      return take(app.client.state.entitlements);
    }
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
    const closed = this.#closed();
    render(html`${closed.includes("call") ? null : this.#button("audio", may?.calls ?? true)}${closed.includes("video_call") ? null : this.#button("video", (may?.calls && may.video) ?? true)}`, this);
  }

  /** What is closed for everybody: as the app knows it, or as the page was written. */
  #closed() {
    const app = /** @type {RialtoApp | null} */ (this.closest("rialto-app"));
    return app ? app.client.state.community.closed : (this.getAttribute("closed") ?? "").split(" ");
  }

  /** @param {"audio" | "video"} kind @param {boolean} isOpen */
  #button(kind, isOpen) {
    const isVideo = kind === "video";
    const label = t(isVideo ? "calls.ring_video" : "calls.ring_audio");
    const press = () => (isOpen ? void ringMember(this.getAttribute("member") ?? "", isVideo) : showLock(this.closest("rialto-app"), isVideo && (this.#may?.calls ?? false)));
    const lock = t(isVideo && this.#may?.calls ? "calls.video_locked_title" : "calls.start_locked");
    return html`<button class="button" type="button" @click=${press} title=${isOpen ? null : lock} aria-haspopup=${isOpen ? null : "dialog"}>${icon(isVideo ? "video" : "phone")}${label}${isOpen ? null : html`<span class="lock-sign">${icon("lock")}</span>`}</button>`;
  }
}

customElements.define("call-buttons", CallButtons);
