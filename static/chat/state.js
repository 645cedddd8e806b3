/** The state of the chat: a snapshot and every event after it give the same as a later snapshot. Pure, without DOM. */

import { afterRoomEvent, emptyRoom, inOrder, unknown, withPage } from "./room-events.js";
import { counted, recounted } from "./unread.js";

/** @import { CallEntry, Event, MeEvent, Member, Room, Signal, State } from "../types/live.d.ts" */
/** @import { Change, ChatState, Echo, MyRoom, RoomState } from "./types.d.ts" */

/** @param {State} snapshot @returns {ChatState} */
export function begin(snapshot) {
  const { rooms, members, own_names: _, ...rest } = snapshot;
  return {
    ...rest,
    members: { ...byId(members), [snapshot.me.id]: snapshot.me },
    rooms: Object.fromEntries(rooms.map((room) => [room.id, emptyRoom(room)])),
    echoes: [],
    presence: {},
    typing: {},
    joining: {},
    visited: {},
    paces: {},
    calls: {},
    cards: {},
    connection: { status: "connecting", retryAt: null, caughtUp: false, isCrowded: false },
  };
}

/** @param {Member[]} members @returns {Record<string, Member>} */
const byId = (members) => Object.fromEntries(members.map((member) => [member.id, member]));

/** @param {ChatState} state @param {Change} change @returns {ChatState} */
export function after(state, change) {
  switch (change.type) {
    // Words on their way belong to the person, not to the database that was restored.
    case "loaded": return { ...begin(change.state), echoes: state.echoes, calls: state.calls, cards: state.cards, connection: state.connection };
    case "logged":
      return change.room === "me" ? afterMeEvent({ ...state, seq: change.seq }, /** @type {MeEvent} */ (change.event))
        : afterEvent(state, change.room, change.seq, change.at, /** @type {Event} */ (change.event));
    case "signalled": return afterSignal(state, change.signal, change.at);
    case "page": return afterPage(state, change);
    case "room_loaded": return withoutJoining({ ...state, visited: without(state.visited, change.room.id), rooms: { ...state.rooms, [change.room.id]: emptyRoom(change.room) } }, change.room.id);
    // One room at a time is looked at from outside: nobody tells of what changes in it meanwhile.
    case "visited": return state.rooms[change.room.id] ? state : { ...state, visited: { [change.room.id]: emptyRoom(asVisitor(change.room)) } };
    case "visit_over": return Object.keys(state.visited).length ? { ...state, visited: {} } : state;
    case "counted":
      // A count from another moment than the room's is worth nothing; the next one will fit.
      return inRoom(state, change.room, (it) => (it.room.seq === change.seq && it.room.read_seq === change.read_seq ? counted(it, change.unread, change.mentions) : it));
    case "paced": return { ...state, paces: { ...state.paces, [change.room]: change.until } };
    case "room_reset": return inRoom(state, change.room, (it) => ({ ...emptyRoom(it.room), threadReads: it.threadReads, counts: "stale" }));
    case "room_gone": return withoutRoom(state, change.room);
    case "members_loaded": return { ...state, members: { ...state.members, ...byId(change.members) } };
    case "echoed": return { ...state, echoes: merged(state.echoes, change.echoes.filter((echo) => !isThere(state, echo))) };
    case "echo_changed": return { ...state, echoes: settled(state.rooms, state.echoes.map((echo) => (echo.client_key === change.client_key ? { ...echo, ...change.change } : echo))) };
    case "echo_dropped": return { ...state, echoes: state.echoes.filter((echo) => echo.client_key !== change.client_key) };
    case "connection": return { ...state, connection: { ...state.connection, ...change.connection } };
    case "typing_passed": return withoutTyping(state, change.before);
    case "room_call": return { ...state, calls: withCall(state.calls, change.room, change.call) };
    case "cards": return { ...state, cards: { ...state.cards, ...change.entries.reduce(withCard, { [change.room]: state.cards[change.room] ?? [] }) } };
    case "room_calls": return { ...state, calls: change.calls.reduce((all, { call }) => (call.room === null ? all : withCall(all, call.room, call)), {}) };
    default: return unknown(change, state);
  }
}

