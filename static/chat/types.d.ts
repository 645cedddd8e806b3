// What the chat client keeps between the wire and the screen.

import type { Call, CallEntry, Event, Id, MeEvent, Member, Message, MessagePage, Millis, MyCall, Quote, Room, Signal, State } from "../types/live.d.ts";

/** A room of mine: the room, what I am in it, and what I have not read. */
export type MyRoom = State["rooms"][number];
export type RoomRole = MyRoom["role"];
export type Level = MyRoom["level"];
export type Mentions = Message["mentions"];
export type Reaction = Message["reactions"][number];
export type Limits = State["limits"];

export type { MessagePage };

/** Which page was asked for: the newest, or one by its place. */
export type Asked = { before: number } | { after: number } | { around: number } | { newest: true };

/** A stretch of a timeline without holes: every message from `from` to `to` is in `items`, oldest first. */
export interface Range {
  /** 0: nothing older exists. */
  from: number;
  /** Infinity: it reaches the head and grows with it. */
  to: number;
  items: Message[];
}

export interface Logged {
  seq: number;
  at: Millis;
  event: Event;
}

export interface RoomState {
  /** `room.seq` is the cursor: every event up to it has been applied. */
  room: MyRoom;
  /** The main timeline, as far as it is loaded; ascending, disjoint. */
  ranges: Range[];
  threads: Record<Id, Range[]>;
  /** The last events, to bring pages up to date that were read before them. */
  recent: Logged[];
  /** Messages from pages that already hold events up to this seq, which have yet to come as frames. */
  ahead: Record<Id, number>;
  /** `stale`: unread and mentions can no longer be told from what is loaded. */
  counts: "known" | "stale";
  /** Where I have read to in threads. */
  threadReads: Record<Id, number>;
}

/** A message of mine on its way. */
export interface Echo {
  client_key: string;
  room: Id;
  thread: Id | null;
  reply_to: Quote | null;
  body: string;
  created: Millis;
  attempts: number;
  state: "waiting" | "sending" | "sent" | "failed";
  /** Why it failed. */
  code: string | null;
  /** The sentence that was said with it, where it is another than ours. */
  said?: string | null;
  /** Its seq, once it is sent. */
  seq: number | null;
}

export interface Connection {
  status: "connecting" | "open" | "waiting" | "closed";
  retryAt: Millis | null;
  /** Every log has reached the head that the server named. */
  caughtUp: boolean;
  /** Other tabs and devices have all the connections that I may have. */
  isCrowded: boolean;
}

export interface ChatState {
  epoch: string;
  /** Cursor of my own log. */
  seq: number;
  me: Member;
  permissions: string[];
  /** All that my plans, and what is open to everyone, entitle me to. */
  entitlements: State["entitlements"];
  owed: State["owed"];
  muted_until: Millis | null;
  community: State["community"];
  limits: Limits;
  roles: State["roles"];
  demo: boolean;
  /** Whom I block and mute, and how many requests wait. */
  people: State["people"];
  members: Record<Id, Member>;
  rooms: Record<Id, RoomState>;
  echoes: Echo[];
  presence: Record<Id, boolean>;
  /** Who was heard typing when, by room. */
  typing: Record<Id, Record<Id, Millis>>;
  /** Rooms I have joined and whose snapshot is still to be loaded. */
  joining: Record<Id, number>;
  /** The open room that I look at without being in it, as it was when it was loaded. */
  visited: Record<Id, RoomState>;
  /** Until when I wait in rooms that are slow, by this device's clock. */
  paces: Record<Id, Millis>;
  /** What goes on in the rooms' calls, by room. */
  calls: Record<Id, Call>;
  /** Past and present calls by the room in which their cards stand, oldest first, as far as they are loaded. */
  cards: Record<Id, CallEntry[]>;
  connection: Connection;
}

/** All that may happen to the state. */
export type Change =
  | { type: "loaded"; state: State }
  | { type: "logged"; room: Id | "me"; seq: number; at: Millis; event: Event | MeEvent }
  | { type: "signalled"; signal: Signal; at: Millis }
  | { type: "page"; room: Id; thread: Id | null; asked: Asked; page: MessagePage }
  | { type: "room_loaded"; room: MyRoom }
  | { type: "visited"; room: Room }
  | { type: "visit_over" }
  | { type: "counted"; room: Id; seq: number; read_seq: number; unread: number; mentions: number }
  | { type: "paced"; room: Id; until: Millis }
  | { type: "room_reset"; room: Id }
  | { type: "room_gone"; room: Id }
  | { type: "members_loaded"; members: Member[] }
  | { type: "echoed"; echoes: Echo[] }
  | { type: "echo_changed"; client_key: string; change: Partial<Echo> }
  | { type: "echo_dropped"; client_key: string }
  | { type: "connection"; connection: Partial<Connection> }
  | { type: "typing_passed"; before: Millis }
  | { type: "room_call"; room: Id; call: Call | null }
  | { type: "room_calls"; calls: MyCall[] }
  | { type: "cards"; room: Id; entries: CallEntry[] };
