/** An icon from the page's sprite. */

import { html } from "./html.js";

/**
 * @param {string} name Lucide's name, as listed with the server's sprite
 * @returns {import("./html.js").View}
 */
export const icon = (name) => html`<svg class="icon" aria-hidden="true"><use href="${document.documentElement.dataset.sprite}#${name}"></use></svg>`;
