/** `<room-header>`: the open room's name, topic and acts, and the connection strip under them. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { list, moment, t } from "../lib/words.js";
import { ConnectionStrip } from "./connection-strip.js";
import { memberName, others, realName, roomName, roomPicture } from "./names.js";
import { isConversation, isVisitor, mayAdd, mayChange, mayRing } from "./rights.js";
import { roomAt } from "./state.js";
import { Surface } from "./surface.js";

/** @import { ChatState, Level, MyRoom } from "./types.d.ts" */

/** @type {Level[]} */
const LEVELS = ["all", "mentions", "nothing"];

class RoomHeader extends Surface {
  #strip = new ConnectionStrip(() => this.update());

  /** @override */
  started() {
    addEventListener("online", () => this.update());
    addEventListener("offline", () => this.update());
  }

  /** @override @param {ChatState} state */
  view(state) {
    const { room: id } = this.app.place.state;
    const room = roomAt(state, id)?.room;
    return html`<header class="header">${room ? this.#head(state, room) : this.#back()}</header>${this.#strip.view(this.app.client)}`;
  }

  #back() {
    return html`<a class="icon-button header-back" href="/" aria-label=${t("chat.rooms")}>${icon("arrow-left")}</a>`;
  }

  /** @param {ChatState} state @param {MyRoom} room */
  #head(state, room) {
    const isOpen = this.app.place.state.panel?.kind === "members";
    return html`${this.#back()}${roomPicture(state, room, 28)}
      <div class="header-title"><h1 dir="auto" title=${room.kind === "direct" ? realName(state.members[others(state, room)[0] ?? ""]) : null}>${roomName(state, room)}</h1><p dir="auto">${this.#under(state, room)}</p></div>
      <div class="header-tools">
        ${this.#call(state, room)}
        ${room.kind === "direct" ? null : html`<button class="icon-button" type="button" aria-label=${t("chat.members_title")} title=${t("chat.member_count", { count: room.member_count })}
          aria-pressed=${String(isOpen)} @click=${() => this.app.toggle({ kind: "members" })}>${icon("users")}</button>`}
        ${isVisitor(state, room) ? null : html`<button class="icon-button" type="button" aria-label=${t("chat.more")} title=${t("chat.more")} aria-haspopup="menu" aria-expanded="false"
          @click=${(/** @type {Event} */ event) => void this.#menu(/** @type {Element} */ (event.currentTarget), room)}>${icon("ellipsis")}</button>`}
      </div>`;
  }

  /** The way into a call with whoever is here: ring them, join them, or see why one may not begin. @param {ChatState} state @param {MyRoom} room */
  #call(state, room) {
    const isThere = (/** @type {string} */ id) => state.members[id]?.state === "active";
    const hasVoice = isConversation(room) ? room.kind === "group" || others(state, room).some(isThere) : room.voice;
    if (!hasVoice || room.archived || isVisitor(state, room)) return null;
    const call = state.calls[room.id];
    if (!call && isConversation(room) && !mayRing(state)) return null;
    const open = (/** @type {Event} */ event) => {
      const anchor = /** @type {Element} */ (event.currentTarget);
      void import("../calls/call-menu.js").then(({ callFrom }) => callFrom(this.app, room, anchor));
    };
    if (call) return html`<button class="button header-call" data-call data-size="small" data-kind="primary" type="button" aria-keyshortcuts="Control+Alt+S" @click=${open}>${icon("phone-call")}<span>${call.members.length ? t("calls.join_count", { count: call.members.length }) : t("calls.join")}</span></button>`;
    const mayStart = state.entitlements["calls.start"];
    const label = t(mayStart ? (isConversation(room) ? "calls.start" : "calls.open_room") : "calls.start_locked");
    return html`<button class="icon-button" data-call type="button" aria-label=${label} title=${label} aria-keyshortcuts="Control+Alt+S" aria-haspopup=${mayStart ? "menu" : "dialog"} aria-expanded=${mayStart ? "false" : null} data-locked=${mayStart ? null : ""} @click=${open}>${icon("phone")}${mayStart ? null : html`<span class="lock-mark" aria-hidden="true">${icon("lock")}</span>`}</button>`;
  }

  /** The line beside the name: the topic, or what the other one is doing. @param {ChatState} state @param {MyRoom} room */
  #under(state, room) {
    if (room.archived) return t("chat.is_archived");
    const waits = (room.topic ? null : room.invited) ?? [];
    if (waits.length) return t("chat.waits_for", { names: list(waits.map((id) => memberName(state.members[id]))) });
    if (room.kind !== "direct") return room.topic;
    const other = state.members[others(state, room)[0] ?? ""];
    const status = other?.status && (other.status.until === null || other.status.until > Date.now()) ? other.status : null;
    const said = status ? [status.emoji, status.text].filter(Boolean).join(" ") : "";
    return said || (other && state.presence[other.id] ? t("chat.here_now") : "");
  }

  /** @param {Element} anchor @param {MyRoom} room */
  async #menu(anchor, room) {
    const { openMenu } = await import("../lib/menu.js");
    const { client } = this.app;
    const dialogs = import("./room-dialogs.js");
    openMenu(anchor, t("chat.room_menu"), [
      { label: t("chat.details"), icon: "info", run: () => this.app.show({ kind: "details" }) },
      { label: t("chat.pinned_messages"), icon: "pin", run: () => this.app.show({ kind: "pins" }) },
      ...(mayAdd(client.state, room) ? [{ label: t("chat.add_members"), icon: "user-plus", run: () => void dialogs.then((all) => all.addMembers(this.app, room)) }] : []),
      ...(mayChange(client.state, room) ? [{ label: t("chat.change_room"), icon: "pencil", run: () => void dialogs.then((all) => all.changeRoom(this.app, room)) }] : []),
      { line: /** @type {const} */ (true) },
      { title: t("chat.tell_me_about") },
      ...LEVELS.map((level) => ({ label: t(`chat.level_${level}`), checked: room.level === level, run: () => void dialogs.then((all) => all.setLevel(room, level)) })),
      ...(room.kind === "direct" ? [] : [{ line: /** @type {const} */ (true) }]),
      ...(mayChange(client.state, room) && !isConversation(room) ? [room.archived
        ? { label: t("chat.unarchive"), icon: "archive-restore", run: () => void dialogs.then((all) => all.archive(room, false)) }
        : { label: t("chat.archive"), icon: "archive", run: () => void dialogs.then((all) => all.archive(room, true)) }] : []),
      ...(room.kind === "direct" ? [] : [{ label: t("chat.leave"), icon: "log-out", danger: true, run: () => void dialogs.then((all) => all.leave(this.app, room)) }]),
    ]);
  }
}

/** "Marta Olsen, 12 October 2026", for details. @param {ChatState} state @param {MyRoom} room */
export const madeBy = (state, room) => `${memberName(state.members[room.created_by ?? ""])}, ${moment(room.created_at)}`;

customElements.define("room-header", RoomHeader);
