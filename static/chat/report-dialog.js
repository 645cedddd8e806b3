/** Reports a message to those who keep the peace: a reason, and words for them. */

import { post } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { Refused, sentence } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";

/** @import { Message } from "../types/live.d.ts" */

const REASONS = ["spam", "harassment", "hate", "content", "impersonation", "other"];

/** @param {Message} message */
export async function reportMessage(message) {
  let problem = "";
  let isBusy = false;
  const isSent = await openDialog({
    title: t("social.report"),
    body: () => html`<form class="form" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <p>${t("social.report_lead")}</p>
      <div class="field"><label for="report-reason">${t("social.report_reason")}</label><select class="input" id="report-reason" name="reason" autofocus>${REASONS.map((reason) => html`<option value=${reason}>${t(`social.reason_${reason}`)}</option>`)}</select></div>
      <div class="field"><label for="report-text">${t("social.report_say")}</label><textarea class="input" id="report-text" name="text" rows="3" maxlength="1000" dir="auto"></textarea></div>
      <div role="alert">${problem ? html`<div class="banner" data-tone="danger">${icon("circle-alert")}<p>${problem}</p></div>` : null}</div></form>`,
    actions: ({ close, redraw, element }) => html`<button class="button" data-kind="quiet" type="button" @click=${() => close(null)}>${t("shell.close")}</button>
      <button class="button" data-kind="danger" type="button" ?data-busy=${isBusy} @click=${async () => {
        if (isBusy) return;
        isBusy = true;
        problem = "";
        redraw();
        try {
          const value = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (element.querySelector(`[name=${name}]`)).value;
          await post("/api/v1/reports", { message: message.id, reason: value("reason"), text: value("text") });
          close(true);
        } catch (error) {
          problem = error instanceof Refused && error.problems.length ? error.problems.map((one) => t(one.code)).join(" ") : sentence(error);
          isBusy = false;
          redraw();
        }
      }}>${t("social.report_send")}</button>`,
  });
  if (isSent) toast(t("social.reported"), { icon: "circle-check" });
}
