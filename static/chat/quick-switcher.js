/** The quick switcher: rooms and people by a few letters, chosen with arrows and Enter. */

import { openDialog } from "../lib/dialog.js";
import { html, keyed } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { fold, t } from "../lib/words.js";
import { avatar, memberName, namesOf, others, roomName, roomPicture } from "./names.js";
import { calls, inOrder, isUnread } from "./room-order.js";
import { has, isShut } from "./rights.js";

/** @import { Open } from "../lib/dialog.js" */
/** @import { Member } from "../types/live.d.ts" */
/** @import { RialtoApp } from "./rialto-app.js" */
/** @import { MyRoom } from "./types.d.ts" */

/** @typedef {{key: string, room: MyRoom} | {key: string, member: Member}} Find */

const MOST = 12;

/** @param {RialtoApp} app */
export async function switchTo(app) {
  const { state } = app.client;
  let text = "";
  let at = 0;
  const found = () => finds(app, text);
  /** @param {Open<Find>} open @param {KeyboardEvent} event */
  const press = (open, event) => {
    const all = found();
    const one = all[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") at = (at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % Math.max(1, all.length);
    else if (event.key === "Enter" && one) open.close(one);
    else return;
    event.preventDefault();
    open.redraw();
    open.element.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  };
  const one = await openDialog({
    title: t("chat.find"),
    body: (/** @type {Open<Find>} */ open) => {
      const all = found();
      return html`<div class="input-group">${icon("search")}<input class="input" type="search" role="combobox" autofocus autocomplete="off" placeholder=${t("chat.find_place")} aria-label=${t("chat.find_place")}
          aria-expanded="true" aria-controls="switcher" aria-activedescendant=${all.length ? `switcher-${at}` : null} @keydown=${(/** @type {KeyboardEvent} */ event) => press(open, event)}
          @input=${(/** @type {Event} */ event) => {
            text = /** @type {HTMLInputElement} */ (event.target).value;
            at = 0;
            open.redraw();
          }}></div>
        <div class="section" id="switcher" role="listbox" aria-label=${t("chat.rooms_and_people")}>${keyed(all.map((each, index) => ({ ...each, index })), (each) => each.key, (each) => html`<div class="menu-item" role="option" id="switcher-${String(each.index)}" aria-selected=${String(each.index === at)}
          @click=${() => open.close(each)}>${"room" in each ? html`${roomPicture(state, each.room, 20)}<span dir="auto">${roomName(state, each.room)}</span>${calls(each.room) ? html`<small>${String(calls(each.room))}</small>` : null}`
            : html`${avatar(each.member, { size: 20, isHere: state.presence[each.member.id] ?? false })}<span dir="auto">${memberName(each.member)}</span><small>@${each.member.username}</small>`}</div>`)}</div>
        ${all.length ? null : html`<p class="empty-line" role="status">${t("chat.nothing_found")}</p>`}`;
    },
  });
  if (!one) return;
  if ("room" in one) return app.go(one.room.id);
  const { writeToOne } = await import("./room-dialogs.js");
  await writeToOne(app, one.member.id);
}

/** What is unread first, while nothing is typed. @param {RialtoApp} app @param {string} text @returns {Find[]} */
function finds(app, text) {
  const { state } = app.client;
  const wanted = fold(text.trim().replace(/^[#@]/, ""));
  /** @param {string} name */
  const fit = (name) => (fold(name).startsWith(wanted) ? 2 : fold(name).split(/[\s_-]+/).some((word) => word.startsWith(wanted)) ? 1 : fold(name).includes(wanted) ? 0 : -1);
  const rooms = inOrder(state).map((room) => ({ room, fit: fit(roomName(state, room)) })).filter((each) => each.fit >= 0 && !(wanted === "" && each.room.id === app.place.state.room))
    .sort((a, b) => b.fit - a.fit || calls(b.room) - calls(a.room) || Number(isUnread(b.room)) - Number(isUnread(a.room)));
  const written = new Set(inOrder(state).filter((room) => room.kind === "direct").flatMap((room) => others(state, room)));
  const members = wanted && has(state, "messages.direct") && !isShut(state, "message") ? Object.values(state.members).filter((member) => member.state === "active" && member.id !== state.me.id && !written.has(member.id) && Math.max(...namesOf(member).map(fit)) >= 0) : [];
  return [...rooms.map(({ room }) => ({ key: room.id, room })), ...members.map((member) => ({ key: member.id, member }))].slice(0, MOST);
}
