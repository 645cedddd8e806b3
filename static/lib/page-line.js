/** The one live connection of a page that the server wrote, whoever on it listens: what keeps the page up to date, and what waits for calls. */

import { Socket } from "./socket.js";

/** @import { Listener } from "./socket.js" */
/** @typedef {Partial<Pick<Listener, "event" | "signal" | "status" | "hello" | "notice" | "reset" | "missed">>} Ear what a listener hears: of events and resets those of the member's own log */

/** A changed password brings another cookie, a moment after the connections have ended; in milliseconds. */
const SESSION_MS = 500;

/** @type {PageLine | undefined} */
let made;

/** The connection of this page, made when it is first asked for. */
export const pageLine = () => (made ??= new PageLine());

export class PageLine {
  /** @type {Set<Ear>} */
  #ears = new Set();
  /** The latest: for whoever comes later. @type {Parameters<Listener["hello"]>[0] | null} */
  #greeting = null;
  /** Whether signals were missed since the latest greeting: for whoever comes later, too. */
  #hasMissed = false;

  constructor() {
    // Where the page knows the member's own log, it says so; elsewhere nothing of any log is heard.
    const page = /** @type {HTMLElement | null} */ (document.querySelector("live-page"));
    this.socket = new Socket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`, this.#listener(), page?.dataset.epoch ?? null);
    this.socket.signals = Number(page?.dataset.signals);
    // Whoever opens the connection, the greeting's heads are compared with what the page shows.
    if (page) this.socket.follow("me", Number(page.dataset.seq ?? 0));
    addEventListener("online", () => this.#probe());
    document.addEventListener("visibilitychange", () => document.hidden || this.#probe());
  }

  /** Listens; whoever comes late is greeted all the same. @param {Ear} ear */
  join(ear) {
    this.#ears.add(ear);
    if (this.socket.status === "closed") this.socket.open();
    else ear.status?.(this.socket.status, null);
    if (this.socket.status !== "open" || !this.#greeting) return;
    ear.hello?.(this.#greeting);
    if (this.#hasMissed) ear.missed?.();
  }

  /** Listens no longer; with the last one the connection ends. @param {Ear} ear */
  leave(ear) {
    this.#ears.delete(ear);
    if (this.#ears.size === 0) this.socket.close();
  }

  #probe() {
    if (this.#ears.size > 0) this.socket.probe();
  }

  /** One that fails keeps no other from hearing. @param {(ear: Ear) => void} tell */
  #each(tell) {
    for (const ear of [...this.#ears]) {
      try {
        tell(ear);
      } catch (error) {
        reportError(error);
      }
    }
  }

  /** @returns {Listener} */
  #listener() {
    return {
      event: (entry) => {
        const { room, event } = entry;
        if (room !== "me") return;
        if (event.kind === "room_joined") this.socket.follow(event.room, event.head);
        if (event.kind === "room_left") this.socket.forget(event.room);
        this.#each((ear) => ear.event?.(entry));
      },
      signal: (signal) => this.#each((ear) => ear.signal?.(signal)),
      status: (status, retryAt) => this.#each((ear) => ear.status?.(status, retryAt)),
      hello: (greeting) => {
        this.#greeting = greeting;
        // Rooms are no matter of such a page: their logs are taken as they are.
        if (this.socket.epoch !== null) for (const [room, head] of Object.entries(greeting.heads)) if (room !== "me") this.socket.follow(room, head);
        this.#hasMissed = false;
        this.#each((ear) => ear.hello?.(greeting));
      },
      missed: () => {
        this.#hasMissed = true;
        this.#each((ear) => ear.missed?.());
      },
      notice: (notice) => this.#each((ear) => ear.notice?.(notice)),
      reset: (room) => (room === "me" ? this.#each((ear) => ear.reset?.(room)) : this.socket.forget(room)),
      gone: () => undefined,
      caughtUp: () => undefined,
      restored: () => location.reload(),
      signedOut: () => setTimeout(() => location.reload(), SESSION_MS),
    };
  }
}
