/** The panel with what a room is: its topic, kind, age and size. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { date, span, t } from "../lib/words.js";
import { memberName, roomPicture, roomTitle } from "./names.js";
import { isConversation, mayChange } from "./rights.js";
import { panelHead } from "./panel-head.js";
import { keptWords } from "./timeline-states.js";

/** @import { RialtoApp } from "./rialto-app.js" */
/** @import { RoomState } from "./types.d.ts" */

/** @param {RialtoApp} app @param {RoomState} it */
export function detailsView(app, { room }) {
  const { state } = app.client;
  const maker = room.created_by === null ? undefined : state.members[room.created_by];
  if (room.created_by !== null && !maker) app.client.want([room.created_by]);
  const change = () => void import("./room-dialogs.js").then(({ changeRoom }) => changeRoom(app, room));
  return html`${panelHead(app, t("chat.details"))}<div class="panel-scroll"><div class="profile">${roomPicture(state, room, 48)}<h2 dir="auto">${roomTitle(state, room)}</h2>
    ${room.topic ? html`<p dir="auto">${room.topic}</p>` : null}
    <p>${t(`chat.kind_${room.kind}`)} · ${t("chat.member_count", { count: room.member_count })}</p>
    ${room.history === "since_join" ? html`<p>${t("chat.history_since_join_help")}</p>` : null}
    ${room.slow_seconds ? html`<p>${t("chat.slow_every", { time: span(room.slow_seconds) })}</p>` : null}
    ${isConversation(room) ? null : html`<p>${keptWords(state, room)}</p>`}
    <p>${maker ? t("chat.made_by", { name: memberName(maker), date: date(room.created_at, "date") }) : t("chat.made_on", { date: date(room.created_at, "date") })}</p>
    ${mayChange(state, room) ? html`<div class="buttons"><button class="button" type="button" @click=${change}>${icon("pencil")}${t("chat.change_room")}</button></div>` : null}</div></div>`;
}
