// The words of the live protocol, version 1: written from the Rust types by the test `types_are_current`.

/** A 63-bit number in decimal. */
export type Id = string;

/** Milliseconds since 1970, UTC. */
export type Millis = number;

/** Where an account stands. */
export type MemberState = "active" | "pending" | "banned" | "deleted";

/** Why a sign stands beside a name. */
export type BadgeReason = "plan" | "administrator";

/** The sign of a verified member, beside the name, with its reason. */
export type Badge = {
  /** Why. */
  by: BadgeReason;
  /** What it says; empty: the client's own word for a verified member. */
  text: string;
  /** Its colour, 0–11; none: that of the community. */
  hue: number | null;
  /** Since when, milliseconds UTC. */
  since: number;
};

/** What a member says about now. */
export type Status = {
  /** One emoji, or empty. */
  emoji: string;
  /** At most 100 characters. */
  text: string;
  /** When it ends, milliseconds UTC. */
  until: number | null;
};

/** A member as others see them. */
export type Member = {
  /** Id. */
  id: Id;
  /** Unique name; empty once deleted. */
  username: string;
  /** Name to show; empty once deleted, the client then has its own word. */
  display_name: string;
  /** Pronouns, or empty. */
  pronouns: string;
  /** A few sentences, or empty. */
  bio: string;
  /** Status that holds now. */
  status: Status | null;
  /** Hue of the avatar, 0–11. */
  hue: number;
  /** Roles, highest first. */
  roles: Array<Id>;
  /** The sign beside the name of a verified member. */
  badge: Badge | null;
  /** Where the account stands. */
  state: MemberState;
};

/** The sign that a plan puts beside a name. */
export type PlanBadge = {
  /** 1–24 characters. */
  text: string;
  /** Its colour, 0–11. */
  hue: number;
};

/** What a plan entitles to, and what all of a member's plans together do. The names of the fields are those of the API and of the rows. | type | fields | two at once | |---|---|---| | right | `calls.start`, `calls.video`, `calls.record`, `rooms.create` | any | | limit of calls; none: no limit | `calls.group_size`, `calls.max_minutes` | the most generous of those that allow to start calls | | allowance; none: what the community gives everyone | `upload.max_mb`, `storage.quota_mb` | the greatest | | sign | `badge` | that of the first plan in the plans' order | */
export type Entitlements = {
  /** May start calls. */
  "calls.start": boolean;
  /** Calls that they start have video. */
  "calls.video": boolean;
  /** Most members of a call that they start, 2–1,000; none: no limit. */
  "calls.group_size": number | null;
  /** Longest call that they start, 1–10,080 minutes; none: no limit. */
  "calls.max_minutes": number | null;
  /** May record calls that they start. */
  "calls.record": boolean;
  /** Largest upload, 1–100,000 MB; none: what everyone has. */
  "upload.max_mb": number | null;
  /** Room for all uploads, 1–10,000,000 MB; none: what everyone has. */
  "storage.quota_mb": number | null;
  /** May make rooms, where the community asks for a plan. */
  "rooms.create": boolean;
  /** The sign beside the name. */
  badge: PlanBadge | null;
};

/** Me, as a connection is greeted. */
export type Me = {
  /** All that I am entitled to. */
  entitlements: Entitlements;
  /** Id. */
  id: Id;
  /** Unique name; empty once deleted. */
  username: string;
  /** Name to show; empty once deleted, the client then has its own word. */
  display_name: string;
  /** Pronouns, or empty. */
  pronouns: string;
  /** A few sentences, or empty. */
  bio: string;
  /** Status that holds now. */
  status: Status | null;
  /** Hue of the avatar, 0–11. */
  hue: number;
  /** Roles, highest first. */
  roles: Array<Id>;
  /** The sign beside the name of a verified member. */
  badge: Badge | null;
  /** Where the account stands. */
  state: MemberState;
};

/** What sort of room it is. */
export type RoomKind = "public" | "private" | "announcement" | "direct" | "group";

/** From where on a member sees a room's messages. */
export type History = "all" | "since_join";

/** What a member may do in one room. */
export type RoomRole = "member" | "moderator" | "owner";

