/** What calls the member when the app is not in front of them: title, favicon, notifications of an open tab. */

import { excerptOf } from "./messages.js";
import { memberName, ownNames, roomName, roomTitle } from "./names.js";
import { calls, isUnread } from "./room-order.js";
import { isConversation } from "./rights.js";
import { roomAt } from "./state.js";
import { concerns } from "./unread.js";

/** @import { Entry } from "../lib/socket.js" */
/** @import { MyRoom } from "../types/live.d.ts" */
/** @import { RialtoApp } from "./rialto-app.js" */

const DISMISSED = "rialto-notices-asked";

export class Attention {
  #badge = "";
  /** The icons drawn so far; a hundred at most, so none is given back while the browser may still fetch it. @type {Map<string, string>} */
  #icons = new Map();
  /** @type {Promise<string> | null} */
  #mark = null;

  /** @param {RialtoApp} app */
  constructor(app) {
    this.app = app;
  }

  start() {
    const draw = () => this.#draw();
    this.app.client.store.watch(draw);
    this.app.place.watch(draw);
    ownNames.watch(draw);
    this.app.client.onEvent((entry) => this.#hear(entry));
    draw();
  }

  #draw() {
    const { state } = this.app.client;
    const { room: id } = this.app.place.state;
    const rooms = Object.values(state.rooms).map(({ room }) => room);
    const count = rooms.reduce((sum, room) => sum + calls(room), 0);
    const it = roomAt(state, id)?.room;
    const name = it ? `${roomTitle(state, it)} · ${state.community.name}` : state.community.name;
    const title = count ? `(${count}) ${name}` : name;
    if (document.title !== title) document.title = title;
    void this.#setIcon(count ? (count > 99 ? "99" : String(count)) : rooms.some(isUnread) ? "•" : "");
  }

  /** The mark with a dot or a number on it. @param {string} badge "" takes it away */
  async #setIcon(badge) {
    const link = /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"));
    if (!link || badge === this.#badge) return;
    this.#badge = badge;
    this.#mark ??= fetch(link.href).then((answer) => answer.text());
    const mark = await this.#mark.catch(() => null);
    if (mark === null || this.#badge !== badge) return;
    const sign = badge === "•" ? `<circle cx="25" cy="7" r="6" fill="#c2410c" stroke="#fff" stroke-width="1.5"/>`
      : `<circle cx="22" cy="10" r="10" fill="#c2410c"/><text x="22" y="${badge.length > 1 ? 14 : 15}" font-family="sans-serif" font-weight="700" font-size="${badge.length > 1 ? 11 : 14}" fill="#fff" text-anchor="middle">${badge}</text>`;
    const drawn = badge ? mark.replace("</svg>", `${sign}</svg>`) : mark;
    const url = this.#icons.get(badge) ?? URL.createObjectURL(new Blob([drawn], { type: "image/svg+xml" }));
    this.#icons.set(badge, url);
    link.href = url;
  }

  /** @param {Entry} entry */
  #hear({ room: id, seq, at, event }) {
    if (event.kind === "may_call" && event.about !== null) void import("../social/told-yes.js").then(({ noticeYes }) => noticeYes(event.member, at));
    if (event.kind !== "message_sent" || event.deleted) return;
    const { state } = this.app.client;
    const room = state.rooms[id]?.room;
    if (state.people.blocked.includes(event.author) || state.people.muted.includes(event.author)) return;
    if (!room || event.author === state.me.id || seq <= room.read_seq) return;
    const isForMe = concerns(event.mentions, state.me) || isConversation(room);
    if (room.level === "nothing" || (room.level === "mentions" && !isForMe)) return;
    void this.#notice(event, { room, at, isForMe });
  }

  /** What shows notices is brought with the first message that may need one. @param {Extract<Entry["event"], {kind: "message_sent"}>} event @param {{room: MyRoom, at: number, isForMe: boolean}} about */
  async #notice(event, { room, at, isForMe }) {
    const { isNews, mayNotice, showNotice } = await import("../lib/desktop-notice.js");
    if (!isNews(at)) return;
    if (isForMe && mayAsk()) this.app.dispatchEvent(new CustomEvent("ask-for-notices"));
    if (!mayNotice()) return;
    const { state } = this.app.client;
    const author = memberName(state.members[event.author]);
    const title = room.kind === "direct" ? author : `${author} · ${roomName(state, room)}`;
    // One for each room.
    showNotice(title, { tag: room.id, body: excerptOf(event.body_html ?? ""), press: () => this.app.go(room.id) });
  }
}

/** Whether it makes sense to offer notifications: never decided, never waved away. */
function mayAsk() {
  return "Notification" in window && Notification.permission === "default" && localStorage.getItem(DISMISSED) === null;
}

/** Asks the browser, after the member has agreed to being asked. */
export async function askForNotices() {
  localStorage.setItem(DISMISSED, "yes");
  await Notification.requestPermission();
}

/** Not now, and not again. */
export const declineNotices = () => localStorage.setItem(DISMISSED, "no");
