/** `<owed-banner>`: over the whole app, while a payment is due: for what, how many days are left, and the way to mend it. */

import { Surface } from "../chat/surface.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";

/** @import { ChatState } from "../chat/types.d.ts" */

const DAY_MS = 86_400_000;

/** Days that are left until then, one that has begun counted whole. @param {number} until @param {number} now */
export const daysLeft = (until, now) => Math.max(0, Math.floor((until - now) / DAY_MS) + 1);

class OwedBanner extends Surface {
  /** @override @param {ChatState} state */
  view({ owed }) {
    const days = owed ? daysLeft(owed.until, Date.now()) : 0;
    // What has lapsed is not asked for any more: that it has is on its way.
    if (!owed || days === 0) return null;
    return html`<section class="banner" data-tone="danger" aria-label=${t("billing.owed_banner")}>${icon("triangle-alert")}<p role="status"><b>${t("billing.owed_banner")}</b> <bdi>${owed.plan}</bdi> · ${t("billing.owed_days", { count: days })}</p><a class="button" data-size="small" href="/settings/membership">${t("billing.pay_now")}</a></section>`;
  }
}

customElements.define("owed-banner", OwedBanner);