/** The card of a call in the room where it stands, in the order of time; there once it was loaded. @param {ChatState["cards"]} cards @param {CallEntry} entry @returns {ChatState["cards"]} */
function withCard(cards, entry) {
  const { room } = entry;
  if (room === null) return cards;
  const rest = (cards[room] ?? []).filter((each) => each.call !== entry.call);
  return { ...cards, [room]: [...rest, entry].sort((a, b) => a.at - b.at) };
}

/** @param {ChatState["calls"]} calls @param {string} room @param {ChatState["calls"][string] | null} call */
const withCall = (calls, room, call) => (call && call.state !== "ended" ? { ...calls, [room]: call } : without(calls, room));

/** A room of mine, or the one that I look at from outside. @param {ChatState} state @param {string | null} room @returns {RoomState | undefined} */
export const roomAt = (state, room) => (room === null ? undefined : state.rooms[room] ?? state.visited[room]);

/** What a room is to somebody who is not in it: nothing is unread, nothing is theirs. @param {Room} room @returns {MyRoom} */
const asVisitor = (room) => ({ ...room, seq: 0, first_seq: 1, joined_seq: 0, role: "member", level: "nothing", read_seq: 0, unread: 0, mentions: 0, members: null, invited: null, last_at: null, said_at: null, wait_ms: 0 });

/** @template T @param {Record<string, T>} all @param {string} key @returns {Record<string, T>} */
function without(all, key) {
  if (!(key in all)) return all;
  const { [key]: _, ...rest } = all;
  return rest;
}

/** @param {ChatState} state @param {string} room @param {(it: RoomState) => RoomState} change @returns {ChatState} */
function inRoom(state, room, change) {
  const it = state.rooms[room];
  const visited = state.visited[room];
  if (!it && visited) return { ...state, visited: { [room]: change(visited) } };
  if (!it) return state;
  const next = change(it);
  return next === it ? state : { ...state, rooms: { ...state.rooms, [room]: next } };
}

/** @param {ChatState} state @param {string} room @param {number} seq @param {number} at @param {Event} event @returns {ChatState} */
function afterEvent(state, room, seq, at, event) {
  const next = inRoom(state, room, (it) => withoutSilent(state, event, it, afterRoomEvent(it, seq, at, event, state.me)));
  if (event.kind !== "message_sent") return next;
  const { [event.author]: _, ...typing } = next.typing[room] ?? {};
  // My own words come back under the key that I gave them: the waiting copy has done its service.
  const echoes = event.author === state.me.id ? next.echoes.filter((echo) => echo.client_key !== event.client_key) : next.echoes;
  return { ...next, echoes: echoes.length === next.echoes.length ? next.echoes : echoes, typing: next.typing[room] ? { ...next.typing, [room]: typing } : next.typing };
}

/**
 * Of whom I block nothing is unread, and whom I muted calls me by no name: their messages leave the counts as they were. Whether others
 * may call me by name is the server's to say, where I have not left it to everyone.
 * @param {ChatState} state @param {Event} event @param {RoomState} before @param {RoomState} it @returns {RoomState}
 */
function withoutSilent({ people }, event, before, it) {
  if (event.kind === "message_edited" && (people.blocked.includes(event.actor) || people.muted.includes(event.actor))) return { ...it, counts: "stale" };
  if (event.kind !== "message_sent") return it;
  const { unread, mentions } = before.room;
  if (people.blocked.includes(event.author)) return { ...it, room: { ...it.room, unread, mentions } };
  return people.muted.includes(event.author) ? { ...it, room: { ...it.room, mentions } } : it;
}

