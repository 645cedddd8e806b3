/** What completes the word at the caret: members after an at sign, emoji after a colon. Pure but for the list of emoji. */

import { fold } from "../lib/words.js";
import { search } from "./emoji.js";
import { namesOf } from "./names.js";

/** @import { Member } from "../types/live.d.ts" */

/** @typedef {{handle: string, name: string}} Called those who have a role, by what is written behind the at sign */
/** @typedef {{kind: "member", member: Member, insert: string} | {kind: "room", name: string, insert: string} | {kind: "role", role: Called, insert: string} | {kind: "emoji", emoji: string, name: string, insert: string}} Option */

const MOST = 8;

/**
 * The unfinished word before the caret.
 * @param {string} text @param {number} caret
 * @returns {{sign: "@" | ":", word: string, from: number} | null}
 */
export function wordAt(text, caret) {
  const found = /(^|[\s(])([@:])([\p{L}\p{N}_.+-]*)$/u.exec(text.slice(0, caret));
  if (!found) return null;
  const [, , sign, word = ""] = found;
  // ":" alone, or ": )", is no wish for an emoji.
  if (sign === ":" && word.length < 2) return null;
  return { sign: /** @type {"@" | ":"} */ (sign), word, from: caret - word.length - 1 };
}

/**
 * @param {string} word @param {Member[]} members those of the room first
 * @param {Called[] | null} roles that may be called; null when neither they nor everyone may be
 * @returns {Option[]}
 */
export function members(word, members, roles) {
  const wanted = fold(word);
  /** @param {Member} member 0: none, 1: somewhere, 2: at the beginning */
  const fit = (member) => {
    const names = namesOf(member).map(fold).flatMap((name) => [name, ...name.split(" ")]);
    return names.some((name) => name.startsWith(wanted)) ? 2 : names.some((name) => name.includes(wanted)) ? 1 : 0;
  };
  const found = members.filter((member) => member.state === "active" && fit(member) > 0).sort((a, b) => fit(b) - fit(a));
  /** @type {Option[]} */
  const all = roles ? ["room", "here"].filter((name) => name.startsWith(wanted)).map((name) => ({ kind: "room", name, insert: `@${name} ` })) : [];
  for (const role of roles ?? []) {
    if (role.handle.startsWith(wanted) || fold(role.name).includes(wanted)) all.push({ kind: "role", role, insert: `@${role.handle} ` });
  }
  return [...found.slice(0, Math.max(MOST - all.length, MOST / 2)).map((member) => /** @type {Option} */ ({ kind: "member", member, insert: `@${member.username} ` })), ...all].slice(0, MOST);
}

/** @param {string} word @returns {Option[]} */
export const emoji = (word) => search(word, MOST).map(({ emoji: sign, name }) => ({ kind: "emoji", emoji: sign, name, insert: `${sign} ` }));
