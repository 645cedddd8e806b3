/** Where one is in the app: which room, which message, what the panel shows, what is being written. Pure. */

/** @import { Message } from "../types/live.d.ts" */

/** @typedef {{kind: "members"} | {kind: "member", id: string} | {kind: "thread", id: string} | {kind: "pins"} | {kind: "details"}} Panel */
/** @typedef {{kind: "reply" | "edit", message: Message}} Writing */

/**
 * @typedef {object} Place
 * @property {string | null} room
 * @property {number | null} target seq of the message that a link points at
 * @property {number} visit grows with every going somewhere, so that the same link works twice
 * @property {Panel | null} panel
 * @property {Writing | null} writing
 */

/** @typedef {{type: "gone_to", room: string | null, target: number | null} | {type: "panel", panel: Panel | null} | {type: "writing", writing: Writing | null}} Move */

/** @param {string} path @returns {{room: string | null, target: number | null}} */
export function parse(path) {
  const found = /^\/r\/(\d+)(?:\/(\d+))?\/?$/.exec(path);
  return { room: found?.[1] ?? null, target: found?.[2] ? Number(found[2]) : null };
}

/** @param {{room: string | null, target?: number | null}} place @returns {string} */
export const pathOf = ({ room, target = null }) => (room === null ? "/" : target === null ? `/r/${room}` : `/r/${room}/${target}`);

/** @param {Place} place @param {Move} move @returns {Place} */
export function moved(place, move) {
  switch (move.type) {
    case "gone_to": {
      const isSame = move.room === place.room;
      // The members of the next room are wanted where the members of this one were.
      const panel = isSame || place.panel?.kind === "members" ? place.panel : null;
      return { room: move.room, target: move.target, visit: place.visit + 1, panel, writing: isSame ? place.writing : null };
    }
    case "panel": return { ...place, panel: move.panel };
    case "writing": return { ...place, writing: move.writing };
  }
}
