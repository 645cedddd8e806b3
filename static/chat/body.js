/** The one place where a message's HTML, made safe by the server, enters the page. */

/** @import { Member } from "../types/live.d.ts" */
/** @import { Mentions } from "./types.d.ts" */

/** @type {{createHTML(html: string): any}} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("rialto-body", { createHTML: (/** @type {string} */ html) => html })
  ?? { createHTML: (/** @type {string} */ html) => html };

/** Bodies that are kept, so that a redrawn message keeps its selection and its scrolled code. */
const MOST = 400;

export class Bodies {
  /** @type {Map<string, {html: string, meant: string, node: HTMLElement}>} */
  #made = new Map();

  /**
   * @param {string} id of the message @param {string} html its `body_html` @param {Mentions} mentions @param {Member} me
   * @returns {HTMLElement}
   */
  of(id, html, { here }, me) {
    const known = this.#made.get(id);
    const isHere = here.includes(me.id);
    const meant = `${me.id} ${me.roles.join()} ${isHere}`;
    if (known && known.html === html && known.meant === meant) return known.node;
    const node = document.createElement("div");
    node.className = "message-body prose";
    node.dir = "auto";
    node.innerHTML = policy.createHTML(html);
    finish(node, me, isHere);
    this.#made.delete(id);
    this.#made.set(id, { html, meant, node });
    const [oldest] = this.#made.keys();
    if (this.#made.size > MOST && oldest !== undefined) this.#made.delete(oldest);
    return node;
  }
}

/** What only the reader's own page knows: who is meant, and where links lead. @param {HTMLElement} body @param {Member} me @param {boolean} isHere */
function finish(body, me, isHere) {
  for (const mention of body.querySelectorAll(".mention")) {
    const role = mention.getAttribute("data-role");
    const isMe = mention.getAttribute("data-member") === me.id || mention.hasAttribute("data-room") || (role !== null && me.roles.includes(role));
    if (isMe || (isHere && mention.hasAttribute("data-here"))) mention.setAttribute("data-me", "");
  }
  for (const link of body.querySelectorAll("a")) {
    const isOurs = link.origin === location.origin;
    // Our own pages open in place, and the app follows those of rooms without loading anything.
    link.target = isOurs ? "" : "_blank";
    link.rel = isOurs ? "" : "noopener noreferrer nofollow";
  }
  // What scrolls inside a message must be reachable by the keyboard.
  for (const wide of body.querySelectorAll("pre, table")) wide.setAttribute("tabindex", "0");
}