/** What of a room is brought to a member's notice. */
export type Level = "all" | "mentions" | "nothing";

/** A room on the wire. */
export type Room = {
  /** Its id. */
  id: Id;
  /** What sort of room it is. */
  kind: RoomKind;
  /** Its name; null for conversations. */
  name: string | null;
  /** What it is about. */
  topic: string;
  /** From where on members see messages. */
  history: History;
  /** Does nobody write in it any more? */
  archived: boolean;
  /** Who made it. */
  created_by: Id | null;
  /** When. */
  created_at: number;
  /** How many members it has. */
  member_count: number;
};

/** A room of mine: the room, what I am in it, and what I have not read. */
export type MyRoom = {
  /** Its id. */
  id: Id;
  /** What sort of room it is. */
  kind: RoomKind;
  /** Its name; null for conversations. */
  name: string | null;
  /** What it is about. */
  topic: string;
  /** From where on members see messages. */
  history: History;
  /** Does nobody write in it any more? */
  archived: boolean;
  /** Who made it. */
  created_by: Id | null;
  /** When. */
  created_at: number;
  /** How many members it has. */
  member_count: number;
  /** The head of its log. */
  seq: number;
  /** The oldest event that is still kept. */
  first_seq: number;
  /** The head when I joined. */
  joined_seq: number;
  /** What I may do in it. */
  role: RoomRole;
  /** What of it is brought to my notice. */
  level: Level;
  /** Up to where I have read. */
  read_seq: number;
  /** Messages of others that I have not read, at most 1,000. */
  unread: number;
  /** Of these, those that mention me. */
  mentions: number;
  /** Who is in it, for conversations. */
  members: Array<Id> | null;
  /** Who is invited and has not come, for groups. */
  invited: Array<Id> | null;
  /** When the newest message was sent. */
  last_at: number | null;
};

/** Whom a message mentions. */
export type Mentions = {
  /** Members by name. */
  members: Array<Id>;
  /** Roles: whoever in the room has one of them. */
  roles: Array<Id>;
  /** Everyone in the room. */
  room: boolean;
  /** Who was in the room and online when it was sent, for `@here`; at most 500. */
  here: Array<Id>;
};

/** The message that another one answers. */
export type Quote = {
  /** Its id. */
  id: Id;
  /** Its place. */
  seq: number;
  /** Who wrote it. */
  author: Id;
  /** Its beginning as plain text; null when it was deleted. */
  excerpt: string | null;
};

/** One emoji under a message, and who put it there. */
export type Reaction = {
  /** The emoji. */
  emoji: string;
  /** Who, in order of time. */
  members: Array<Id>;
};

/** A message but for its place, as it stands in the event that sent it. */
export type MessageBody = {
  /** Its id. */
  id: Id;
  /** Who wrote it. */
  author: Id;
  /** The author's key for it. */
  client_key: string;
  /** Markdown; null when deleted. */
  body: string | null;
  /** Safe HTML; null when deleted. */
  body_html: string | null;
  /** When it was last changed. */
  edited_at: number | null;
  /** Is only the tombstone left? */
  deleted: boolean;
  /** What it answers. */
  reply_to: Quote | null;
  /** The first message of its thread. */
  thread: Id | null;
  /** Answers in its own thread. */
  thread_count: number;
  /** Is it pinned? */
  pinned: boolean;
  /** Whom it mentions. */
  mentions: Mentions;
  /** What hangs on it. */
  reactions: Array<Reaction>;
  /** How many answers the thread has now that this one is in it; only in events. */
  thread_total?: number;
};

/** A message on the wire. */
export type Message = {
  /** Its room. */
  room: Id;
  /** Its place. */
  seq: number;
  /** When it was sent. */
  at: number;
  /** Its id. */
  id: Id;
  /** Who wrote it. */
  author: Id;
  /** The author's key for it. */
  client_key: string;
  /** Markdown; null when deleted. */
  body: string | null;
  /** Safe HTML; null when deleted. */
  body_html: string | null;
  /** When it was last changed. */
  edited_at: number | null;
  /** Is only the tombstone left? */
  deleted: boolean;
  /** What it answers. */
  reply_to: Quote | null;
  /** The first message of its thread. */
  thread: Id | null;
  /** Answers in its own thread. */
  thread_count: number;
  /** Is it pinned? */
  pinned: boolean;
  /** Whom it mentions. */
  mentions: Mentions;
  /** What hangs on it. */
  reactions: Array<Reaction>;
  /** How many answers the thread has now that this one is in it; only in events. */
  thread_total?: number;
};

