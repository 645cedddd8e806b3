/** One person in a call: their picture, or their face as initials, with their name and what is off. */

import { avatar, memberName } from "../chat/names.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { list, t } from "../lib/words.js";
import { chosen } from "./devices.js";
import { isWeak, sends, slotOf } from "./people.js";

/** @import { CallStage } from "./call-stage.js" */
/** @import { Tile } from "./layout.js" */
/** @import { Current } from "./types.d.ts" */

/** Tracks and the streams made of them: a picture that is drawn again must not begin again. @type {WeakMap<MediaStreamTrack, MediaStream>} */
const streams = new WeakMap();

/** @param {MediaStreamTrack} track */
function streamOf(track) {
  const known = streams.get(track) ?? new MediaStream([track]);
  streams.set(track, known);
  return known;
}

/** @param {MediaStreamTrack | MediaStream} what @param {boolean} isMine */
export const picture = (what, isMine) =>
  html`<video class="tile-video" autoplay playsinline .muted=${true} data-mirrored=${isMine && chosen().mirrors ? "" : null} .srcObject=${what instanceof MediaStream ? what : streamOf(what)}></video>`;

/** The picture that is shown of a tile, null while there is none. @param {CallStage} stage @param {Current} current @param {Tile} tile */
function shown({ desk }, current, { participant, source }) {
  const isMine = participant.member === desk.state.me;
  if (isMine) return desk.own.own[source];
  const slot = slotOf(current, participant.member, source);
  return slot?.state === "live" ? (desk.streams.state[slot.slot] ?? null) : null;
}

/** @param {CallStage} stage @param {Current} current @param {Tile} tile @param {{onStage?: boolean, isPlain?: boolean}} [options] */
export function tileView(stage, current, tile, { onStage = false, isPlain = false } = {}) {
  const { desk } = stage;
  const { participant, source } = tile;
  const member = desk.members.of(participant.member);
  const isMine = participant.member === desk.state.me;
  const what = shown(stage, current, tile);
  const name = isMine ? t("calls.you") : memberName(member);
  const note = noteOf(stage, current, tile);
  const speaks = current.speakers.indexOf(participant.member);
  const isPinned = stage.look.state.pinned === participant.member;
  const pin = () => stage.see({ pinned: isPinned ? null : participant.member });
  return html`<article class="tile" aria-label=${described(stage, current, tile, name)} data-speaking=${speaks >= 0 && source === "cam" ? (speaks === 0 ? "first" : "") : null} data-source=${source} data-member=${participant.member}
    data-sight=${isMine ? null : ""} data-stage=${onStage ? "" : null} data-away=${participant.link === "away" || participant.link === "weak" ? "" : null}>
    ${what ? picture(what, isMine && source === "cam") : html`<span class="tile-face">${avatar(member, { size: 96 })}</span>`}
    <span class="tile-chip" aria-hidden="true">${marks(current, tile)}<b dir="auto">${source === "screen" ? t("calls.screen_of", { name }) : name}</b></span>
    ${isPlain ? null : html`<button class="icon-button tile-pin" type="button" aria-pressed=${String(isPinned)} aria-label=${t(isPinned ? "calls.unpin" : "calls.pin", { name })} title=${t(isPinned ? "calls.unpin" : "calls.pin", { name })} @click=${pin}>${icon(isPinned ? "pin-off" : "pin")}</button>`}
    ${note ? html`<span class="tile-note" aria-hidden="true">${note}</span>` : null}
  </article>`;
}

/** What keeps them away from me, in a word. @param {CallStage} stage @param {Current} current @param {Tile} tile */
function noteOf(stage, current, { participant, source }) {
  if (stage.blocked().includes(participant.member)) return t("calls.tile_blocked");
  if (participant.link === "away") return t("calls.reconnecting");
  const slot = slotOf(current, participant.member, source);
  const trouble = slot && current.silent[slot.slot];
  return trouble === "no_packets" || trouble === "no_keyframe" ? t(`calls.tile_${trouble}`) : "";
}

/** Small signs: hand, silence, a weak way. @param {Current} current @param {Tile} tile */
function marks(current, { participant, source }) {
  if (source === "screen") return icon("monitor");
  return html`${participant.hand ? html`<span data-tone="paid">${icon("hand")}</span>` : null}${sends(participant, "mic") ? null : icon("mic-off")}${isWeak(current, participant.member) ? html`<span data-tone="warn">${icon("triangle-alert")}</span>` : null}`;
}

/** The whole of a tile in words. @param {CallStage} stage @param {Current} current @param {Tile} tile @param {string} name */
function described(stage, current, tile, name) {
  const { participant, source } = tile;
  if (source === "screen") return t("calls.screen_of", { name });
  const facts = [name];
  if (participant.hand) facts.push(t("calls.hand_up"));
  if (!sends(participant, "mic")) facts.push(t("calls.mic_is_off"));
  if (!sends(participant, "cam")) facts.push(t("calls.cam_is_off"));
  if (isWeak(current, participant.member)) facts.push(t("calls.weak_way"));
  const note = noteOf(stage, current, tile);
  if (note) facts.push(note);
  return list(facts);
}
