/** What a notice of the server changes in the state. Pure. */

/** @import { CallNotice } from "../types/live.d.ts" */
/** @import { Change, Source } from "./types.d.ts" */

/** Notices of a call that is not the one that this tab is about change nothing here. */
const OF_ANY = new Set(["call.ring", "call.state", "call.ended"]);

/** @param {CallNotice} notice @param {string | null} current the call that this tab is about @param {number} now @returns {Change | null} */
export function changeOf(notice, current, now) {
  if (!OF_ANY.has(notice.type) && "call" in notice && idOf(notice.call) !== current) return null;
  switch (notice.type) {
    case "call.ring": return { type: "rang", call: notice.call, waiting: notice.waiting, now };
    case "call.state": return { type: "state", mine: { call: notice.call, part: notice.part, connection: notice.connection }, now };
    case "call.ended": return { type: "over", call: notice.call, cause: notice.cause, now };
    case "call.parted": return { type: "over", call: notice.call, cause: notice.why, now };
    case "call.joined": {
      const { call, role, held, resume, members, resumed } = notice;
      return { type: "joined", call, role, held, resume, members, resumed, now };
    }
    case "call.members": return { type: "members", put: notice.members, left: Object.keys(notice.left), full: notice.full };
    case "call.slots": return { type: "slots", rev: notice.rev, slots: notice.slots, full: notice.full };
    case "call.speakers": return { type: "speakers", speakers: notice.speakers };
    case "call.quality": return { type: "quality", marks: Object.fromEntries(notice.marks.map(({ member, mark }) => [member, mark])), heard: notice.heard, unseen: unseen(notice.sending), silent: notice.receiving, link: notice.link };
    case "call.moderated": return moderated(notice.act);
    default: return null;
  }
}

/** A picture that does not come, or has nothing to begin from, is one that nobody sees. @param {Extract<CallNotice, {type: "call.quality"}>["sending"]} sending @returns {Source[]} */
const unseen = (sending) => /** @type {const} */ (["cam", "screen"]).filter((source) => sending[source] === "no_packets" || sending[source] === "no_keyframe");

/** @param {unknown} call an id, or a call @returns {string} */
const idOf = (call) => (typeof call === "string" ? call : /** @type {{id: string}} */ (call)?.id);

/** @param {Extract<CallNotice, {type: "call.moderated"}>["act"]} act @returns {Change | null} */
function moderated(act) {
  switch (act.kind) {
    case "muted": return { type: "held", source: act.source, held: true };
    case "may_unmute": return { type: "held", source: act.source, held: false };
    case "role": return { type: "role", role: act.role };
    default: return null;
  }
}
