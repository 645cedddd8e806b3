/** What stands in the way and how to mend it: devices that were refused, a line that is lost, a microphone that nobody hears. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { failing, slowedByTcp } from "./people.js";

/** @import { CallStage } from "./call-stage.js" */
/** @import { Current } from "./types.d.ts" */

/** @param {string} name @param {"good" | "warn" | "danger"} tone @param {string} text @param {unknown} [act] */
const banner = (name, tone, text, act = null) => html`<div class="banner call-banner" data-tone=${tone} role="status">${icon(name)}<p>${text}</p>${act}</div>`;

/** Devices that could not be had, and how to get them. @param {CallStage} stage */
export function obstacles(stage) {
  const { own } = stage.desk.own;
  const again = (/** @type {"mic" | "cam"} */ kind) => html`<button class="button" data-size="small" type="button" @click=${() => void stage.desk.set(kind, true)}>${t("calls.try_again")}</button>`;
  return html`${own.micObstacle ? banner("mic-off", "warn", t(`calls.mic_${own.micObstacle}`), again("mic")) : null}
    ${own.camObstacle ? banner("video-off", "warn", t(`calls.cam_${own.camObstacle}`), again("cam")) : null}`;
}

/** Which hop of the way of the media fails, named after five seconds. @param {CallStage} stage @param {Current} current */
export function hopView({ desk }, current) {
  const hop = failing(current, desk.state.me);
  return hop && banner("circle-alert", "warn", t(`calls.hop_${hop}`));
}

/** Everything that a person in a call should know now, the gravest first. @param {CallStage} stage @param {Current} current */
export function troubles(stage, current) {
  const { desk } = stage;
  const { phase } = current;
  if (phase === "weak" || phase === "resuming") return html`${banner("wifi-off", "warn", t("calls.said_weak"))}${hopView(stage, current)}`;
  const speaks = desk.own.isOn("mic");
  const stop = html`<button class="button" data-size="small" type="button" @click=${() => void desk.set("screen", false)}>${t("calls.share_off")}</button>`;
  return html`${phase === "media_only" ? banner("wifi-off", "warn", t("calls.said_media_only")) : null}
    ${speaks && !current.heard ? banner("mic-off", "danger", t("calls.unheard")) : null}
    ${current.unseen.filter((source) => desk.own.isOn(source)).map((source) => banner("video-off", "danger", t(`calls.unseen_${source}`)))}
    ${hopView(stage, current)}
    ${slowedByTcp(current, desk.state.me, desk.watch.figures?.route) ? banner("wifi-off", "warn", t("calls.poor_over_tcp")) : null}
    ${desk.own.isOn("screen") ? banner("screen-share", "good", t("calls.you_share"), stop) : null}
    ${stage.isDeafened ? banner("volume-x", "warn", t("calls.no_sound"), html`<button class="button" data-size="small" type="button" @click=${() => stage.soundOn()}>${t("calls.sound_on")}</button>`) : null}
    ${obstacles(stage)}`;
}
