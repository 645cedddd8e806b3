/** The order of the rooms in the list, and the way from one to the next. Pure. */

import { compare } from "../lib/words.js";
import { roomName } from "./names.js";
import { isConversation } from "./rights.js";

/** @import { ChatState, MyRoom } from "./types.d.ts" */

/**
 * Rooms by name, conversations by their last word.
 * @param {ChatState} state @returns {{rooms: MyRoom[], people: MyRoom[]}}
 */
export function sections(state) {
  const all = Object.values(state.rooms).map(({ room }) => room);
  const rooms = all.filter((room) => !isConversation(room)).sort((a, b) => Number(a.archived) - Number(b.archived) || compare(a.name ?? "", b.name ?? ""));
  const people = all.filter(isConversation).sort((a, b) => (b.last_at ?? b.created_at) - (a.last_at ?? a.created_at) || compare(roomName(state, a), roomName(state, b)));
  return { rooms, people };
}

/** @param {ChatState} state @returns {MyRoom[]} as they stand in the list, from its head to its foot */
export function inOrder(state) {
  const { rooms, people } = sections(state);
  return [...rooms, ...people];
}

/** How many things in a room ask for me by name: in a conversation every message does. @param {MyRoom} room */
export const calls = (room) => (room.level === "nothing" ? 0 : isConversation(room) ? room.unread : room.mentions);

/** Whether a room shows as unread. @param {MyRoom} room */
export const isUnread = (room) => room.unread > 0 && (room.level !== "nothing" || room.mentions > 0);

/**
 * The room `step` places after the current one; the list is a ring.
 * @param {ChatState} state @param {string | null} current @param {1 | -1} step @param {boolean} unreadOnly @returns {MyRoom | undefined}
 */
export function neighbour(state, current, step, unreadOnly) {
  const all = inOrder(state);
  const from = all.findIndex((room) => room.id === current);
  for (let away = 1; away <= all.length; away += 1) {
    const room = all[(from + step * away + all.length * 2) % all.length];
    if (room && room.id !== current && (!unreadOnly || isUnread(room))) return room;
  }
  return undefined;
}
