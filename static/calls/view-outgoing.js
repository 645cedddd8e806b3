/** A call that is on its way: it rings at the other side, or the way of the media is being found. */

import { avatar, memberName } from "../chat/names.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { hopView, obstacles } from "./view-banners.js";
import { sourceButton } from "./view-bar.js";
import { picture } from "./view-tile.js";
import { whoView } from "./view-who.js";

/** @import { CallStage } from "./call-stage.js" */
/** @import { Current } from "./types.d.ts" */

/** @param {CallStage} stage @param {Current} current */
export function outgoingView(stage, current) {
  const { desk } = stage;
  const { title } = whoView(stage, current);
  const other = stage.otherOf(current);
  const isRinging = current.phase === "ringing_out" && current.call !== null;
  const said = current.phase === "joining" ? (current.wish.kind === "room" || current.call?.starter !== desk.state.me ? "calls.joining" : "calls.connecting") : isRinging ? "calls.ringing" : "calls.asking";
  const canSee = desk.own.own.cam;
  return html`<section class="call" data-form="outgoing" role="region" aria-label=${t("calls.call")}>
    ${canSee ? html`<div class="outgoing-self">${picture(canSee, true)}</div>` : null}
    <div class="outgoing">
      ${other === null ? html`<span class="arch" data-size="96" aria-hidden="true">${icon("users")}</span>` : avatar(desk.members.of(other), { size: 96 })}
      <h1 tabindex="-1" data-first-focus dir="auto">${other === null ? title : memberName(desk.members.of(other))}</h1>
      <p class="outgoing-said" role="status">${t(said)}<span class="dots" aria-hidden="true"></span></p>
      ${hopView(stage, current)}${obstacles(stage)}
    </div>
    <div class="call-bar">${sourceButton(stage, current, "mic")}${current.wish.video || current.call?.video ? sourceButton(stage, current, "cam") : null}
      <button class="call-leave" type="button" aria-label=${t(isRinging ? "calls.cancel_call" : "calls.leave")} title=${t(isRinging ? "calls.cancel_call" : "calls.leave")} @click=${() => void desk.leave()}>${icon("phone-off")}</button></div>
  </section>`;
}
