/** What members and rooms are called, and how they are pictured. */

import { get, path } from "../lib/api.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { Store } from "../lib/store.js";
import { fold, list, t } from "../lib/words.js";

/** @import { Member } from "../types/live.d.ts" */
/** @import { ChatState, MyRoom } from "./types.d.ts" */

/** @typedef {Record<string, string>} Names by the members' ids */
/** @typedef {{type: "all", names: Names} | {type: "one", member: string, name: string}} Change */

/** @param {Names} names @param {Change} change @returns {Names} */
export function afterNaming(names, change) {
  if (change.type === "all") return change.names;
  if ((names[change.member] ?? "") === change.name) return names;
  const { [change.member]: _, ...rest } = names;
  return change.name ? { ...rest, [change.member]: change.name } : rest;
}

/** What I call others: names of my own that nobody else sees, the same for everything that this tab draws. @type {Store<Names, Change>} */
export const ownNames = new Store(/** @type {Names} */ ({}), afterNaming);

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

/** What I call somebody, or what they call themselves: the one place that decides. @param {Member | undefined} member @returns {string} */
export function memberName(member) {
  if (!member) return t("chat.somebody");
  return member.state === "deleted" ? t("chat.deleted_member") : ownNames.state[member.id] || member.display_name || member.username;
}

/** What somebody calls themselves, where I call them otherwise: for titles, beside my own name for them. @param {Member | undefined} member @returns {string | null} */
export function realName(member) {
  if (!member || member.state === "deleted" || !ownNames.state[member.id]) return null;
  return `${member.display_name || member.username} · @${member.username}`;
}

/** Everything under which somebody is sought. @param {Member} member @returns {string[]} */
export const namesOf = (member) => [memberName(member), ...(ownNames.state[member.id] ? [member.display_name] : []), member.username];

/** Whether somebody is sought by what was typed: part of a name, or `@` and the beginning of the user name. @param {Member} member @param {string} typed */
export function isSought(member, typed) {
  const wanted = fold(typed.trim());
  return wanted.startsWith("@") ? fold(member.username).startsWith(wanted.slice(1)) : namesOf(member).some((name) => fold(name).includes(wanted));
}

/** Whom I call by a name of my own that holds what was typed: the server finds them by their own names alone. @param {string} typed @returns {string[]} their ids */
export function calledBy(typed) {
  const wanted = fold(typed.trim());
  return wanted ? Object.entries(ownNames.state).filter(([, name]) => fold(name).includes(wanted)).map(([id]) => id) : [];
}

/** What a role is called: our own word, as long as the community gave it no other name. @param {ChatState["roles"][number]} role */
export const roleName = ({ name, word }) => (word === null ? name : t(`members.role_${word}`));

/** The others of a conversation, and who is invited into it. @param {ChatState} state @param {MyRoom} room @returns {string[]} their ids */
export const others = (state, room) => [...(room.members ?? []), ...(room.invited ?? [])].filter((id) => id !== state.me.id);

/** @param {ChatState} state @param {MyRoom} room @returns {string} */
export function roomName(state, room) {
  if (room.name) return room.name;
  const names = others(state, room).map((id) => memberName(state.members[id]));
  return names.length ? list(names) : t("chat.only_me");
}

const letters = new Intl.Segmenter();
/** @type {Map<string, string>} */
const drawn = new Map();

/** Up to two letters: of the first and the last name, or the first two of the only one. @param {Member} member */
function initials({ display_name, username }) {
  const name = display_name || username;
  const known = drawn.get(name);
  if (known !== undefined) return known;
  const words = name.split(/[\s_.-]+/u).filter(Boolean);
  /** @param {string} word @param {number} count */
  const first = (word, count) => Array.from(letters.segment(word), ({ segment }) => segment).slice(0, count).join("");
  const found = (words.length > 1 ? first(words[0] ?? "", 1) + first(words.at(-1) ?? "", 1) : first(words[0] ?? "", 2)).toLocaleUpperCase();
  drawn.set(name, found);
  return found;
}

/**
 * The round picture of a member: decoration, the name always stands beside it.
 * @param {Member | undefined} member @param {{size?: number, isHere?: boolean}} [options]
 */
export function avatar(member, { size = 36, isHere = false } = {}) {
  const sized = size === 36 ? null : String(size);
  if (!member || member.state === "deleted") return html`<span class="avatar" data-size=${sized} aria-hidden="true">${icon("user")}</span>`;
  return html`<span class="avatar" data-size=${sized} data-hue=${String(member.hue)} data-presence=${isHere ? "online" : null} aria-hidden="true">${initials(member)}</span>`;
}

/** @param {Pick<MyRoom, "kind">} room */
export const roomIcon = ({ kind }) => icon(kind === "private" ? "lock" : kind === "announcement" ? "megaphone" : kind === "group" || kind === "direct" ? "users" : "hash");

/** The picture of a room: the arch with its kind, or the other member's face. @param {ChatState} state @param {MyRoom} room @param {number} size */
export function roomPicture(state, room, size) {
  if (room.kind === "direct") {
    const [other] = others(state, room);
    const id = other ?? state.me.id;
    return avatar(state.members[id], { size: size === 28 ? 32 : size, isHere: state.presence[id] ?? false });
  }
  return html`<span class="arch" data-size=${size === 20 ? null : String(size)} aria-hidden="true">${roomIcon(room)}</span>`;
}

/** "# harbour" as it is spoken of in sentences and placeholders. @param {ChatState} state @param {MyRoom} room */
export const roomTitle = (state, room) => (room.kind === "direct" || room.kind === "group" ? roomName(state, room) : `# ${roomName(state, room)}`);
