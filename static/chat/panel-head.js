/** The head of every panel: its title and the way out. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";

/** @import { RialtoApp } from "./rialto-app.js" */

/** @param {RialtoApp} app @param {string} title @param {() => void} [back] to the panel before this one */
export const panelHead = (app, title, back) => html`<header class="header">${back ? html`<button class="icon-button" type="button" aria-label=${t("chat.back")} @click=${back}>${icon("arrow-left")}</button>` : null}
  <div class="header-title"><h2 tabindex="-1" dir="auto">${title}</h2></div>
  <div class="header-tools"><button class="icon-button" type="button" aria-label=${t("chat.close_panel")} title=${t("chat.close_panel")} @click=${() => app.show(null)}>${icon("x")}</button></div></header>`;

/** What did not load, and the way to try again. @param {string} text @param {() => void} again */
export const panelFailed = (text, again) => html`<div class="failed" role="alert">${icon("triangle-alert")}<p>${text}</p><button class="button" data-size="small" type="button" @click=${again}>${t("chat.try_again")}</button></div>`;

/** Rows while they load. */
export const panelBones = html`<div class="skeleton" aria-hidden="true">${["60", "40", "80", "60", "40"].map((width) => html`<div class="row"><span class="bone" data-shape="arch"></span><span class="bone" data-width=${width}></span></div>`)}</div>`;
