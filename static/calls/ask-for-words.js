/** A dialog for a few words to somebody whose call one does not take. */

import { openDialog } from "../lib/dialog.js";
import { html } from "../lib/html.js";
import { t } from "../lib/words.js";

/** @import { Open } from "../lib/dialog.js" */

/** @param {string} name to whom @returns {Promise<string | null>} */
export function askForWords(name) {
  let text = "";
  return openDialog({
    title: t("calls.reply_to", { name }),
    body: (/** @type {Open<string>} */ open) => html`<div class="field"><label for="call-reply">${t("calls.reply_label")}</label>
      <textarea class="input" id="call-reply" maxlength="1000" dir="auto" autofocus @input=${(/** @type {Event} */ event) => {
        text = /** @type {HTMLTextAreaElement} */ (event.target).value;
        open.redraw();
      }}></textarea></div>`,
    actions: (open) => html`<button class="button" data-kind="quiet" type="button" @click=${() => open.close(null)}>${t("calls.cancel")}</button>
      <button class="button" data-kind="primary" type="button" ?disabled=${!text.trim()} @click=${() => open.close(text.trim())}>${t("calls.reply_send")}</button>`,
  });
}
