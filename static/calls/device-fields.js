/** The choice of microphone, camera and speaker, before a call and in it. */

import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { chosen, choose, devices } from "./devices.js";

/** @import { OwnMedia } from "./own-media.js" */
/** @import { Device } from "./devices.js" */

/** What there is to choose from; read again with every change. @type {{mics: Device[], cams: Device[], speakers: Device[]}} */
let known = { mics: [], cams: [], speakers: [] };

/** @param {() => void} then */
export function readDevices(then) {
  void devices().then((found) => {
    if (JSON.stringify(found) === JSON.stringify(known)) return;
    known = found;
    then();
  });
}

/** @param {string} id @param {string} label @param {Device[]} all @param {string} value @param {(id: string) => void} pick */
function field(id, label, all, value, pick) {
  if (!all.length) return null;
  const name = (/** @type {Device} */ device, /** @type {number} */ at) => device.label || t("calls.device", { number: at + 1 });
  return html`<div class="field"><label for=${id}>${label}</label><select class="input" id=${id} @change=${(/** @type {Event} */ event) => pick(/** @type {HTMLSelectElement} */ (event.target).value)}>
    <option value="" ?selected=${!all.some((each) => each.id === value)}>${t("calls.device_default")}</option>
    ${all.map((device, at) => html`<option value=${device.id} ?selected=${device.id === value}>${name(device, at)}</option>`)}</select></div>`;
}

/** @param {{desk: {own: OwnMedia}, routeSound: () => void}} stage @param {{hasCamera: boolean, redraw: () => void}} options */
export function deviceFields(stage, { hasCamera, redraw }) {
  const choice = chosen();
  const take = (/** @type {"mic" | "cam"} */ kind) => (/** @type {string} */ id) => void stage.desk.own.switchTo(kind, id).then(redraw);
  const speak = (/** @type {string} */ id) => {
    choose({ speaker: id });
    stage.routeSound();
  };
  const canRoute = "setSinkId" in HTMLMediaElement.prototype;
  return html`${field("call-mic", t("calls.microphone"), known.mics, choice.mic, take("mic"))}
    ${hasCamera ? field("call-cam", t("calls.camera"), known.cams, choice.cam, take("cam")) : null}
    ${canRoute ? field("call-speaker", t("calls.speaker"), known.speakers, choice.speaker, speak) : null}`;
}
