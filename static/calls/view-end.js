/** The end of a call: why, how long it was, and the way back into it. */

import { avatar } from "../chat/names.js";
import { sentence, Refused } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { lasted } from "./duration.js";
import { failing, talksSince } from "./people.js";
import { whoView } from "./view-who.js";

/** @import { CallStage } from "./call-stage.js" */
/** @import { Current } from "./types.d.ts" */

/** Ends after which the same call may still be entered. */
const OPEN_STILL = new Set(["left", "moved", "lost", "failed"]);

/** Why it is over, in one sentence. @param {Current} current @param {string} me */
export function reason(current, me) {
  if (current.cause === "refused") return sentence(new Refused(current.code ?? "error.broken"));
  const hop = current.cause === "failed" || current.cause === "lost" ? failing(current, me) : null;
  return hop ? `${t(`calls.over_${current.cause}`)} ${t(`calls.hop_${hop}`)}` : t(`calls.over_${current.cause}`);
}

/** @param {CallStage} stage @param {Current} current */
export function endView(stage, current) {
  const { desk } = stage;
  const other = stage.otherOf(current);
  const since = talksSince(current, desk.state.skew);
  const wish = { ...current.wish, call: null };
  const again = () => {
    desk.close();
    void desk.start(wish);
  };
  const back = () => {
    desk.close();
    void desk.enter(current.wish);
  };
  const mayComeBack = OPEN_STILL.has(current.cause ?? "") && current.wish.kind !== "direct" && current.wish.call !== null && current.call?.state !== "ended";
  const needsPlan = /plan_needed|video_needed|group_size/.test(current.code ?? "");
  const mayCall = other !== null && !stage.blocked().includes(other) && current.cause !== "refused" && current.cause !== "moved";
  return html`<section class="call-end" role="status" aria-label=${t("calls.ended")}>
    ${other === null ? html`<span class="arch" data-size="48" aria-hidden="true">${icon("users")}</span>` : avatar(desk.members.of(other), { size: 48 })}
    <div class="item-text"><b dir="auto">${whoView(stage, current).title}</b><small>${reason(current, desk.state.me)}${since === null ? null : ` · ${lasted(Math.max(0, current.since - since))}`}</small></div>
    <div class="buttons">
      ${needsPlan ? html`<a class="button" data-size="small" href="/settings/membership">${icon("sparkles")}${t("calls.see_plans")}</a>` : null}
      ${mayComeBack ? html`<button class="button" data-size="small" type="button" @click=${back}>${icon("phone")}${t("calls.back_in")}</button>` : null}
      ${mayCall ? html`<button class="button" data-size="small" type="button" @click=${again}>${icon(wish.video ? "video" : "phone")}${t(current.call?.starter === desk.state.me ? "calls.call_again" : "calls.call_back")}</button>` : null}
      <button class="icon-button" data-size="small" type="button" aria-label=${t("shell.close")} @click=${() => desk.close()}>${icon("x")}</button>
    </div></section>`;
}
