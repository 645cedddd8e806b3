// The words of the live protocol, version 1, as docs/protocol.md fixes them.

export type Id = string;
/** Milliseconds since 1970, UTC. */
export type Millis = number;

export interface Status {
  emoji: string | null;
  text: string | null;
  until: Millis | null;
}

export interface Member {
  id: Id;
  username: string;
  display_name: string;
  pronouns: string | null;
  bio: string | null;
  status: Status | null;
  hue: number;
  roles: Id[];
  badge: string | null;
  state: "active" | "pending" | "banned" | "deleted";
}

/** A room as anyone who may see it sees it. */
export interface Room {
  id: Id;
  kind: "public" | "private" | "announcement" | "direct" | "group";
  name: string | null;
  topic: string;
  history: "all" | "since_join";
  archived: boolean;
  created_by: Id | null;
  created_at: Millis;
  member_count: number;
}

export type RoomRole = "owner" | "moderator" | "member";
export type Level = "all" | "mentions" | "nothing";

/** A room of mine: what I am in it, and what I have not read. */
export interface MyRoom extends Room {
  seq: number;
  first_seq: number;
  joined_seq: number;
  role: RoomRole;
  level: Level;
  read_seq: number;
  unread: number;
  mentions: number;
  members: Id[] | null;
  last_at: Millis | null;
}

export interface Mentions {
  members: Id[];
  roles: Id[];
  room: boolean;
}

export interface Quote {
  id: Id;
  seq: number;
  author: Id;
  excerpt: string | null;
}

export interface Reaction {
  emoji: string;
  members: Id[];
}

export interface Message {
  id: Id;
  room: Id;
  seq: number;
  author: Id;
  client_key: string;
  body: string | null;
  body_html: string | null;
  at: Millis;
  edited_at: Millis | null;
  deleted: boolean;
  reply_to: Quote | null;
  thread: Id | null;
  thread_count: number;
  pinned: boolean;
  mentions: Mentions;
  reactions: Reaction[];
}

/** Events of a room's log. */
export type Event =
  | ({ kind: "message_sent"; thread_total?: number } & Omit<Message, "room" | "seq" | "at">)
  | {
      kind: "message_edited";
      id: Id;
      actor: Id;
      body: string | null;
      body_html: string | null;
      edited_at: Millis | null;
      mentions: Mentions;
    }
  | { kind: "message_deleted"; id: Id; actor: Id; thread: Id | null; thread_total: number | null }
  | { kind: "message_pinned"; id: Id; actor: Id }
  | { kind: "message_unpinned"; id: Id; actor: Id }
  | { kind: "reaction_added"; id: Id; actor: Id; emoji: string }
  | { kind: "reaction_removed"; id: Id; actor: Id; emoji: string }
  | { kind: "member_joined"; member: Id; actor: Id }
  | { kind: "member_left"; member: Id; actor: Id | null; reason: "left" | "removed" | "banned" | "deleted" }
  | {
      kind: "room_changed";
      actor: Id;
      name: string | null;
      topic: string;
      archived: boolean;
      history: "all" | "since_join";
    }
  | { kind: "room_role_set"; actor: Id; member: Id; role: RoomRole };

/** Events of a member's own log, whose room is "me" on the wire. */
export type MeEvent =
  | { kind: "room_joined"; room: Id; head: number }
  | { kind: "room_left"; room: Id; reason: string }
  | { kind: "read_marked"; room: Id; thread: Id | null; seq: number }
  | { kind: "level_set"; room: Id; level: Level }
  | { kind: "me_changed"; me: Member }
  | { kind: "rights_changed"; roles: Id[]; permissions: string[]; muted_until: Millis | null }
  | { kind: "session_ended"; session: Id };

/** Passing things, which may be lost. */
export type Signal =
  | { kind: "typing"; room: Id; member: Id }
  | { kind: "presence"; members: Record<Id, boolean> }
  | { kind: "member_changed"; member: Member }
  | { kind: "settings_changed"; community: { name: string; hue: number; sentence: string | null } };

export type ServerFrame =
  | {
      type: "hello";
      v: 1;
      epoch: string;
      connection: string;
      me: Member;
      heads: Record<string, number>;
      calls: unknown[];
      heartbeat_ms: number;
    }
  | { type: "ack"; ref: string; id?: Id; seq?: number; at?: Millis; heads?: Record<string, number> }
  | { type: "refused"; ref: string | null; code: string; message: string; retry_after_ms: number | null }
  | { type: "event"; room: string; seq: number; at: Millis; event: Event | MeEvent }
  | { type: "signal"; signal: Signal }
  | { type: "heartbeat"; n: number; heads_digest: string }
  | { type: "reset"; room: string }
  | { type: "gone"; room: Id }
  | { type: "going_away"; retry_after_ms: number };

/** The answer of `GET /api/v1/me/state`. */
export interface State {
  epoch: string;
  seq: number;
  me: Member;
  session: Id | null;
  permissions: string[];
  muted_until: Millis | null;
  rooms: MyRoom[];
  members: Member[];
  roles: { id: Id; name: string }[];
  community: { name: string; hue: number; sentence: string | null; sign_up_mode: string };
  limits: { message_bytes: number; group_members: number; presence_members: number };
  demo: boolean;
}