/** @param {ChatState} state @param {MeEvent} event @returns {ChatState} */
function afterMeEvent(state, event) {
  switch (event.kind) {
    case "room_joined":
      return state.rooms[event.room] ? state : { ...state, joining: { ...state.joining, [event.room]: event.head } };
    case "room_left":
      return withoutRoom(state, event.room);
    case "read_marked": {
      const { thread, seq } = event;
      if (thread !== null) return inRoom(state, event.room, (it) => ({ ...it, threadReads: { ...it.threadReads, [thread]: seq } }));
      return inRoom(state, event.room, (it) => (it.room.read_seq === seq && it.counts === "known" ? it : recounted({ ...it, room: { ...it.room, read_seq: seq } }, state.me)));
    }
    case "level_set":
      return inRoom(state, event.room, (it) => ({ ...it, room: { ...it.room, level: event.level } }));
    case "me_changed":
      return withMe(state, event.me);
    case "rights_changed":
      return { ...withMe(state, { ...state.me, roles: event.roles }), permissions: event.permissions, muted_until: event.muted_until };
    case "entitlements_changed":
      return { ...state, entitlements: event.entitlements, owed: event.owed };
    case "orders_changed":
      return state; // What it gives comes by itself; who looks at orders asks for them.
    case "session_ended":
      return state; // If it is this one, the connection ends with 4001.
    case "blocked":
      return withPeople(state, { blocked: withOne(state.people.blocked, event.member) });
    case "unblocked":
      return withPeople(state, { blocked: state.people.blocked.filter((id) => id !== event.member) });
    case "muted":
      return withPeople(state, { muted: withOne(state.people.muted, event.member) });
    case "unmuted":
      return withPeople(state, { muted: state.people.muted.filter((id) => id !== event.member) });
    case "request_came":
      return { ...state, people: { ...state.people, requests: state.people.requests + 1 } };
    case "request_ended":
      return { ...state, people: { ...state.people, requests: Math.max(0, state.people.requests - 1) } };
    case "may_call": {
      const rest = without(state.people.may_call, event.member);
      return { ...state, people: { ...state.people, may_call: event.about ? { ...rest, [event.member]: event.about } : rest } };
    }
    case "call_logged":
      return { ...state, cards: withCard(state.cards, event.entry) };
    case "contact_changed":
    case "follow_changed":
    case "follower_changed":
    case "reach_changed":
    case "listed":
    case "note_changed":
    case "calls_seen":
      return state; // Pages read these when they are opened.
    default:
      return unknown(event, state);
  }
}

/** @param {string[]} ids @param {string} id */
const withOne = (ids, id) => (ids.includes(id) ? ids : inOrder([...ids, id]));

/** Who counts in what is unread is another now. @param {ChatState} state @param {Partial<ChatState["people"]>} change @returns {ChatState} */
function withPeople(state, change) {
  const rooms = Object.entries(state.rooms).map(([id, it]) => [id, it.room.read_seq < it.room.seq ? { ...it, counts: /** @type {const} */ ("stale") } : it]);
  return { ...state, people: { ...state.people, ...change }, rooms: Object.fromEntries(rooms) };
}

/** @param {ChatState} state @param {Signal} signal @param {number} at @returns {ChatState} */
function afterSignal(state, signal, at) {
  switch (signal.kind) {
    case "typing":
      if (signal.member === state.me.id) return state;
      return { ...state, typing: { ...state.typing, [signal.room]: { ...state.typing[signal.room], [signal.member]: at } } };
    case "presence":
      return { ...state, presence: { ...state.presence, ...signal.members } };
    case "member_changed":
      return signal.member.id === state.me.id ? withMe(state, signal.member) : { ...state, members: { ...state.members, [signal.member.id]: signal.member } };
    case "settings_changed":
      return { ...state, community: { ...state.community, ...signal.community } };
    case "noticed":
      return { ...state, people: { ...state.people, notices: signal.notices } };
    default:
      return unknown(signal, state);
  }
}

