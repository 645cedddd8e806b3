/** What stands in the place of messages: nothing chosen, not loaded yet, not loaded at all, nothing to see. */

import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { Client } from "./client.js";
import { keptDays } from "./rights.js";

/** @import { RialtoApp } from "./rialto-app.js" */
/** @import { ChatState, MyRoom } from "./types.d.ts" */

/** Messages that are on their way. */
export const SKELETON = html`<div class="timeline-scroll skeleton" aria-hidden="true"><div class="timeline-feed">
  ${["60", "80", "40", "80", "60", "40"].map((width) => html`<div class="message" data-first><span class="bone" data-shape="avatar"></span><div class="message-main"><span class="bone" data-width="20"></span><span class="bone" data-width=${width}></span></div></div>`)}
</div></div>`;

/** @param {string} drawing where it is drawn @param {string} title @param {string} text @param {unknown} [act] @param {string | null} [role] */
function empty(drawing, title, text, act = null, role = null) {
  return html`<div class="empty" role=${role}><svg class="drawing" aria-hidden="true"><use href="${drawing}"></use></svg><h3>${title}</h3><p>${text}</p>${act}</div>`;
}

/** @param {string} name */
const drawn = (name) => `${document.documentElement.dataset.static}icons/drawings.svg#${name}`;

export const noRoomChosen = () => empty(drawn("rooms"), t("chat.choose_room"), t("chat.choose_room_text"));

/** @param {() => void} again */
export function notLoaded(again) {
  return html`<div class="timeline-scroll">${empty("#held-tide", t("chat.not_loaded"), t("chat.not_loaded_text"), html`<button class="button" type="button" @click=${again}>${t("chat.try_again")}</button>`, "alert")}</div>`;
}

/** None of my rooms: it is being looked into, or the look failed, or there is nothing to see. @param {RialtoApp} app @param {string} room */
export function unknownRoom(app, room) {
  const { client } = app;
  switch (client.loads.state[Client.visitKey(room)]) {
    case "loading": return SKELETON;
    case "failed": return notLoaded(() => void client.visit(room));
    case undefined: return stranger(app);
  }
}

/** A room that I may not see, or that does not exist: the server says the same about both. @param {RialtoApp} app */
function stranger(app) {
  const open = () => void import("./room-dialogs.js").then(({ browseRooms }) => browseRooms(app));
  return html`<div class="timeline-scroll">${empty(drawn("lost"), t("chat.not_in_room"), t("chat.not_in_room_text"), html`<button class="button" type="button" @click=${open}>${t("chat.browse")}</button>`)}</div>`;
}

/** What becomes of messages here in time. @param {ChatState} state @param {MyRoom} room */
export function keptWords(state, room) {
  const days = keptDays(state, room);
  return days === null ? t("chat.kept_ever") : t("chat.kept_days", { count: days });
}
