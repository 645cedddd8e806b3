/** Another microphone, camera or speaker while the call goes on. */

import { openDialog } from "../lib/dialog.js";
import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { deviceFields, readDevices } from "./device-fields.js";
import { chosen, choose } from "./devices.js";
import { isMuted, setMuted } from "./tones.js";

/** @import { CallStage } from "./call-stage.js" */

/** @param {CallStage} stage */
export function chooseDevices(stage) {
  const hasCamera = stage.desk.current?.call?.pictures ?? false;
  const mirror = (/** @type {Event} */ event) => {
    choose({ mirrors: /** @type {HTMLInputElement} */ (event.target).checked });
    stage.update();
  };
  void openDialog({
    title: t("calls.devices"),
    signal: stage.lasting,
    body: ({ redraw }) => {
      readDevices(redraw);
      return html`${deviceFields(stage, { hasCamera, redraw })}
        ${hasCamera ? html`<label class="switch"><span>${t("calls.mirror")}</span><input type="checkbox" role="switch" .checked=${chosen().mirrors} @change=${mirror}></label>` : null}
        <label class="switch"><span>${t("calls.sounds")}</span><input type="checkbox" role="switch" .checked=${!isMuted()} @change=${(/** @type {Event} */ event) => setMuted(!(/** @type {HTMLInputElement} */ (event.target).checked))}></label>`;
    },
  });
}
