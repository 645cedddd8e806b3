/** What I may do where, as the server will judge it: for showing and hiding acts, never for safety. */

/** @import { Entry } from "../lib/socket.js" */
/** @import { Message } from "../types/live.d.ts" */
/** @import { ChatState, MyRoom } from "./types.d.ts" */

/** @param {MyRoom} room */
export const isConversation = (room) => room.kind === "direct" || room.kind === "group";

/** @param {ChatState} state @param {string} permission */
export const has = (state, permission) => state.permissions.includes(permission);

/** Whether my plans let me open rooms, as far as the community asks for one. @param {ChatState} state */
const hasPlanForRooms = (state) => !state.community.rooms_need_plan || state.entitlements["rooms.create"] || has(state, "rooms.manage");

/** The kinds of rooms that I may open, conversations apart. @param {ChatState} state @returns {("public" | "private" | "announcement")[]} */
export function roomKinds(state) {
  if (!hasPlanForRooms(state)) return [];
  return [...(has(state, "rooms.create") ? /** @type {const} */ (["public"]) : []), ...(has(state, "rooms.create_private") ? /** @type {const} */ (["private"]) : []), ...(has(state, "rooms.create") ? /** @type {const} */ (["announcement"]) : [])];
}

/** @param {ChatState} state @param {MyRoom} room */
export function leads(state, room) {
  return room.role === "owner" || room.role === "moderator" || (!isConversation(room) && has(state, "rooms.manage"));
}

/** Whether I look at the room without being in it. @param {ChatState} state @param {MyRoom} room */
export const isVisitor = (state, room) => room.id in state.visited;

/**
 * Why I may not write here; null when I may.
 * @param {ChatState} state @param {MyRoom} room @param {number} now
 * @returns {"archived" | "outside" | "muted" | "announcement" | null}
 */
export function closedTo(state, room, now) {
  if (room.archived) return "archived";
  if (isVisitor(state, room)) return "outside";
  if (state.muted_until !== null && state.muted_until > now) return "muted";
  if (room.kind === "announcement" && !leads(state, room) && !has(state, "messages.announce")) return "announcement";
  return null;
}

/** The pause of a slow room: the server says how long is left of it, and this device counts. What its clock shows does not matter. @param {MyRoom} room */
const pauseOf = (room) => room.slow_seconds * 1_000;

/**
 * For how many milliseconds I wait until I may write again; null where nothing slows me. What is still on its way comes first, and the pause
 * begins after it.
 * @param {ChatState} state @param {MyRoom} room @param {number} now @returns {number | null}
 */
export function slowWait(state, room, now) {
  if (!room.slow_seconds || leads(state, room) || has(state, "messages.moderate") || has(state, "members.moderate")) return null;
  if (state.echoes.some((echo) => echo.room === room.id && echo.state !== "failed")) return pauseOf(room);
  // A clock that was set back meanwhile makes nobody wait for longer than the pause.
  return Math.min(pauseOf(room), Math.max(0, (state.paces[room.id] ?? 0) - now));
}

/**
 * What something that happens in a room says of how long I wait there, in milliseconds: after what I just said, the whole pause; null: nothing.
 * `ask`: only the server knows, since it may have happened a while ago, or counts from another moment.
 * @param {ChatState} state as it is afterwards @param {Entry} entry @returns {number | "ask" | null}
 */
export function waitAfter(state, { room: id, event }) {
  const room = state.rooms[id]?.room;
  if (!room?.slow_seconds) return null;
  if (event.kind === "message_sent" && event.author === state.me.id) return state.connection.caughtUp ? pauseOf(room) : "ask";
  return event.kind === "room_changed" && room.said_at !== null ? "ask" : null;
}

/** @param {ChatState} state @param {MyRoom} room @param {Message} message */
export function mayDelete(state, room, message) {
  if (message.deleted || isVisitor(state, room)) return false;
  return message.author === state.me.id || (!isConversation(room) && has(state, "messages.moderate")) || (room.kind !== "direct" && leads(state, room));
}

