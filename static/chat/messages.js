/** What an event does to one message. */

/** @import { Event, Message } from "../types/live.d.ts" */
/** @import { Reaction } from "./types.d.ts" */

const EXCERPT = 140;

/** @param {string} room @param {number} seq @param {number} at @param {Extract<Event, {kind: "message_sent"}>} event @returns {Message} */
export function messageOf(room, seq, at, { kind: _, thread_total: __, ...rest }) {
  return { ...rest, room, seq, at };
}

/**
 * @param {Message} message @param {Event} event
 * @returns {Message} the same object when the event does not concern it
 */
export function messageAfter(message, event) {
  if (event.kind === "messages_expired") return expiredAfter(message, event);
  if (event.kind === "message_edited" || event.kind === "message_deleted") message = quoteAfter(message, event);
  if (event.kind === "message_sent" || event.kind === "message_deleted") message = rootAfter(message, event);
  if (!("id" in event) || event.id !== message.id) return message;
  switch (event.kind) {
    case "message_edited":
      return message.deleted || event.body === null ? message
        : { ...message, body: event.body, body_html: event.body_html, edited_at: event.edited_at, mentions: event.mentions };
    case "message_deleted":
      return tombstone(message);
    case "message_pinned":
      return message.deleted || message.pinned ? message : { ...message, pinned: true };
    case "message_unpinned":
      return message.pinned ? { ...message, pinned: false } : message;
    case "reaction_added":
      return message.deleted ? message : { ...message, reactions: reacted(message.reactions, event.emoji, event.actor) };
    case "reaction_removed":
      return { ...message, reactions: unreacted(message.reactions, event.emoji, event.actor) };
    default:
      return message;
  }
}

/** @param {Message} message @returns {Message} */
const tombstone = (message) => (message.deleted ? message
  : { ...message, deleted: true, body: null, body_html: null, reply_to: null, reactions: [], mentions: { members: [], roles: [], room: false, here: [] }, pinned: false });

/** What is over has gone, from quotes and counts too. @param {Message} message @param {Extract<Event, {kind: "messages_expired"}>} event @returns {Message} */
function expiredAfter(message, { through, threads }) {
  const total = threads.find(({ id }) => id === message.id)?.total ?? message.thread_count;
  const quote = message.reply_to;
  if (quote && quote.seq <= through && quote.excerpt !== null) message = { ...message, reply_to: { ...quote, excerpt: null } };
  if (total !== message.thread_count) message = { ...message, thread_count: total };
  return message.seq <= through ? tombstone(message) : message;
}

/** A thread's answers are counted at its root. @param {Message} message @param {Extract<Event, {kind: "message_sent" | "message_deleted"}>} event @returns {Message} */
function rootAfter(message, event) {
  const total = event.thread_total ?? null;
  return event.thread === message.id && total !== null && total !== message.thread_count ? { ...message, thread_count: total } : message;
}

/** @param {Message} message @param {Extract<Event, {kind: "message_edited" | "message_deleted"}>} event @returns {Message} */
function quoteAfter(message, event) {
  if (message.reply_to?.id !== event.id) return message;
  const excerpt = event.kind === "message_deleted" || event.body_html === null ? null : excerptOf(event.body_html);
  return excerpt === message.reply_to.excerpt ? message : { ...message, reply_to: { ...message.reply_to, excerpt } };
}

/** Plain text of at most 140 characters as people count them, blocks joined by spaces. @param {string} bodyHtml @returns {string} */
export function excerptOf(bodyHtml) {
  const text = bodyHtml
    .replace(/<\/?(p|br|li|ul|ol|pre|blockquote|h[1-6]|table|t[rdh]|thead|tbody|hr)\b[^>]*>/g, " ")
    .replace(/<[^>]*>/g, "")
    .replace(/&(amp|lt|gt|quot|#39|#x27|nbsp);/g, (_, name) => ENTITIES[name] ?? "")
    .replace(/\s+/g, " ").trim();
  if (text.length <= EXCERPT) return text;
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  return characters.length > EXCERPT ? `${characters.slice(0, EXCERPT).join("").trimEnd()}…` : text;
}

/** @type {Record<string, string>} */
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: "\"", "#39": "'", "#x27": "'", nbsp: "\u00A0" };

/** @param {Reaction[]} reactions @param {string} emoji @param {string} actor @returns {Reaction[]} */
function reacted(reactions, emoji, actor) {
  const known = reactions.find((each) => each.emoji === emoji);
  if (!known) return [...reactions, { emoji, members: [actor] }];
  if (known.members.includes(actor)) return reactions;
  return reactions.map((each) => (each === known ? { emoji, members: [...known.members, actor] } : each));
}

/** @param {Reaction[]} reactions @param {string} emoji @param {string} actor @returns {Reaction[]} */
function unreacted(reactions, emoji, actor) {
  return reactions
    .map((each) => (each.emoji === emoji ? { emoji, members: each.members.filter((member) => member !== actor) } : each))
    .filter((each) => each.members.length > 0);
}
