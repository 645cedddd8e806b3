/** What an event of a room's log does to the room. */

import { messageAfter, messageOf } from "./messages.js";
import { append, join, lasting, mapped, rangeOf } from "./ranges.js";
import { countedAfter } from "./unread.js";

/** @import { Event, Member, Message } from "../types/live.d.ts" */
/** @import { Asked, MessagePage, MyRoom, RoomState } from "./types.d.ts" */

/** How many events are kept to bring late pages up to date. */
const RECENT = 500;

/** @param {MyRoom} room @returns {RoomState} */
export const emptyRoom = (room) => ({ room, ranges: [], threads: {}, recent: [], ahead: {}, counts: "known", threadReads: {} });

/**
 * @param {RoomState} before @param {number} seq @param {number} at @param {Event} event @param {Member} me
 * @returns {RoomState}
 */
export function afterRoomEvent(before, seq, at, event, me) {
  const recent = [...before.recent.slice(1 - RECENT), { seq, at, event }];
  const it = applied({ ...before, recent, room: { ...before.room, seq } }, seq, at, event);
  const next = countedAfter({ ...it, room: roomAfter(it.room, event, at, me) }, before, event, seq, me);
  return Object.keys(next.ahead).length && seq >= Math.max(...Object.values(next.ahead)) ? { ...next, ahead: {} } : next;
}

/** Brings the loaded messages after the event. @param {RoomState} it @param {number} seq @param {number} at @param {Event} event @returns {RoomState} */
function applied(it, seq, at, event) {
  /** @param {Message} message */
  const change = (message) => ((it.ahead[message.id] ?? 0) >= seq ? message : messageAfter(message, event));
  let ranges = mapped(it.ranges, change);
  let threads = Object.fromEntries(Object.entries(it.threads).map(([root, each]) => [root, mapped(each, change)]));
  if (event.kind === "message_sent") {
    const message = messageOf(it.room.id, seq, at, event);
    const thread = event.thread === null ? undefined : threads[event.thread];
    if (event.thread === null) ranges = append(ranges, message);
    else if (thread) threads = { ...threads, [event.thread]: append(thread, message) };
  }
  if (event.kind === "messages_expired" || event.kind === "message_deleted") {
    const expired = event.kind === "messages_expired" ? event.through : it.room.expired_seq;
    ranges = lasting(ranges, expired, false);
    threads = Object.fromEntries(Object.entries(threads).map(([root, each]) => [root, lasting(each, expired, true)]));
  }
  return { ...it, ranges, threads };
}

/** @param {string[] | null} ids @param {string} id */
const without = (ids, id) => ids && ids.filter((one) => one !== id);

/** In ascending order, as the server lists them. @param {string[]} ids */
export const inOrder = (ids) => ids.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));

/** @param {MyRoom} room @param {Event} event @param {number} at @param {Member} me @returns {MyRoom} */
function roomAfter(room, event, at, me) {
  switch (event.kind) {
    case "message_sent":
      return { ...room, last_at: at, said_at: event.author === me.id && room.slow_seconds > 0 ? at : room.said_at };
    case "message_edited":
    case "message_deleted":
    case "message_pinned":
    case "message_unpinned":
    case "reaction_added":
    case "reaction_removed":
    case "call_started":
    case "call_ended":
      return room;
    case "member_joined":
      return { ...room, member_count: room.member_count + 1, members: room.members && [...room.members.filter((id) => id !== event.member), event.member], invited: without(room.invited, event.member) };
    case "member_left":
      return { ...room, member_count: room.member_count - 1, members: room.members && room.members.filter((id) => id !== event.member) };
    case "member_invited":
      return { ...room, invited: room.invited && inOrder([...room.invited.filter((id) => id !== event.member), event.member]) };
    case "member_uninvited":
      return { ...room, invited: without(room.invited, event.member) };
    case "messages_expired":
      return { ...room, expired_seq: event.through };
    case "hidden":
      return room; // Something that is not for me has this place.
    case "room_changed":
      return { ...room, name: event.name, topic: event.topic, archived: event.archived, history: event.history, voice: event.voice, slow_seconds: event.slow_seconds, keep_days: event.keep_days };
    case "room_role_set":
      return event.member === me.id ? { ...room, role: event.role } : room;
    default:
      return unknown(event, room);
  }
}

/**
 * The end of a match over every kind: a kind that the types know and the match does not is an error of the type
 * checker; one that only a newer server knows changes nothing.
 * @template T @param {never} _ @param {T} same @returns {T}
 */
export function unknown(_, same) {
  return same;
}

/** Whether the events since the page are all at hand, so that it can be brought up to date. @param {RoomState} it @param {MessagePage} page */
export function isUsable(it, page) {
  return page.seq >= it.room.seq || (it.recent[0]?.seq ?? Infinity) <= page.seq + 1;
}

/**
 * Puts a page into its timeline, brought to the room's own seq.
 * @param {RoomState} it @param {string | null} thread @param {Asked} asked @param {MessagePage} page @returns {RoomState}
 */
export function withPage(it, thread, asked, page) {
  if (!isUsable(it, page)) return it;
  let range = rangeOf(page, asked);
  for (const { seq, at, event } of it.recent) {
    if (seq <= page.seq) continue;
    let [changed] = mapped([range], (message) => messageAfter(message, event));
    if (event.kind === "message_sent" && event.thread === thread && changed) [changed] = append([changed], messageOf(it.room.id, seq, at, event));
    range = changed ?? range;
  }
  range = lasting([range], it.room.expired_seq, thread !== null)[0] ?? range;
  const ahead = page.seq > it.room.seq ? { ...it.ahead, ...Object.fromEntries(page.items.map((message) => [message.id, page.seq])) } : it.ahead;
  if (thread === null) return { ...it, ahead, ranges: join(it.ranges, range) };
  return { ...it, ahead, threads: { ...it.threads, [thread]: join(it.threads[thread] ?? [], range) } };
}
