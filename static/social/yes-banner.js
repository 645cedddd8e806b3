/** `<yes-banner>`: over the whole app, while somebody said yes to my calls and I have neither called them nor hidden it. */

import { ringMember } from "../calls/call-buttons.js";
import { showLock } from "../calls/call-menu.js";
import { memberName } from "../chat/names.js";
import { firstYes } from "../chat/rights.js";
import { Surface } from "../chat/surface.js";
import { del, path } from "../lib/api.js";
import { sentence } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";

/** @import { ChatState } from "../chat/types.d.ts" */

class YesBanner extends Surface {
  /** @override @param {ChatState} state */
  view(state) {
    this.app.client.want(Object.keys(state.people.may_call));
    const yes = firstYes(state);
    if (!yes) return null;
    const { id, isVideo } = yes;
    const rights = state.entitlements;
    const isLocked = !rights["calls.start"] || (isVideo && !rights["calls.video"]);
    const ring = () => (isLocked ? showLock(this.app, rights["calls.start"] ? isVideo : false) : void ringMember(id, isVideo));
    const name = memberName(state.members[id]);
    // The button goes with the banner: the keyboard goes on in the room.
    const hide = () => void del(path`/api/v1/me/may-call/${id}`).then(() => document.getElementById("main")?.focus(), (error) => toast(sentence(error), { icon: "circle-alert" }));
    return html`<section class="banner" data-tone="good" aria-label=${t("social.lets_you_call_title")}>${icon("phone")}<p role="status">${t("social.lets_you_call", { name })}</p>
      <button class="button" data-size="small" type="button" @click=${ring}>${icon(isVideo ? "video" : "phone")}${t(isVideo ? "calls.ring_video" : "calls.ring_audio")}</button>
      <button class="icon-button" type="button" aria-label=${t("social.hide_yes_of", { name })} @click=${hide}>${icon("x")}</button></section>`;
  }
}

customElements.define("yes-banner", YesBanner);
