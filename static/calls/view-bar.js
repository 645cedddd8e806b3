/** The bar of a call: what I send, what I see, and the way out. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { keptOff } from "./people.js";
import { ariaKeysOf, keysOf } from "./shortcuts.js";

/** @import { CallStage } from "./call-stage.js" */
/** @import { Current } from "./types.d.ts" */

const ICONS = { mic: ["mic", "mic-off"], cam: ["video", "video-off"] };

/** Microphone or camera: pressed means on. @param {CallStage} stage @param {Current | null} current @param {"mic" | "cam"} source */
export function sourceButton(stage, current, source) {
  const { desk } = stage;
  const isOn = desk.own.isOn(source);
  const why = current && keptOff(current, source);
  const [on, off] = ICONS[source];
  const label = why === "held" ? t(`calls.${source}_held`) : t(isOn ? `calls.${source}_off` : `calls.${source}_on`);
  return html`<button class="call-button" type="button" aria-label=${label} title=${why === "voice" ? t("calls.voice_only") : `${label} (${keysOf(source)})`} aria-keyshortcuts=${ariaKeysOf(source)} aria-disabled=${why ? "true" : null} data-on=${isOn ? "" : null} data-off=${isOn ? null : ""}
    @click=${() => stage.turn(source, !isOn)}>${icon(isOn ? /** @type {string} */ (on) : /** @type {string} */ (off))}</button>`;
}

/** @param {{name: string, label: string, isPressed?: boolean | undefined, run: (event: Event) => void, extra?: unknown, opens?: boolean, isWide?: boolean, act?: "share" | "hand", why?: string | null}} button `isWide`: a narrow window has it in the menu; `why`: it cannot be pressed now */
const button = ({ name, label, isPressed, run, extra = null, opens = false, isWide = false, act, why = null }) => html`<button class="call-button" type="button" data-wide=${isWide ? "" : null} aria-label=${label} title=${why ?? (act ? `${label} (${keysOf(act)})` : label)} aria-keyshortcuts=${act ? ariaKeysOf(act) : null} aria-disabled=${why ? "true" : null} aria-pressed=${isPressed === undefined ? null : String(isPressed)}
  aria-haspopup=${opens ? "menu" : null} aria-expanded=${opens ? "false" : null} @click=${run}>${icon(name)}${extra}</button>`;

/** @param {CallStage} stage @param {Current} current */
export function barView(stage, current) {
  const { desk } = stage;
  const look = stage.look.state;
  const mine = current.people[desk.state.me];
  const isSharing = desk.own.isOn("screen");
  const maySpeak = current.role !== "listener";
  const count = Object.keys(current.people).length;
  const hands = Object.values(current.people).filter((each) => each.hand && each.member !== desk.state.me).length;
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === "function" && maySpeak && !current.held.includes("screen");
  return html`<div class="call-bar" role="toolbar" aria-label=${t("calls.bar")}>
    ${sourceButton(stage, current, "mic")}
    ${sourceButton(stage, current, "cam")}
    ${canShare ? button({ name: isSharing ? "screen-share-off" : "screen-share", label: t(isSharing ? "calls.share_off" : "calls.share_on"), isPressed: isSharing, run: () => stage.turn("screen", !isSharing), act: "share", why: keptOff(current, "screen") ? t("calls.voice_only") : null }) : null}
    ${current.call?.kind === "direct" ? null : button({ name: "hand", label: t(mine?.hand ? "calls.hand_lower" : "calls.hand_raise"), isPressed: mine?.hand ?? false, run: () => void desk.hand(!mine?.hand).catch(() => undefined), act: "hand" })}
    ${button({ name: "users", label: [t("calls.people", { count }), hands ? t("calls.hands", { count: hands }) : ""].filter(Boolean).join(", "), isPressed: look.showsPeople, run: () => stage.see({ showsPeople: !look.showsPeople }), isWide: true, extra: hands ? html`<span class="call-count" aria-hidden="true">${String(hands)}</span>` : null })}
    ${!stage.mayTalk(current) ? null : button({ name: "message-square", label: t("calls.chat"), isPressed: look.isBeside, isWide: true, run: () => void stage.talk(current) })}
    ${button({ name: "ellipsis", label: t("calls.more"), opens: true, run: (event) => void more(stage, current, /** @type {Element} */ (event.currentTarget)) })}
    <button class="call-leave" type="button" aria-label=${t("calls.leave")} title=${t("calls.leave")} @click=${() => void desk.leave()}>${icon("phone-off")}</button>
  </div>`;
}

