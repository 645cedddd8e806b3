/** `<rialto-app>`: owns the client and the place one is at; addresses, keys and links of the whole app. */

import { Store } from "../lib/store.js";
import { Attention } from "./attention.js";
import { Client } from "./client.js";
import { others, roomTitle } from "./names.js";
import { moved, parse, pathOf } from "./place.js";
import { inOrder, neighbour } from "./room-order.js";

/** @import { PageData } from "./client.js" */
/** @import { Move, Panel, Place, Writing } from "./place.js" */

const LAST_ROOM = "rialto-last-room";

export class RialtoApp extends HTMLElement {
  /** @type {Client} */
  client = /** @type {any} */ (null);
  /** @type {Store<Place, Move>} */
  place = new Store({ room: null, target: null, visit: 0, panel: null, writing: null }, moved);
  narrow = matchMedia("(max-width: 719.98px)");
  /** Where the panel lies over the room instead of beside it. */
  overlaid = matchMedia("(max-width: 1023.98px)");
  /** @type {() => void} */
  #isReady = () => undefined;
  ready = new Promise((resolve) => (this.#isReady = () => resolve(undefined)));
  /** The calls of this tab, brought here by the first one that concerns it. @type {Promise<import("../calls/desk.js").CallDesk> | null} */
  #calls = null;
  #hasPanel = false;
  /** Whether the newest entry of the history is a panel over the room. */
  #isLayered = false;

  connectedCallback() {
    if (this.client) return;
    const page = document.getElementById("page")?.textContent;
    if (!page) return;
    /** @type {PageData} */
    const data = JSON.parse(page);
    this.client = new Client(data, { url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`, target: parse(location.pathname).target });
    this.#arrive(parse(location.pathname));
    this.#isReady();
    this.place.watch((now, before) => this.#moved(now, before));
    // A room that I left is no place to be.
    this.client.store.watch((now, before) => {
      const { room } = this.place.state;
      if (room && before.rooms[room] && !now.rooms[room]) this.go(null, { replace: true });
    });
    this.client.store.watch((now, before) => {
      for (const member of now.people.blocked) if (!before.people.blocked.includes(member)) void this.#calls?.then((desk) => desk.shutOut(member));
    });
    this.client.store.watch(() => this.#tells());
    this.#tells();
    this.client.ear = this.#ear();
    this.client.start();
    new Attention(this).start();
    addEventListener("popstate", () => this.#back());
    this.narrow.addEventListener("change", () => this.#settle());
    document.addEventListener("click", (event) => this.#follow(event));
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Few owe something, have a notice to read, or were told yes: for the others nothing is loaded. */
  #tells() {
    const { owed, people } = this.client.state;
    if (owed) this.#lay("owed-banner", ".owed");
    if (people.notices) this.#lay("notices-banner", ".told");
    if (Object.keys(people.may_call).length) this.#lay("yes-banner", ".lets");
  }

  /** Lays a banner over the app. What the server drew stays until the element draws it. @param {string} name @param {string} drawnAs */
  #lay(name, drawnAs) {
    if (this.querySelector(name)) return;
    const [banner, drawn] = [document.createElement(name), this.querySelector(drawnAs)];
    banner.append(...(drawn?.childNodes ?? []));
    if (drawn) drawn.replaceWith(banner);
    else this.querySelector(".rail")?.before(banner);
  }

  /** Hears of calls, and loads what shows them when one rings for me or is mine. @returns {import("./client.js").CallEar} */
  #ear() {
    const concernsMe = (/** @type {{part: string}} */ { part }) => part !== "outside";
    return {
      notice: (notice) => {
        if (this.#calls || notice.type === "call.ring" || (notice.type === "call.state" && concernsMe(notice))) void this.calls().then((desk) => desk.hear(notice));
      },
      greeted: (greeting) => {
        // A page that was loaded anew has left itself a note: see calls/stay.js.
        if (this.#calls || greeting.calls.some(concernsMe) || sessionStorage.getItem("rialto-call") !== null) void this.calls().then((desk) => desk.greeted(greeting));
      },
      line: (isUp) => void this.#calls?.then((desk) => desk.lineIs(isUp)),
    };
  }

  /** The calls of this tab. */
  calls() {
    this.#calls ??= import("../calls/open.js").then(async ({ openCalls }) => {
      const desk = await openCalls(this.client.socket, this.client.state.me.id, { known: (id) => this.client.state.members[id], place: this.#besideCalls(), blocked: () => this.client.state.people.blocked });
      if (this.client.greeting) desk.greeted(this.client.greeting);
      return desk;
    });
    return this.#calls;
  }

  /** What the app can show of a call, and beside it. @returns {import("../calls/call-stage.js").Room} */
  #besideCalls() {
    const { client } = this;
    const room = (/** @type {string | null} */ id) => (id === null ? undefined : client.state.rooms[id]?.room);
    return {
      go: (id) => this.go(id),
      nameOf: (id) => {
        const it = room(id);
        return it ? roomTitle(client.state, it) : null;
      },
      membersIn: (id) => (id === null ? null : (client.state.calls[id]?.members ?? null)),
      conversationWith: (member) => Object.values(client.state.rooms).find((it) => it.room.kind === "direct" && others(client.state, it.room)[0] === member)?.room.id ?? null,
      pick: async (options) => {
        const { knownToApp, pickMembers } = await import("./member-picker.js");
        return pickMembers(knownToApp(this), options);
      },
    };
  }

  /**
   * Goes to a room, or to the list.
   * @param {string | null} room @param {{target?: number | null, replace?: boolean}} [options]
   */
  go(room, { target = null, replace = false } = {}) {
    const path = pathOf({ room, target });
    if (replace || this.#isLayered || path === location.pathname) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
    this.#arrive({ room, target });
  }

  /** Going back closes a panel that lies over the room, before it leaves the room. */
  #back() {
    const where = parse(location.pathname);
    if (!this.#isLayered || where.room !== this.place.state.room) return this.#arrive(where);
    this.#isLayered = false;
    this.place.dispatch({ type: "panel", panel: null });
  }

  /** @param {{room: string | null, target: number | null}} where */
  #arrive({ room, target }) {
    this.#isLayered = false;
    this.place.dispatch({ type: "gone_to", room, target });
    this.dataset.view = room === null ? "list" : "room";
    this.client.opened(room);
    if (room !== null) localStorage.setItem(LAST_ROOM, room);
    this.#settle();
  }

  /** Where the list and a room stand side by side, a room is always open. */
  #settle() {
    if (this.narrow.matches || this.place.state.room !== null) return;
    const { rooms } = this.client.state;
    const last = localStorage.getItem(LAST_ROOM);
    const room = last && rooms[last] ? last : inOrder(this.client.state)[0]?.id;
    if (room) queueMicrotask(() => this.place.state.room === null && this.go(room, { replace: true }));
  }

  /** @param {Panel | null} panel */
  show(panel) {
    const isOpen = this.place.state.panel !== null;
    if (panel && !isOpen && this.overlaid.matches) {
      history.pushState(null, "");
      this.#isLayered = true;
    }
    if (!panel && isOpen && this.#isLayered) return history.back();
    this.place.dispatch({ type: "panel", panel });
  }

  /** Opens a panel, or closes it when it is the one that is open. @param {Panel} panel */
  toggle(panel) {
    this.show(this.place.state.panel?.kind === panel.kind ? null : panel);
  }

  /** @param {Writing | null} writing */
  write(writing) {
    this.place.dispatch({ type: "writing", writing });
  }

  /** @param {Place} now @param {Place} before */
  #moved(now, before) {
    if (now.panel === before.panel) return;
    const aside = /** @type {HTMLElement | null} */ (this.querySelector(":scope > .panel"));
    if (!aside || !now.panel || this.#hasPanel) return;
    this.#hasPanel = true;
    void import("./panel.js").then(({ openPanels }) => openPanels(this, aside));
  }

  /** Links into the app are followed without loading the page. @param {MouseEvent} event */
  #follow(event) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin || link.target || (link.pathname !== "/" && parse(link.pathname).room === null)) return;
    event.preventDefault();
    const { room, target } = parse(link.pathname);
    // On a wide screen "the rooms" are there already.
    if (room !== null || this.narrow.matches) this.go(room, { target });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open], [popover]:popover-open")) return;
    const command = event.ctrlKey || event.metaKey;
    const isArrow = event.key === "ArrowUp" || event.key === "ArrowDown";
    if (command && event.key.toLowerCase() === "k") void this.find();
    else if (command && event.key === "/") void import("./shortcuts.js").then(({ showShortcuts }) => showShortcuts());
    else if (event.altKey && isArrow && !command) this.#step(event.key === "ArrowDown" ? 1 : -1, event.shiftKey);
    else if (command && event.altKey && event.code === "KeyS" && !event.getModifierState("AltGraph")) /** @type {HTMLElement | null} */ (this.querySelector("room-header [data-call]"))?.click();
    else if (event.key === "Escape") this.#escape(event.shiftKey);
    else return;
    event.preventDefault();
  }

  /** Opens the quick switcher. */
  async find() {
    const { switchTo } = await import("./quick-switcher.js");
    await switchTo(this);
  }

  /** @param {1 | -1} step @param {boolean} unreadOnly */
  #step(step, unreadOnly) {
    const room = neighbour(this.client.state, this.place.state.room, step, unreadOnly);
    if (room) this.go(room.id);
  }

  /** What is open is closed first; then what is read is marked. @param {boolean} everywhere */
  #escape(everywhere) {
    const { writing, panel, room } = this.place.state;
    if (everywhere) for (const each of inOrder(this.client.state)) void this.client.read(each.id, each.seq);
    else if (writing) this.write(null);
    else if (panel) this.show(null);
    else if (room) this.querySelector("room-timeline")?.dispatchEvent(new CustomEvent("mark-read"));
  }
}

customElements.define("rialto-app", RialtoApp);
