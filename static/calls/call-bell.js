/** `<call-bell>`: on a page that is not the app it waits for calls, and brings what shows them when one rings for me. */

import { Socket } from "../lib/socket.js";

/** @import { MyCall } from "../types/live.d.ts" */
/** @import { CallDesk } from "./desk.js" */

/** @param {MyCall} mine */
const concernsMe = ({ part }) => part !== "outside";

export class CallBell extends HTMLElement {
  /** @type {Promise<CallDesk> | null} */
  #calls = null;
  /** @type {{connection: string, calls: MyCall[]} | null} */
  #greeting = null;
  #socket = new Socket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`, this.#listener(), null);

  connectedCallback() {
    if (this.#socket.status !== "closed") return;
    this.#socket.open();
    addEventListener("online", () => this.#socket.probe());
    document.addEventListener("visibilitychange", () => document.hidden || this.#socket.probe());
  }

  /** The calls of this tab. @returns {Promise<CallDesk>} */
  calls() {
    this.#calls ??= import("./open.js").then(async ({ openCalls }) => {
      const desk = await openCalls(this.#socket, this.getAttribute("member") ?? "");
      if (this.#greeting) desk.greeted(this.#greeting);
      return desk;
    });
    return this.#calls;
  }

  /** @returns {import("../lib/socket.js").Listener} */
  #listener() {
    const nothing = () => undefined;
    return {
      event: nothing, signal: nothing, reset: nothing, gone: nothing, caughtUp: nothing, restored: nothing,
      status: (status) => void this.#calls?.then((desk) => desk.lineIs(status === "open")),
      hello: ({ connection, calls }) => {
        const greeting = (this.#greeting = { connection, calls });
        // A page that was loaded anew has left itself a note: see stay.js.
        if (this.#calls || calls.some(concernsMe) || sessionStorage.getItem("rialto-call") !== null) void this.calls().then((desk) => desk.greeted(greeting));
      },
      notice: (notice) => {
        // Pages that list calls draw again.
        this.dispatchEvent(new CustomEvent("calls-changed", { bubbles: true, detail: notice.type }));
        if (this.#calls || notice.type === "call.ring" || (notice.type === "call.state" && concernsMe(notice))) void this.calls().then((desk) => desk.hear(notice));
      },
      signedOut: () => location.reload(),
    };
  }
}

customElements.define("call-bell", CallBell);
