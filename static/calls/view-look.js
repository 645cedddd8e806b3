/** Before the door: who is in, how I look and sound, which devices I use. */

import { avatar, memberName } from "../chat/names.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { list, t } from "../lib/words.js";
import "./call-echo.js";
import { deviceFields, readDevices } from "./device-fields.js";
import { Level } from "./level.js";
import { obstacles } from "./view-banners.js";
import { sourceButton } from "./view-bar.js";
import { picture } from "./view-tile.js";
import { whoView } from "./view-who.js";

/** @import { CallStage } from "./call-stage.js" */
/** @import { Current } from "./types.d.ts" */

const FEW = 8;

/** @type {{track: MediaStreamTrack, level: Level, frame: number} | null} */
let meter = null;

/** The meter follows the track that is there, and ends with the view. @param {CallStage} stage @param {MediaStreamTrack | null} track */
function listen(stage, track) {
  if (meter?.track === track) return;
  if (meter) {
    cancelAnimationFrame(meter.frame);
    meter.level.close();
    meter = null;
  }
  if (!track) return;
  const mine = (meter = { track, level: new Level(track), frame: 0 });
  const draw = () => {
    const bar = /** @type {HTMLMeterElement | null} */ (stage.querySelector(".look-meter"));
    if (meter !== mine) return;
    if (!bar) return listen(stage, null);
    bar.value = mine.level.now();
    stage.querySelector(".look-dead")?.toggleAttribute("hidden", !mine.level.isDead || !stage.desk.own.isOn("mic"));
    mine.frame = requestAnimationFrame(draw);
  };
  mine.frame = requestAnimationFrame(draw);
}

/** @param {CallStage} stage @param {Current} current */
export function lookView(stage, current) {
  const { desk } = stage;
  const { own } = desk.own;
  const { me } = desk.state;
  const all = stage.membersOf(current);
  const inside = all.filter((id) => id !== me);
  const isMine = all.includes(me);
  const isVideo = current.wish.video;
  const redraw = () => stage.update();
  readDevices(redraw);
  queueMicrotask(() => listen(stage, own.mic));
  const names = inside.slice(0, FEW).map((id) => memberName(desk.members.of(id)));
  return html`<section class="call" data-form="look" role="region" aria-label=${t("calls.before")}>
    <button class="icon-button look-close" type="button" aria-label=${t("shell.close")} @click=${() => desk.close()}>${icon("x")}</button>
    <div class="look">
      <div class="look-self">${own.cam ? picture(own.cam, true) : html`<span class="tile-face">${avatar(desk.members.of(desk.state.me), { size: 96 })}</span>`}
        <div class="look-buttons">${sourceButton(stage, current, "mic")}${isVideo ? sourceButton(stage, current, "cam") : null}</div></div>
      <div class="look-side">
        <h1 tabindex="-1" data-first-focus dir="auto">${whoView(stage, current).title}</h1>
        ${isMine ? html`<p>${t("calls.in_elsewhere")}</p>` : null}
        <p ?hidden=${isMine && !inside.length}>${inside.length ? t("calls.inside", { count: inside.length, names: list(inside.length > FEW ? [...names, t("calls.others", { count: inside.length - FEW })] : names) }) : t("calls.nobody_inside")}</p>
        <label class="look-level"><span>${t("calls.level")}</span><meter class="look-meter" min="0" max="1" low="0.15" value="0"></meter></label>
        <p class="look-dead" role="status" hidden>${t("calls.mic_dead")}</p>
        ${obstacles(stage)}
        <button class="button" data-kind="primary" data-size="large" data-wide type="button" aria-busy=${own.isOpening ? "true" : null} @click=${() => void desk.enter(current.wish)}>${icon("phone")}${t(isMine ? "calls.move_here" : inside.length ? "calls.join" : "calls.open")}</button>
        ${deviceFields(stage, { hasCamera: isVideo && own.cam !== null, redraw })}
        <call-echo .track=${own.mic}></call-echo>
        <a class="look-check" href="/calls/check" target="_blank" rel="noopener">${t("calls.check_link")}</a>
      </div>
    </div>
  </section>`;
}
