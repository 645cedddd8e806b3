/** What I call others: names of my own that nobody else sees, the same for everything that this tab draws. */

import { get, path } from "../lib/api.js";
import { Store } from "../lib/store.js";

/** @typedef {Record<string, string>} Names by the members' ids */
/** @typedef {{type: "all", names: Names} | {type: "one", member: string, name: string}} Change */

/** @param {Names} names @param {Change} change @returns {Names} */
export function after(names, change) {
  if (change.type === "all") return change.names;
  if ((names[change.member] ?? "") === change.name) return names;
  const { [change.member]: _, ...rest } = names;
  return change.name ? { ...rest, [change.member]: change.name } : rest;
}

/** @type {Store<Names, Change>} */
export const ownNames = new Store(/** @type {Names} */ ({}), after);

/** Which question about somebody is the latest: an answer to an earlier one says nothing of now. @type {Map<string, number>} */
const turns = new Map();

/** The log says of whom the name changed, and holds no words. @param {string} member */
export async function renamed(member) {
  const turn = (turns.get(member) ?? 0) + 1;
  turns.set(member, turn);
  /** @type {{own_name: string} | null} */
  const person = await get(path`/api/v1/people/${member}`).then((answer) => /** @type {any} */ (answer), () => null);
  if (person && turns.get(member) === turn) ownNames.dispatch({ type: "one", member, name: person.own_name });
}

/** All of them, for a page that does not hold them. @returns {Promise<boolean>} whether they are known now */
export async function askForNames() {
  /** @type {{own_names: Names} | null} */
  const found = await get("/api/v1/me/own-names").then((answer) => /** @type {any} */ (answer), () => null);
  if (found) ownNames.dispatch({ type: "all", names: found.own_names });
  return found !== null;
}
