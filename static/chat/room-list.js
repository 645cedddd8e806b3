/** `<room-list>`: the sidebar with my rooms and conversations, and the ways to more of them. */

import { html, keyed } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { askForNotices, declineNotices } from "./attention.js";
import { ConnectionStrip } from "./connection-strip.js";
import { avatar, memberName, others, realName, roomName, roomPicture } from "./names.js";
import { pathOf } from "./place.js";
import { calls, isUnread, sections } from "./room-order.js";
import { mayBegin, roomKinds } from "./rights.js";
import { Surface } from "./surface.js";

/** @import { ChatState, MyRoom } from "./types.d.ts" */

class RoomList extends Surface {
  #isAsking = false;
  #strip = new ConnectionStrip(() => this.update());

  /** @override */
  started() {
    this.app.addEventListener("ask-for-notices", () => {
      this.#isAsking = true;
      this.update();
    });
    this.app.narrow.addEventListener("change", () => this.update());
    this.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @override */
  update() {
    super.update();
    const { state } = this.app.client;
    this.app.client.presence.watch("list", sections(state).people.flatMap((room) => (room.kind === "direct" ? others(state, room) : [])));
    this.app.client.want(sections(state).people.flatMap((room) => [...(room.members ?? []), ...(room.invited ?? [])]));
  }

  /** Arrows go from room to room; Tab still stops at each, as at any list of links. @param {KeyboardEvent} event */
  #press(event) {
    const rows = /** @type {HTMLElement[]} */ ([...this.querySelectorAll("a.row")]);
    const from = rows.indexOf(/** @type {HTMLElement} */ (event.target));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (from < 0 || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    rows[from + step]?.focus();
  }

  /** @override @param {ChatState} state */
  view(state) {
    const { rooms, people } = sections(state);
    const { me, community } = state;
    return html`<header class="sidebar-head"><span class="community-icon" data-size="28" aria-hidden="true">${[...community.name][0] ?? ""}</span><b dir="auto">${community.name}</b>
        ${roomKinds(state).length ? html`<button class="icon-button" type="button" aria-label=${t("chat.new_room")} title=${t("chat.new_room")} @click=${() => void this.#dialog("newRoom")}>${icon("plus")}</button>` : null}</header>
      <div class="sidebar-search"><button class="search-button" type="button" @click=${() => void this.app.find()}>${icon("search")}<span>${t("chat.find")}</span><kbd>${t("chat.find_keys")}</kbd></button></div>
      ${this.app.narrow.matches && this.app.place.state.room === null ? this.#strip.view(this.app.client) : null}
      ${this.#isAsking ? this.#question() : null}
      <nav class="sidebar-scroll" aria-label=${t("chat.rooms")}>
        ${this.#section(state, "rooms", t("chat.rooms"), rooms, t("chat.browse"), () => void this.#dialog("browseRooms"), t("chat.no_rooms"))}
        ${this.#section(state, "people", t("chat.people"), people, t("chat.write_to"), mayBegin(state) ? () => void this.#dialog("writeTo") : null, t("chat.no_people"))}
      </nav>
      <footer class="me-card">${avatar(me, { size: 32, isHere: state.connection.status === "open" })}<span class="me-card-text"><b dir="auto">${memberName(me)}</b><small dir="auto">${me.status ? [me.status.emoji, me.status.text].filter(Boolean).join(" ") : `@${me.username}`}</small></span>
        <a class="icon-button" href="/settings" aria-label=${t("chat.settings")} title=${t("chat.settings")}>${icon("settings")}</a></footer>`;
  }

  /**
   * @param {ChatState} state @param {string} id @param {string} title @param {MyRoom[]} rooms
   * @param {string} more @param {(() => void) | null} onMore null: there is no way to more of them @param {string} empty
   */
  #section(state, id, title, rooms, more, onMore, empty) {
    return html`<section class="section" aria-labelledby="list-${id}">
      <header class="section-head"><h2 id="list-${id}">${title}</h2>${onMore ? html`<button class="icon-button" data-size="small" type="button" aria-label=${more} title=${more} @click=${onMore}>${icon("plus")}</button>` : null}</header>
      ${rooms.length ? keyed(rooms, (room) => room.id, (room) => this.#row(state, room)) : html`<p class="empty-line">${empty}</p>`}
    </section>`;
  }

  /** @param {ChatState} state @param {MyRoom} room */
  #row(state, room) {
    const isOpen = this.app.place.state.room === room.id;
    const count = calls(room);
    const draft = !isOpen && this.app.client.drafts.get(room.id);
    const call = state.calls[room.id];
    const mark = call?.members.length ? html`<span class="row-call" role="img" aria-label=${t("calls.goes_on", { count: call.members.length })}>${icon("phone-call")}${String(call.members.length)}</span>`
      : count ? html`<span class="pill" role="img" aria-label=${t("chat.calls_you", { count })}>${count > 99 ? "99+" : String(count)}</span>`
      : isUnread(room) ? html`<span class="row-dot" role="img" aria-label=${t("chat.unread")}></span>`
      : draft ? html`<small>${t("chat.draft")}</small>`
      : room.level === "nothing" ? html`<span class="row-note" role="img" aria-label=${t("chat.silent")}>${icon("bell-off")}</span>` : null;
    const real = room.kind === "direct" ? realName(state.members[others(state, room)[0] ?? ""]) : null;
    return html`<a class="row" href=${pathOf({ room: room.id })} title=${real} aria-current=${isOpen ? "page" : null} data-unread=${isUnread(room) ? "" : null}
      data-muted=${room.level === "nothing" || room.archived ? "" : null}>${roomPicture(state, room, 20)}<span class="row-label" dir="auto">${roomName(state, room)}</span>${mark}</a>`;
  }

  #question() {
    const end = () => {
      this.#isAsking = false;
      this.update();
    };
    return html`<div class="banner" role="note">${icon("bell")}<p>${t("chat.ask_notices")}</p>
      <div class="buttons"><button class="button" data-kind="primary" data-size="small" type="button" @click=${() => void askForNotices().then(end)}>${t("chat.turn_on")}</button>
      <button class="button" data-kind="quiet" data-size="small" type="button" @click=${() => (declineNotices(), end())}>${t("chat.not_now")}</button></div></div>`;
  }

  /** @param {"newRoom" | "browseRooms" | "writeTo"} name */
  async #dialog(name) {
    const dialogs = await import("./room-dialogs.js");
    await dialogs[name](this.app);
  }
}

customElements.define("room-list", RoomList);
