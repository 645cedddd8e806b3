/** What a caller is to me: in my contacts, followed, a stranger. */

import { get, path } from "../lib/api.js";
import { t } from "../lib/words.js";

/** What callers are to me, once it was asked. @type {Map<string, string>} */
const known = new Map();

/** @param {{contact: string, follow: string, follows_me: boolean}} person @returns {string} the key of its words */
export function relationOf({ contact, follow, follows_me }) {
  if (contact === "contact") return "calls.is_contact";
  if (follow === "following" && follows_me) return "calls.is_mutual";
  if (follow === "following") return "calls.is_followed";
  return follows_me ? "calls.is_follower" : "calls.is_stranger";
}

/** In words, empty until the server has said it. @param {string} member @param {() => void} then when it is known @returns {string} */
export function relation(member, then) {
  const key = known.get(member);
  if (key !== undefined) return key && t(key);
  known.set(member, "");
  get(path`/api/v1/people/${member}`).then(
    (person) => {
      known.set(member, relationOf(/** @type {any} */ (person)));
      then();
    },
    () => known.delete(member),
  );
  return "";
}