/** @param {ChatState} state @param {MyRoom} room @param {Message} message @param {number} now */
export const mayEdit = (state, room, message, now) => !message.deleted && message.author === state.me.id && mayReact(state, room, now);

/** @param {ChatState} state @param {MyRoom} room @param {number} now */
export const mayReact = (state, room, now) => [null, "announcement"].includes(closedTo(state, room, now));

/** @param {ChatState} state @param {MyRoom} room @param {Message} message */
export function mayPin(state, room, message) {
  return !message.deleted && !room.archived && !isVisitor(state, room) && (isConversation(room) || has(state, "messages.moderate") || leads(state, room));
}

/** Whether the administrators have closed a way of reaching others for everybody. @param {ChatState} state @param {"message" | "call" | "video_call" | "invite" | "mention"} way */
export const isShut = (state, way) => state.community.closed.includes(way);

/** Whether anybody may be rung at all. @param {ChatState} state */
export const mayRing = (state) => !isShut(state, "call") || !isShut(state, "video_call");

/**
 * In which way somebody is rung back who was called with a camera or without: as then, or with what is left of it; null: in none.
 * @param {string[]} closed ways that are closed for everybody @param {boolean} video @returns {"call" | "video_call" | null}
 */
export const ringsBack = (closed, video) => (video && !closed.includes("video_call") ? "video_call" : closed.includes("call") ? null : "call");

/** Those who said yes to my calls and can be called, each with the most that they let. @param {Pick<ChatState, "people" | "members" | "community">} state */
export const yeses = ({ people, members, community }) =>
  Object.entries(people.may_call).flatMap(([id, about]) => {
    const way = ringsBack(community.closed, about === "video_call");
    return way !== null && members[id]?.state === "active" ? [{ id, isVideo: way === "video_call" }] : [];
  });

/** Whether I may begin to write to somebody: to one, or to several. @param {ChatState} state */
export const mayBegin = (state) => !isShut(state, "message") || !isShut(state, "invite");

/** Whether I may bring others in. @param {ChatState} state @param {MyRoom} room */
export function mayAdd(state, room) {
  if (room.archived || room.kind === "direct" || isVisitor(state, room) || isShut(state, "invite")) return false;
  return room.kind !== "private" || leads(state, room);
}

/** Whether I may take an invitation back. @param {ChatState} state @param {MyRoom} room @param {string} by who asked */
export const mayTakeBack = (state, room, by) => !isVisitor(state, room) && (by === state.me.id || leads(state, room));

/** For how many days a room keeps its messages; null: for ever. @param {ChatState} state @param {MyRoom} room @returns {number | null} */
export const keptDays = (state, room) => (isConversation(room) ? null : (room.keep_days ?? state.community.keep_messages_days) || null);

/**
 * Which of these spans I may choose for a room, in days: null as the community does, 0 for ever. What is chosen is among them.
 * @param {ChatState} state @param {MyRoom} room @param {number[]} days @returns {(number | null)[]} none: the choice is not mine
 */
export function keepChoices(state, room, days) {
  const { keep_messages_days: most, rooms_may_keep: rule } = state.community;
  const isFree = has(state, "rooms.manage") || rule === "any";
  const own = room.keep_days;
  const fits = (/** @type {number} */ each) => each > 0 && (!most || each <= most);
  // What an administrator chose beyond the bound is theirs to take back.
  if (isConversation(room) || (!isFree && (rule === "as_community" || (own !== null && !fits(own))))) return [];
  const spans = isFree ? [0, ...days] : days.filter(fits);
  return [null, ...(own === null || spans.includes(own) ? spans : [...spans, own].sort((a, b) => a - b))];
}

/** @param {ChatState} state @param {MyRoom} room */
export const mayChange = (state, room) => room.kind !== "direct" && (room.kind === "group" || leads(state, room));
