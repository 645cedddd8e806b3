/** An icon from the page's sprite, or from the page itself, which holds those of a lost connection. */

import { html } from "./html.js";

/** As `layout/base.html` holds them. */
const HELD = new Set(["circle-alert", "triangle-alert", "wifi-off"]);

/**
 * @param {string} name Lucide's name, as listed with the server's sprite
 * @returns {import("./html.js").View}
 */
export const icon = (name) => html`<svg class="icon" aria-hidden="true"><use href="${HELD.has(name) ? `#held-${name}` : `${document.documentElement.dataset.sprite}#${name}`}"></use></svg>`;
