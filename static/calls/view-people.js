/** Who is in the call, as a list, with what a host can do about each. */

import { avatar, memberName } from "../chat/names.js";
import { html, keyed } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { isWeak, listed, sends } from "./people.js";

/** @import { Participant } from "../types/live.d.ts" */
/** @import { CallStage } from "./call-stage.js" */
/** @import { Current } from "./types.d.ts" */

const MOST_ADDED = 32;

/** @param {CallStage} stage @param {Current} current */
export function peopleView(stage, current) {
  const { desk } = stage;
  const people = listed(current);
  const mayAdd = current.call !== null && !current.call.locked && (current.role === "host" || current.call.starter === desk.state.me);
  const add = async () => {
    const ids = await stage.pick({ title: t("calls.add"), act: t("calls.ring"), most: MOST_ADDED, but: [desk.state.me, ...Object.keys(current.people)], signal: stage.lasting });
    if (ids?.length) stage.told(desk.add(ids), t("calls.added"));
  };
  return html`<aside class="call-people" aria-labelledby="call-people">
    <header><h2 id="call-people">${t("calls.people", { count: people.length })}</h2><button class="icon-button" type="button" aria-label=${t("shell.close")} @click=${() => stage.see({ showsPeople: false })}>${icon("x")}</button></header>
    ${mayAdd ? html`<button class="row" type="button" @click=${() => void add()}>${icon("user-plus")}<span class="row-label">${t("calls.add")}</span></button>` : null}
    <ul>${keyed(people, (each) => each.member, (each) => personRow(stage, current, each))}</ul>
    ${current.call?.locked ? html`<p class="call-locked">${icon("lock")}${t("calls.is_locked")}</p>` : null}
  </aside>`;
}

/** @param {CallStage} stage @param {Current} current @param {Participant} person */
function personRow(stage, current, person) {
  const { desk } = stage;
  const isMe = person.member === desk.state.me;
  const name = isMe ? t("calls.you") : memberName(desk.members.of(person.member));
  const isPoor = isWeak(current, person.member);
  const facts = [person.role === "speaker" ? "" : t(`calls.role_${person.role}`), person.hand ? t("calls.hand_up") : "", person.link === "away" ? t("calls.reconnecting") : isPoor ? t("calls.weak_way") : ""].filter(Boolean);
  const open = (/** @type {Event} */ event) => void officeMenu(stage, current, person, name, /** @type {Element} */ (event.currentTarget));
  return html`<li>${avatar(desk.members.of(person.member), { size: 32 })}<span class="item-text"><b dir="auto">${name}</b>${facts.length ? html`<small>${facts.join(" · ")}</small>` : null}</span>
    ${isPoor ? html`<span class="call-weak" aria-hidden="true">${icon("triangle-alert")}</span>` : null}
    ${person.hand ? html`<span class="call-hand" aria-hidden="true">${icon("hand")}</span>` : null}
    <span class="call-marks" role="img" aria-label=${t(sends(person, "mic") ? "calls.mic_is_on" : "calls.mic_is_off")}>${icon(sends(person, "mic") ? "mic" : "mic-off")}</span>
    ${current.role === "host" && !isMe ? html`<button class="icon-button" data-size="small" type="button" aria-label=${t("calls.act_on", { name })} aria-haspopup="menu" aria-expanded="false" @click=${open}>${icon("ellipsis")}</button>` : null}</li>`;
}

/** @param {CallStage} stage @param {Current} current @param {Participant} person @param {string} name @param {Element} anchor */
async function officeMenu(stage, current, person, name, anchor) {
  const { openMenu } = await import("../lib/menu.js");
  const { desk } = stage;
  const { member } = person;
  const isHeld = person.sources.mic === "held";
  const act = (/** @type {Parameters<typeof desk.moderate>[0]} */ what) => () => stage.told(desk.moderate(what));
  const roles = /** @type {const} */ (["host", "speaker", "listener"]);
  openMenu(anchor, t("calls.act_on", { name }), [
    isHeld ? { label: t("calls.allow_mic"), icon: "mic", run: act({ type: "call.mod.allow", member, source: "mic" }) } : { label: t("calls.mute_them"), icon: "mic-off", run: act({ type: "call.mod.mute", member, source: "mic" }) },
    ...(sends(person, "cam") ? [{ label: t("calls.cam_them"), icon: "video-off", run: act({ type: "call.mod.mute", member, source: /** @type {const} */ ("cam") }) }] : []),
    ...(sends(person, "screen") ? [{ label: t("calls.screen_them"), icon: "screen-share-off", run: act({ type: "call.mod.mute", member, source: /** @type {const} */ ("screen") }) }] : []),
    ...(person.hand ? [{ label: t("calls.hand_lower"), icon: "hand", run: act({ type: "call.mod.lower", member }) }] : []),
    ...(current.call?.kind === "direct" ? [] : [{ line: /** @type {const} */ (true) }, ...roles.map((role) => ({ label: t(`calls.make_${role}`), checked: person.role === role, run: act({ type: "call.mod.role", member, role }) }))]),
    { line: /** @type {const} */ (true) },
    { label: t("calls.remove"), icon: "user-minus", danger: true, run: () => void remove(stage, member, name) },
  ]);
}

/** @param {CallStage} stage @param {string} member @param {string} name */
async function remove(stage, member, name) {
  const { confirm } = await import("../lib/dialog.js");
  const isSure = await confirm({ title: t("calls.remove_title", { name }), text: t("calls.remove_text"), act: t("calls.remove"), keep: t("calls.cancel"), danger: true, signal: stage.lasting });
  if (isSure) stage.told(stage.desk.moderate({ type: "call.mod.remove", member }));
}
