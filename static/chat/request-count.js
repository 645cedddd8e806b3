/** `<request-count>`: how many requests wait for my answer, on the way to them. */

import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { Surface } from "./surface.js";

/** @import { ChatState } from "./types.d.ts" */

class RequestCount extends Surface {
  /** @override @param {ChatState} state */
  view(state) {
    const count = state.people.requests;
    return count > 0 ? html`<span class="pill" role="img" aria-label=${t("social.requests_waiting", { count })}>${count > 99 ? "99+" : String(count)}</span>` : null;
  }
}

customElements.define("request-count", RequestCount);
