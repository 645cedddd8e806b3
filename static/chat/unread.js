/** How many messages of a room I have not read, told from what is loaded or marked as no longer known. */

import { find, liveOf } from "./ranges.js";

/** @import { Event, Member, Message } from "../types/live.d.ts" */
/** @import { RoomState } from "./types.d.ts" */

/** The server counts no further. */
export const MOST = 1_000;

/** @param {Message["mentions"]} mentions @param {Member} me */
export function concerns(mentions, me) {
  return mentions.room || mentions.members.includes(me.id) || mentions.here.includes(me.id) || mentions.roles.some((role) => me.roles.includes(role));
}

/** @param {Message} message @param {number} readSeq @param {Member} me */
const counts = (message, readSeq, me) => message.author !== me.id && !message.deleted && message.thread === null && message.seq > readSeq;

/** Counts anew after the read mark moved. @param {RoomState} it @param {Member} me @returns {RoomState} */
export function recounted(it, me) {
  const { read_seq, seq } = it.room;
  if (read_seq >= seq) return counted(it, 0, 0);
  const live = liveOf(it.ranges);
  if (!live || live.from > read_seq + 1) return { ...it, counts: "stale" };
  const unread = live.items.filter((message) => message.seq <= seq && counts(message, read_seq, me));
  return counted(it, unread.length, unread.filter((message) => concerns(message.mentions, me)).length);
}

/** @param {RoomState} it @param {number} unread @param {number} mentions @returns {RoomState} */
export function counted(it, unread, mentions) {
  return { ...it, counts: "known", room: { ...it.room, unread: Math.min(MOST, unread), mentions: Math.min(MOST, mentions) } };
}

/**
 * Counts on after one event. `before` is the room before the event, so that what it took away can still be seen.
 * @param {RoomState} it @param {RoomState} before @param {Event} event @param {number} seq @param {Member} me @returns {RoomState}
 */
export function countedAfter(it, before, event, seq, me) {
  const { unread, mentions, read_seq } = it.room;
  if (event.kind === "message_sent") {
    if (event.author === me.id || event.deleted || event.thread !== null || seq <= read_seq) return it;
    const room = { ...it.room, unread: Math.min(MOST, unread + 1), mentions: Math.min(MOST, mentions + (concerns(event.mentions, me) ? 1 : 0)) };
    return { ...it, room };
  }
  if (event.kind === "messages_expired") return unread > 0 && event.through > read_seq ? { ...it, counts: "stale" } : it;
  if (event.kind !== "message_deleted" && event.kind !== "message_edited") return it;
  if (unread === 0) return it;
  const old = find(before.ranges, event.id);
  // A thread's reply, or a message that I have read, is not in the counts; one that is not loaded may be.
  if (!old) return find(Object.values(before.threads).flat(), event.id) ? it : { ...it, counts: "stale" };
  if (!counts(old, read_seq, me)) return it;
  if (unread >= MOST) return { ...it, counts: "stale" };
  const was = concerns(old.mentions, me) ? 1 : 0;
  if (event.kind === "message_deleted") return { ...it, room: { ...it.room, unread: unread - 1, mentions: mentions - was } };
  const is = concerns(event.mentions, me) ? 1 : 0;
  return is === was ? it : { ...it, room: { ...it.room, mentions: mentions - was + is } };
}
