/** The strip that says how the connection stands: offline with what waits, connecting again, caught up. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";

/** @import { Client } from "./client.js" */

/** A short break is mended before anybody wonders. */
const QUIET_MS = 1_500;
const SAID_MS = 3_000;

/** Remembers how the connection stood, so that the good news is told only after bad news. */
export class ConnectionStrip {
  /** When the connection was lost. @type {number | null} */
  #lostAt = null;
  /** @type {number | null} */
  #mendedAt = null;
  #wasShown = false;

  /** @param {() => void} redraw */
  constructor(redraw) {
    this.redraw = redraw;
  }

  /** @param {Client} client @returns {unknown} */
  view(client) {
    const { status, caughtUp, isCrowded } = client.state.connection;
    const now = Date.now();
    if (status === "open" && caughtUp) return this.#mended(now);
    // The first connection of a page is no interruption.
    if (this.#lostAt === null && status !== "open" && client.socket.attempts > 0) this.#lost(now);
    if (!navigator.onLine) this.#lostAt ??= now;
    if (this.#lostAt === null) return null;
    const isOffline = !navigator.onLine;
    if (!isOffline && now - this.#lostAt < QUIET_MS) return null;
    this.#wasShown = true;
    const waiting = client.outbox.waiting;
    const words = isOffline ? "chat.offline" : status === "open" ? "chat.catching_up" : isCrowded ? "chat.too_many_tabs" : "chat.reconnecting";
    return html`<p class="strip" role="status" data-state=${isOffline ? "offline" : "connecting"}>
      ${isOffline ? icon("wifi-off") : html`<span class="spinner" aria-hidden="true"></span>`}
      <span>${t(words)}${waiting ? ` ${t("chat.waiting", { count: waiting })}` : ""}</span>
      ${status === "waiting" && !isOffline ? html`<button class="button" data-size="small" type="button" @click=${() => client.socket.hurry()}>${t("chat.try_now")}</button>` : null}
    </p>`;
  }

  /** @param {number} now */
  #lost(now) {
    this.#lostAt = now;
    this.#mendedAt = null;
    setTimeout(this.redraw, QUIET_MS);
  }

  /** @param {number} now */
  #mended(now) {
    if (this.#wasShown) {
      this.#mendedAt = now;
      setTimeout(this.redraw, SAID_MS);
    }
    this.#wasShown = false;
    this.#lostAt = null;
    if (this.#mendedAt === null || now - this.#mendedAt >= SAID_MS) return null;
    return html`<p class="strip" role="status" data-state="caught-up">${icon("check")}<span>${t("chat.caught_up")}</span></p>`;
  }
}
