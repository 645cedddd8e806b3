/** The sign of a verified member beside the name, with its reason for whoever asks. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { moment, t } from "../lib/words.js";

/** @import { Badge, Member } from "../types/live.d.ts" */

/** @param {Badge} badge */
const said = (badge) => badge.text || t("billing.verified");

/** @param {Badge} badge */
const hue = (badge) => (badge.hue === null ? null : String(badge.hue));

/** @param {Badge} badge */
const tone = (badge) => (badge.hue === null ? "accent" : null);

/** Why somebody is verified, in one sentence. @param {Badge} badge */
export const reason = (badge) => `${t(badge.by === "plan" ? "billing.verified_by_plan" : "billing.verified_by_administrator")} ${t("billing.verified_since", { time: moment(badge.since) })}`;

/** Where nothing can be pressed: within another button. @param {Member | undefined} member */
export const verifiedMark = (member) => (member?.badge && member.state !== "deleted"
  ? html`<span class="badge" data-tone=${tone(member.badge)} data-hue=${hue(member.badge)} title=${reason(member.badge)}>${icon("shield-check")}<span dir="auto">${said(member.badge)}</span></span>` : null);

/** Says why, beside the sign that was pressed. @param {Element} sign @param {Badge} badge */
export async function askWhy(sign, badge) {
  const { openFloating } = await import("../lib/menu.js");
  const close = openFloating(sign, "menu", said(badge), () => html`<p class="menu-reason" tabindex="-1">${reason(badge)}</p>`);
  /** @type {HTMLElement | null} */ (close.element.querySelector(".menu-reason"))?.focus();
}

/** A sign that says why when it is pressed, by mouse or keys. @param {Member | undefined} member */
export function verifiedSign(member) {
  const badge = member?.badge;
  if (!badge || member.state === "deleted") return null;
  /** @param {Event} event */
  const ask = (event) => void askWhy(/** @type {Element} */ (event.currentTarget), badge);
  return html`<button class="badge" data-tone=${tone(badge)} data-hue=${hue(badge)} type="button" title=${reason(badge)} aria-haspopup="true" aria-expanded="false" @click=${ask}>${icon("shield-check")}<span dir="auto">${said(badge)}</span></button>`;
}
