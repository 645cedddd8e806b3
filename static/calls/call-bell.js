/** `<call-bell>`: on a page that is not the app it waits for calls, and brings what shows them when one rings for me. */

import { pageLine } from "../lib/page-line.js";

/** @import { MyCall } from "../types/live.d.ts" */
/** @import { CallDesk } from "./desk.js" */

/** @param {MyCall} mine */
const concernsMe = ({ part }) => part !== "outside";

export class CallBell extends HTMLElement {
  /** @type {Promise<CallDesk> | null} */
  #calls = null;
  /** @type {{connection: string, calls: MyCall[]} | null} */
  #greeting = null;
  /** @type {import("../lib/page-line.js").Ear} */
  #ear = {
    event: ({ at, event }) => {
      if (event.kind === "blocked") void this.#calls?.then((desk) => desk.shutOut(event.member));
      const { about, member } = event.kind === "may_call" ? event : { about: null, member: "" };
      if (about !== null) void import("../social/told-yes.js").then(({ tellYes }) => tellYes(member, about, at));
    },
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
  };

  connectedCallback() {
    pageLine().join(this.#ear);
  }

  /** The calls of this tab. @returns {Promise<CallDesk>} */
  calls() {
    this.#calls ??= import("./open.js").then(async ({ openCalls }) => {
      const desk = await openCalls(pageLine().socket, this.getAttribute("member") ?? "");
      if (this.#greeting) desk.greeted(this.#greeting);
      return desk;
    });
    return this.#calls;
  }
}

customElements.define("call-bell", CallBell);
