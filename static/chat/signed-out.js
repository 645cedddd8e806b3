/** A connection was told that its session is over: finds out whether this browser has another one by now. Draws nothing. */

import { Refused } from "../lib/errors.js";

/** The cookie of a changed password comes with an answer that another tab waits for, a moment after the connections have ended. */
const SOONEST = 150;
const SPREAD = 250;

/**
 * `again`: the same member has a session still; `other`: somebody else does; `out`: nobody. Whoever cannot be asked is not out: the next
 * connection will show it.
 * @param {string} me the member whose connection it was
 * @param {{whoAmI: () => Promise<{id: string}>, after: (run: () => void, ms: number) => unknown, random: () => number}} world
 * @returns {Promise<"again" | "other" | "out">}
 */
export async function sessionNow(me, { whoAmI, after, random }) {
  await new Promise((resolve) => after(() => resolve(null), SOONEST + random() * SPREAD));
  try {
    return (await whoAmI()).id === me ? "again" : "other";
  } catch (error) {
    return error instanceof Refused && error.status === 401 ? "out" : "again";
  }
}
