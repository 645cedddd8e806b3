/** What a caller is to me: in my contacts, followed, a stranger; and whether I may write to them. */

import { get, path } from "../lib/api.js";

/** @typedef {{words: string, mayWrite: boolean}} Known `words`: the key of its words */

/** What callers are to me, by their calls, once it was asked; null: it is on its way. @type {Map<string, Known | null>} */
const known = new Map();

/** @param {{contact: string, follow: string, follows_me: boolean}} person @returns {string} the key of its words */
export function relationOf({ contact, follow, follows_me }) {
  if (contact === "contact") return "calls.is_contact";
  if (follow === "following" && follows_me) return "calls.is_mutual";
  if (follow === "following") return "calls.is_followed";
  return follows_me ? "calls.is_follower" : "calls.is_stranger";
}

/** A conversation that is there goes on; first words may be closed for everybody. @param {{conversation: string | null}} person @param {string[]} closed */
export const mayWriteTo = ({ conversation }, closed) => conversation !== null || !closed.includes("message");

/** Asked anew for each call: what somebody is to me changes. Null until the server has said it. @param {string} call @param {string} member who calls @param {() => void} then when it is known @returns {Known | null} */
export function relation(call, member, then) {
  const found = known.get(call);
  if (found !== undefined) return found;
  known.set(call, null);
  Promise.all([get(path`/api/v1/people/${member}`), get("/api/v1/calls/live")]).then(
    (answers) => {
      const [person, live] = /** @type {[any, any]} */ (answers);
      known.set(call, { words: relationOf(person), mayWrite: mayWriteTo(person, live.may_start.closed) });
      then();
    },
    () => known.delete(call),
  );
  return null;
}