/** @param {ChatState} state @param {Extract<Change, {type: "page"}>} change @returns {ChatState} */
function afterPage(state, { room, thread, asked, page }) {
  if (page.epoch !== state.epoch) return state;
  const next = inRoom(state, room, (it) => withPage(it, thread, asked, page));
  const keys = new Set(page.items.filter((message) => message.author === state.me.id).map((message) => message.client_key));
  const echoes = settled(next.rooms, next.echoes.filter((echo) => !keys.has(echo.client_key)));
  return { ...next, members: { ...next.members, ...byId(page.members) }, echoes };
}

/** @param {ChatState} state @param {Member} me @returns {ChatState} */
function withMe(state, me) {
  const next = { ...state, me, members: { ...state.members, [me.id]: me } };
  if (me.roles.join() === state.me.roles.join()) return next;
  // Who has another role is meant by other messages.
  const rooms = Object.entries(state.rooms).map(([id, it]) => [id, it.room.unread ? recounted(it, me) : it]);
  return { ...next, rooms: Object.fromEntries(rooms) };
}

/** @param {ChatState} state @param {string} room @returns {ChatState} */
function withoutRoom(state, room) {
  return withoutJoining({ ...state, rooms: without(state.rooms, room), typing: without(state.typing, room) }, room);
}

/** @param {ChatState} state @param {string} room @returns {ChatState} */
function withoutJoining(state, room) {
  return room in state.joining ? { ...state, joining: without(state.joining, room) } : state;
}

/** @param {ChatState} state @param {number} before @returns {ChatState} */
function withoutTyping(state, before) {
  const typing = Object.fromEntries(Object.entries(state.typing).map(([room, heard]) => [room, Object.fromEntries(Object.entries(heard).filter(([, at]) => at > before))]));
  return { ...state, typing };
}

/** @param {Echo[]} old @param {Echo[]} added @returns {Echo[]} */
function merged(old, added) {
  const keys = new Set(added.map((echo) => echo.client_key));
  return [...old.filter((echo) => !keys.has(echo.client_key)), ...added].sort((a, b) => a.created - b.created);
}

/** Whether the message is in a loaded page already: an earlier page of the browser sent it and did not live to see the answer. @param {ChatState} state @param {Echo} echo */
function isThere(state, { room, client_key: key }) {
  const it = state.rooms[room];
  const ranges = it ? [...it.ranges, ...Object.values(it.threads).flat()] : [];
  return ranges.some((range) => range.items.some((message) => message.client_key === key && message.author === state.me.id));
}

/** Drops what was sent and whose event is already applied. @param {Record<string, RoomState>} rooms @param {Echo[]} echoes @returns {Echo[]} */
function settled(rooms, echoes) {
  return echoes.filter((echo) => echo.state !== "sent" || echo.seq === null || echo.seq > (rooms[echo.room]?.room.seq ?? Infinity));
}

/**
 * The part of the state that a fresh snapshot would hold too, in the shapes of the wire: what "state + events = fresh
 * state" compares. Messages are those of the main timeline, oldest first. How long I wait passes by itself.
 * @param {ChatState} state
 */
export function comparable(state) {
  const rooms = Object.values(state.rooms);
  return {
    epoch: state.epoch,
    seq: state.seq,
    me: state.me,
    permissions: state.permissions,
    entitlements: state.entitlements,
    owed: state.owed,
    muted_until: state.muted_until,
    // What is passing tells of notices; the log does not.
    people: { ...state.people, notices: 0 },
    rooms: Object.fromEntries(rooms.map(({ room: { wait_ms: _, ...room } }) => [room.id, room])),
    messages: Object.fromEntries(rooms.map(({ room, ranges }) => [room.id, ranges.flatMap((range) => range.items)])),
  };
}
