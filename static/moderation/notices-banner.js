/** `<notices-banner>`: over the whole app, while something that those who keep the peace said was not read. */

import { Surface } from "../chat/surface.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";

/** @import { ChatState } from "../chat/types.d.ts" */

class NoticesBanner extends Surface {
  /** @override @param {ChatState} state */
  view({ people: { notices } }) {
    if (!notices) return null;
    return html`<section class="banner" data-tone="warn" aria-label=${t("moderation.banner")}>${icon("shield")}<p role="status">${t("moderation.banner_text", { count: notices })}</p><a class="button" data-size="small" href="/settings/notices">${t("moderation.banner_open")}</a></section>`;
  }
}

customElements.define("notices-banner", NoticesBanner);
