/** Somebody rings: who, what they are to me, and the ways to answer; and the calls that were missed. */

import { avatar, memberName, realName } from "../chat/names.js";
import { newKey, path, post } from "../lib/api.js";
import { sentence } from "../lib/errors.js";
import { html, keyed } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { ago, t } from "../lib/words.js";
import { relation } from "./relation.js";
import { ariaKeysOf, keysOf } from "./shortcuts.js";

/** @import { Call, Member } from "../types/live.d.ts" */
/** @import { CallStage } from "./call-stage.js" */
/** @import { Ring } from "./types.d.ts" */

/** @param {CallStage} stage @param {Ring} ring */
export function ringView(stage, ring) {
  const { call } = ring;
  const caller = stage.desk.members.of(call.starter);
  const id = `ring-${call.id}`;
  const sign = caller?.badge ? caller.badge.text || t("billing.verified") : "";
  const between = relation(call.id, call.starter, () => stage.update());
  const others = call.kind === "direct" ? 0 : Math.max(0, call.rung.length - 1);
  const accept = (/** @type {boolean} */ video) => void stage.desk.accept(call.id, video);
  // Leaving it with the usual key is no answer: it only falls silent.
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    stage.hush(call.id);
  };
  return html`<section class="ring" role="alertdialog" tabindex="-1" aria-labelledby=${`${id}-name`} aria-describedby=${`${id}-what`} data-waiting=${ring.waiting ? "" : null} @keydown=${escape}>
    <button class="icon-button ring-silence" type="button" aria-label=${t("calls.silence")} title=${t("calls.silence")} ?hidden=${ring.waiting || stage.herald.isSilenced(call.id)} @click=${() => stage.hush(call.id)}>${icon("bell-off")}</button>
    ${avatar(caller, { size: 96 })}
    <h2 id=${`${id}-name`} dir="auto" title=${realName(caller)}>${memberName(caller)}</h2>
    <p id=${`${id}-what`}>${t(call.video ? "calls.calls_you_video" : "calls.calls_you_audio")}${others ? ` · ${t("calls.and_others", { count: others })}` : null}</p>
    <p class="ring-relation">${caller?.username ? html`<span dir="ltr">@${caller.username}</span>` : null}${[between && t(between.words), sign].filter(Boolean).map((each) => ` · ${each}`).join("")}</p>
    <div class="ring-acts">
      <span><button class="call-round" data-tone="danger" type="button" aria-label=${t("calls.decline")} title=${`${t("calls.decline")} (${keysOf("decline")})`} aria-keyshortcuts=${ariaKeysOf("decline")} @click=${() => void stage.desk.decline(call.id)}>${icon("phone-off")}</button><small aria-hidden="true">${t("calls.decline")}</small></span>
      ${call.video ? html`<span><button class="call-round" data-tone="good" type="button" aria-label=${t("calls.accept_audio")} @click=${() => accept(false)}>${icon("phone")}</button><small aria-hidden="true">${t("calls.accept_audio_short")}</small></span>` : null}
      <span><button class="call-round" data-tone="good" type="button" aria-label=${t("calls.accept")} title=${`${t("calls.accept")} (${keysOf("accept")})`} aria-keyshortcuts=${ariaKeysOf("accept")} @click=${() => accept(call.video)}>${icon(call.video ? "video" : "phone")}</button><small aria-hidden="true">${t("calls.accept")}</small></span>
    </div>
    <button class="button" data-kind="quiet" data-size="small" type="button" aria-haspopup="menu" aria-expanded="false" ?hidden=${between?.mayWrite === false} @click=${(/** @type {Event} */ event) => void reply(stage, call, /** @type {Element} */ (event.currentTarget))}>${icon("message-square")}${t("calls.reply")}</button>
  </section>`;
}

/** Declines with a few words. @param {CallStage} stage @param {Call} call @param {Element} anchor */
async function reply(stage, call, anchor) {
  const { openMenu } = await import("../lib/menu.js");
  const say = async (/** @type {string} */ body) => {
    try {
      /** @type {{id: string}} */
      const room = await post("/api/v1/rooms", { kind: "direct", members: [call.starter] });
      await post(path`/api/v1/rooms/${room.id}/messages`, { body, client_key: newKey() });
      toast(t("calls.replied"), { icon: "check" });
    } catch (error) {
      toast(sentence(error), { icon: "circle-alert" });
    }
    await stage.desk.decline(call.id);
  };
  const own = async () => {
    const { askForWords } = await import("./ask-for-words.js");
    const body = await askForWords(memberName(stage.desk.members.of(call.starter)));
    if (body) await say(body);
  };
  openMenu(anchor, t("calls.reply"), [
    ...["calls.reply_later", "calls.reply_soon", "calls.reply_write"].map((key) => ({ label: t(key), run: () => void say(t(key)) })),
    { line: /** @type {const} */ (true) },
    { label: t("calls.reply_own"), icon: "pencil", run: () => void own() },
  ]);
}

/** @param {CallStage} stage @param {Ring[]} missed */
export function missedView(stage, missed) {
  if (!missed.length) return null;
  const seen = () => stage.desk.store.dispatch({ type: "missed_seen" });
  const back = (/** @type {Call} */ call) => {
    seen();
    // A group of which one knows nothing is not one's own: who called from it is called back.
    const isOne = call.kind === "direct" || call.room === null || (stage.place !== null && stage.place.nameOf(call.room) === null);
    void stage.desk.start({ call: null, kind: isOne ? "direct" : call.kind, to: isOne ? call.starter : null, room: isOne ? null : call.room, video: call.video });
  };
  return html`<section class="missed" aria-labelledby="missed-title">
    <header><h2 id="missed-title">${icon("phone-missed")}${t("calls.missed", { count: missed.length })}</h2>
      <button class="icon-button" data-size="small" type="button" aria-label=${t("shell.close")} @click=${seen}>${icon("x")}</button></header>
    <ul>${keyed(missed, ({ call }) => call.id, ({ call }) => missedRow(stage.desk.members.of(call.starter), call, () => back(call)))}</ul>
  </section>`;
}

/** @param {Member | undefined} caller @param {Call} call @param {() => void} back */
const missedRow = (caller, call, back) => html`<li>${avatar(caller, { size: 32 })}
  <span class="item-text"><b dir="auto" title=${realName(caller)}>${memberName(caller)}</b><small>${caller?.username ? html`<span dir="ltr">@${caller.username}</span> · ` : null}${ago(call.started_at)}</small></span>
  <button class="button" data-size="small" type="button" @click=${back}>${icon(call.video ? "video" : "phone")}${t("calls.call_back")}</button></li>`;
