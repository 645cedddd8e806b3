/** Who is there and who writes: tells the server what is on the screen, tells a room that I write, forgets those who stopped. */

/** @import { Socket } from "../lib/socket.js" */
/** @import { Store } from "../lib/store.js" */
/** @import { Change, ChatState } from "./types.d.ts" */

const TYPING_EVERY = 3_000;
const TYPING_LASTS = 6_000;
const WATCH_AFTER = 300;
const MOST_WATCHED = 200;

export class Presence {
  /** Members on the screen, by who shows them. @type {Map<string, string[]>} */
  #watched = new Map();
  #toldText = "";
  /** @type {string | null} */
  #open = null;
  #typedAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;

  /** @param {Store<ChatState, Change>} store @param {Socket} socket */
  constructor(store, socket) {
    this.store = store;
    this.socket = socket;
  }

  start() {
    setInterval(() => this.#forgetTyping(), 1_000);
  }

  /** Says which members a surface shows. @param {string} surface @param {Iterable<string>} ids */
  watch(surface, ids) {
    this.#watched.set(surface, [...ids]);
    this.#tellSoon();
  }

  /** Says which room is on the screen. @param {string | null} room */
  opened(room) {
    this.#open = room;
    this.#tellSoon();
  }

  /** A new connection knows nothing of the screen yet. */
  greeted() {
    this.#toldText = "";
    this.#tell();
  }

  /** Tells the room that I write, now and then. @param {string} room */
  typing(room) {
    if (Date.now() - this.#typedAt < TYPING_EVERY) return;
    this.#typedAt = Date.now();
    this.socket.tell({ type: "chat.typing", room });
  }

  /** What I wrote is sent: the next letter is told at once. */
  sent() {
    this.#typedAt = -Infinity;
  }

  #forgetTyping() {
    const before = Date.now() - TYPING_LASTS;
    const heard = Object.values(this.store.state.typing).flatMap((each) => Object.values(each));
    if (heard.some((at) => at <= before)) this.store.dispatch({ type: "typing_passed", before });
  }

  #tellSoon() {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#tell();
    }, WATCH_AFTER);
  }

  #tell() {
    const members = [...new Set([...this.#watched.values()].flat())].sort().slice(0, MOST_WATCHED);
    const frame = { type: "presence.watch", members, ...(this.#open && { open: this.#open }) };
    if (JSON.stringify(frame) === this.#toldText || this.socket.status !== "open") return;
    this.#toldText = JSON.stringify(frame);
    this.socket.tell(frame);
  }
}