/** A page of messages, newest first. */
export type MessagePage = {
  /** The room's head when the page was read. */
  seq: number;
  /** The lineage of the database. */
  epoch: string;
  /** Newest first. */
  items: Array<Message>;
  /** Who wrote them, and who is quoted. */
  members: Array<Member>;
  /** Use as `before` for older ones; null at the beginning. */
  next: string | null;
  /** Use as `after` for newer ones; null at the end. */
  prev: string | null;
};

/** Why somebody is no longer in a room. */
export type Departure = "left" | "removed" | "banned" | "deleted";

/** An event of a room. */
export type Event = {
  "kind": "message_sent"
} & MessageBody
| {
  "kind": "message_edited";
  id: Id;
  actor: Id;
  body: string | null;
  body_html: string | null;
  edited_at: number | null;
  mentions: Mentions;
}
| {
  "kind": "message_deleted";
  id: Id;
  actor: Id;
  thread: Id | null;
  thread_total: number | null;
}
| {
  "kind": "message_pinned";
  id: Id;
  actor: Id;
}
| {
  "kind": "message_unpinned";
  id: Id;
  actor: Id;
}
| {
  "kind": "reaction_added";
  id: Id;
  actor: Id;
  emoji: string;
}
| {
  "kind": "reaction_removed";
  id: Id;
  actor: Id;
  emoji: string;
}
| {
  "kind": "member_joined";
  member: Id;
  actor: Id;
}
| {
  "kind": "member_left";
  member: Id;
  actor: Id | null;
  reason: Departure;
}
| {
  "kind": "member_invited";
  member: Id;
  actor: Id;
}
| {
  "kind": "member_uninvited";
  member: Id;
  actor: Id | null;
}
| {
  "kind": "room_changed";
  actor: Id;
  name: string | null;
  topic: string;
  archived: boolean;
  history: History;
}
| {
  "kind": "room_role_set";
  actor: Id | null;
  member: Id;
  role: RoomRole;
}
| {
  "kind": "hidden"
};

/** Where two members stand with their address books. */
export type ContactState = "none" | "asked" | "asks_me" | "contact";

/** Where I stand with following somebody. */
export type FollowState = "none" | "asked" | "following";

/** What somebody asks for. */
export type RequestKind = "contact" | "follow" | "message" | "call" | "video_call" | "invite";

/** How a request ended. */
export type Outcome = "accepted_once" | "accepted_always" | "ignored" | "blocked" | "withdrawn" | "unheard";

/** What of people a client begins with. */
export type People = {
  /** Whom I block. */
  blocked: Array<Id>;
  /** Whom I muted. */
  muted: Array<Id>;
  /** How many requests wait for me. */
  requests: number;
};

/** An event of a member's own log. */
export type MeEvent = {
  "kind": "room_joined";
  room: Id;
  head: number;
}
| {
  "kind": "room_left";
  room: Id;
  reason: Departure;
}
| {
  "kind": "read_marked";
  room: Id;
  thread: Id | null;
  seq: number;
}
| {
  "kind": "level_set";
  room: Id;
  level: Level;
}
| {
  "kind": "me_changed";
  /** As it is now. */
  me: Member;
}
| {
  "kind": "rights_changed";
  /** Roles, highest first. */
  roles: Array<Id>;
  /** Everything that they allow. */
  permissions: string[];
  /** Until when they may not write. */
  muted_until: number | null;
}
| {
  "kind": "session_ended";
  /** Which. */
  session: Id;
}
| {
  "kind": "entitlements_changed";
  /** As they now are. */
  entitlements: Entitlements;
  /** The plans that the member now has. */
  plans: Array<Id>;
}
| {
  "kind": "contact_changed";
  member: Id;
  state: ContactState;
}
| {
  "kind": "follow_changed";
  member: Id;
  state: FollowState;
}
| {
  "kind": "follower_changed";
  member: Id;
  follows_me: boolean;
}
| {
  "kind": "blocked";
  member: Id;
}
| {
  "kind": "unblocked";
  member: Id;
}
| {
  "kind": "muted";
  member: Id;
}
| {
  "kind": "unmuted";
  member: Id;
}
| {
  "kind": "request_came";
  request: Id;
  about: RequestKind;
  sender: Id;
}
| {
  "kind": "request_ended";
  request: Id;
  outcome: Outcome;
}
| {
  "kind": "reach_changed";
  asks_before_follow: boolean;
}
| {
  "kind": "listed";
  member: Id;
  always: boolean;
  never: boolean;
}
| {
  "kind": "note_changed";
  member: Id;
};