/** @param {CallStage} stage @param {Current} current @param {Element} anchor */
async function more(stage, current, anchor) {
  const { openMenu } = await import("../lib/menu.js");
  const look = stage.look.state;
  const { desk } = stage;
  const isHost = current.role === "host";
  const locks = current.call?.locked ?? false;
  const video = /** @type {HTMLVideoElement | null} */ (stage.querySelector(".tile[data-stage] video, .tile[data-sight] video"));
  const full = document.fullscreenElement !== null;
  const isNarrow = innerWidth < 720;
  openMenu(anchor, t("calls.more"), [
    ...(isNarrow ? [{ label: t("calls.people", { count: Object.keys(current.people).length }), icon: "users", run: () => stage.see({ showsPeople: true }) }] : []),
    ...(isNarrow && stage.mayTalk(current) ? [{ label: t("calls.chat"), icon: "message-square", run: () => void stage.talk(current) }] : []),
    ...(isNarrow ? [{ line: /** @type {const} */ (true) }] : []),
    { label: t("calls.layout_grid"), checked: look.wanted === "grid", run: () => stage.see({ wanted: "grid" }) },
    { label: t("calls.layout_speaker"), checked: look.wanted === "speaker", run: () => stage.see({ wanted: "speaker" }) },
    { line: /** @type {const} */ (true) },
    { label: t(look.showsMe ? "calls.hide_me" : "calls.show_me"), icon: look.showsMe ? "eye-off" : "eye", run: () => stage.see({ showsMe: !look.showsMe, ...(look.pinned === desk.state.me && { pinned: null }) }) },
    { label: t("calls.devices"), icon: "settings", run: () => void import("./device-dialog.js").then(({ chooseDevices }) => chooseDevices(stage)) },
    ...(video && document.pictureInPictureEnabled ? [{ label: t("calls.pip"), icon: "picture-in-picture-2", run: () => void video.requestPictureInPicture().catch(() => undefined) }] : []),
    ...(document.fullscreenEnabled ? [{ label: t(full ? "calls.full_off" : "calls.full_on"), icon: full ? "minimize" : "maximize", run: () => void (full ? document.exitFullscreen() : stage.requestFullscreen()).catch(() => undefined) }] : []),
    { label: t("calls.keys"), icon: "keyboard", run: () => void import("./keys-dialog.js").then(({ showKeys }) => showKeys()) },
    ...(isHost && current.call?.kind !== "direct" ? [
      { line: /** @type {const} */ (true) },
      { label: t(locks ? "calls.unlock" : "calls.lock"), icon: locks ? "lock-open" : "lock", run: () => stage.told(desk.moderate({ type: "call.mod.lock", locked: !locks })) },
      { label: t("calls.end_for_all"), icon: "phone-off", danger: true, run: () => void endForAll(stage) },
    ] : []),
  ]);
}

/** @param {CallStage} stage */
async function endForAll(stage) {
  const { confirm } = await import("../lib/dialog.js");
  const isSure = await confirm({ title: t("calls.end_title"), text: t("calls.end_text"), act: t("calls.end_for_all"), keep: t("calls.cancel"), danger: true, signal: stage.lasting });
  if (isSure) stage.told(stage.desk.moderate({ type: "call.mod.end" }));
}
