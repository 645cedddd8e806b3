/** `<yes-banner>`: over the whole app, while somebody said yes to my calls and I have neither called them nor hidden it. */

import { ringMember } from "../calls/call-buttons.js";
import { showLock } from "../calls/call-menu.js";
import { memberName } from "../chat/names.js";
import { yeses } from "../chat/rights.js";
import { Surface } from "../chat/surface.js";
import { del, path } from "../lib/api.js";
import { sentence } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";

/** @import { ChatState } from "../chat/types.d.ts" */

/** @param {string} text @param {unknown} acts */
const banner = (text, acts) => html`<section class="banner" data-tone="good" aria-label=${t("social.lets_you_call_title")}>${icon("phone")}<p role="status">${text}</p>${acts}</section>`;

class YesBanner extends Surface {
  /** @override @param {ChatState} state */
  view(state) {
    this.app.client.want(Object.keys(state.people.may_call));
    const all = yeses(state);
    const [yes] = all;
    if (!yes) return null;
    return all.length === 1 ? this.#one(state, yes) : banner(t("social.let_you_call", { count: all.length }), html`<a class="button" data-size="small" href="/people/requests">${t("social.see_who")}</a>`);
  }

  /** @param {ChatState} state @param {{id: string, isVideo: boolean}} yes */
  #one(state, { id, isVideo }) {
    const rights = state.entitlements;
    const isLocked = !rights["calls.start"] || (isVideo && !rights["calls.video"]);
    const ring = () => (isLocked ? showLock(this.app, rights["calls.start"] ? isVideo : false) : void ringMember(id, isVideo));
    const name = memberName(state.members[id]);
    // The button goes with the banner: the keyboard goes on in the room.
    const hide = () => void del(path`/api/v1/me/may-call/${id}`).then(() => document.getElementById("main")?.focus(), (error) => toast(sentence(error), { icon: "circle-alert" }));
    return banner(t("social.lets_you_call", { name }), html`<button class="button" data-size="small" type="button" @click=${ring}>${icon(isVideo ? "video" : "phone")}${t(isVideo ? "calls.ring_video" : "calls.ring_audio")}</button>
      <button class="icon-button" type="button" aria-label=${t("social.hide_yes_of", { name })} @click=${hide}>${icon("x")}</button>`);
  }
}

customElements.define("yes-banner", YesBanner);