/** Something passing, which may be lost. */
export type Signal = {
  "kind": "typing";
  room: Id;
  member: Id;
}
| {
  kind: "presence";
  members: {
    [key in string]: boolean
  };
}
| {
  kind: "member_changed";
  member: Member;
}
| {
  kind: "settings_changed";
  community: {
    name: string;
    hue: number;
    sentence: string;
    rooms_need_plan: boolean;
  };
};

/** What the server says over the socket. */
export type ServerFrame = {
  type: "hello";
  v: number;
  epoch: string;
  connection: string;
  me: Member;
  heads: {
    [key in string]: number
  };
  calls: Array<never>;
  heartbeat_ms: number;
}
| {
  type: "ack";
  ref: string;
  heads?: {
    [key in string]: number
  };
  /** The id of what was made. */
  id?: string;
  /** Its place in the room's log. */
  seq?: number;
  /** When. */
  at?: number;
}
| {
  type: "refused";
  ref: string | null;
  code: string;
  message: string;
  retry_after_ms: number | null;
}
| {
  type: "heartbeat";
  n: number;
  heads_digest: string;
}
| {
  type: "reset" | "gone";
  room: string;
}
| {
  type: "going_away";
  retry_after_ms: number;
}
| {
  type: "event";
  room: Id;
  seq: number;
  at: Millis;
  event: Event | MeEvent;
}
| {
  type: "signal";
  signal: Signal;
};

/** Who may make an account. */
export type SignUpMode = "open" | "invite" | "approval" | "closed";

/** The community as clients see it. */
export type Community = {
  /** Its name. */
  name: string;
  /** Hue of its accent. */
  hue: number;
  /** What it is. */
  sentence: string;
  /** Who may make an account. */
  sign_up_mode: SignUpMode;
  /** Does making a room that is no conversation need a plan for it? */
  rooms_need_plan: boolean;
};

/** A role as members see it. */
export type RoleName = {
  /** Its id. */
  id: Id;
  /** Its name. */
  name: string;
  /** Which of our own words stands for the name; null once the community gave it another. */
  word: string | null;
  /** What calls those who have it, behind an `@`; null when they cannot be called. */
  handle: string | null;
};

/** Limits that a client shows before it runs into them. */
export type Limits = {
  /** Most bytes of a message. */
  message_bytes: number;
  /** Most members of a group conversation. */
  group_members: number;
  /** Rooms with more members show a count instead of who is there. */
  presence_members: number;
};

/** Everything that a client begins with. */
export type State = {
  /** The lineage of the database. */
  epoch: string;
  /** The head of my own log. */
  seq: number;
  /** Me. */
  me: Member;
  /** My session. */
  session: Id | null;
  /** What my roles allow. */
  permissions: string[];
  /** All that I am entitled to. */
  entitlements: Entitlements;
  /** Until when I may not write. */
  muted_until: number | null;
  /** My rooms. */
  rooms: Array<MyRoom>;
  /** Me, and who is in my conversations. */
  members: Array<Member>;
  /** Whom I block and mute, and how many requests wait. */
  people: People;
  /** The community's roles. */
  roles: Array<RoleName>;
  /** The community. */
  community: Community;
  /** Limits. */
  limits: Limits;
  /** Is this the demo? */
  demo: boolean;
};
