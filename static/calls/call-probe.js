/** `<call-probe>`: lets the server place a call through its own public address, and says what came of it. `data-at-once`: as soon as the page is there. */

import { post } from "../lib/api.js";
import { sentence } from "../lib/errors.js";
import { html, render } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t, time } from "../lib/words.js";

/** @typedef {{at: number, report: {reached: boolean, hop: string | null, values: Record<string, string>, tcp: string | null, round_trip_ms: number | null}}} Checked */

/** @param {Checked} checked */
function found({ at, report: { reached, hop, values, tcp, round_trip_ms } }) {
  const known = { host: "?", address: "?", port: "?", better: "?", why: "?", ms: String(round_trip_ms ?? 0), ...values };
  const [what, todo] = hop === null ? [t("calls.probe_reached", known), null] : [t(`calls.probe_${hop}`, known), t(`calls.probe_${hop}_do`, known)];
  return html`<li data-calls=${reached ? "reached" : "failing"}>${icon(reached ? "circle-check" : "circle-alert")}<span class="item-text"><b>${what}</b>${todo ? html`<small>${todo}</small>` : null}${tcp ? html`<small>${t(`calls.probe_tcp_${tcp}`, known)}</small>` : null}<small>${t("calls.probe_at")} ${time(at)}</small></span></li>`;
}

class CallProbe extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => event.target instanceof Element && event.target.closest("button") && void this.#look());
    if (this.hasAttribute("data-at-once")) void this.#look();
  }

  async #look() {
    const button = this.querySelector("button");
    const list = this.querySelector(".items");
    if (!button || !list || button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      render(found(await post("/api/v1/admin/calls/check")), list);
    } catch (error) {
      render(html`<li data-calls="failing">${icon("circle-alert")}<span class="item-text"><b>${sentence(error)}</b></span></li>`, list);
    }
    button.ariaBusy = null;
  }
}

customElements.define("call-probe", CallProbe);
