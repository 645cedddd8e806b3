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

/** A payment that is owed, as whoever owes it is told wherever they are. */
export type Owed = {
  /** For which subscription. */
  subscription: Id;
  /** The name of its plan. */
  plan: string;
  /** Until when it can be paid before anything ends, milliseconds UTC. */
  until: number;
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
  /** Has it voice: may one call in it? Conversations have it always. */
  voice: boolean;
  /** Slow mode: seconds between two messages of one member, 5–21,600; 0: off. Who leads the room, and who moderates, is free of it. */
  slow_seconds: number;
  /** For how many days it keeps its messages, 1–3,650; 0: for ever; null: as the community does. Conversations keep theirs. */
  keep_days: number | null;
  /** Up to this place its messages are gone, since their time was over. */
  expired_seq: number;
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
  /** Has it voice: may one call in it? Conversations have it always. */
  voice: boolean;
  /** Slow mode: seconds between two messages of one member, 5–21,600; 0: off. Who leads the room, and who moderates, is free of it. */
  slow_seconds: number;
  /** For how many days it keeps its messages, 1–3,650; 0: for ever; null: as the community does. Conversations keep theirs. */
  keep_days: number | null;
  /** Up to this place its messages are gone, since their time was over. */
  expired_seq: number;
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
  /** When I last wrote in it while it was slow. */
  said_at: number | null;
  /** For how many milliseconds I still wait in it as a member, where it is slow; 0: I may write. */
  wait_ms: number;
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

/** How many answers a thread has left. */
export type ThreadTotal = {
  /** Its first message. */
  id: Id;
  /** Answers that are left. */
  total: number;
};

/** What sort of call it is. */
export type CallKind = "direct" | "group" | "room";

/** Where a call stands. */
export type CallState = "ringing" | "connecting" | "active" | "ended";

/** Why a call is over. */
export type Cause = "left" | "no_answer" | "declined" | "busy" | "cancelled" | "failed" | "empty" | "alone" | "time_over" | "ended_by_host" | "room_closed" | "interrupted";

/** Why somebody is no longer in a call. */
export type Parting = "left" | "lost" | "removed" | "banned" | "signed_out" | "room_left" | "ended" | "moved" | "failed";

/** What somebody may do in a call. */
export type CallRole = "host" | "speaker" | "listener";

/** Where something that is seen or heard comes from. */
export type CallSource = "mic" | "cam" | "screen" | "screen_audio";

/** How one source of a member stands. */
export type SourceState = "live" | "muted" | "held";

/** A call as everyone who may know of it sees it. */
export type Call = {
  /** Its id. */
  id: Id;
  /** What sort of call it is. */
  kind: CallKind;
  /** Its room; null for a call between two, whose place is their conversation. */
  room: Id | null;
  /** Was it begun with cameras? */
  video: boolean;
  /** May cameras and screens be on in it? */
  pictures: boolean;
  /** Who began it. */
  starter: Id;
  /** When, milliseconds UTC. */
  started_at: number;
  /** Since when one talks, milliseconds UTC: when it was answered, or the room's call opened; null while it rings. */
  answered_at: number | null;
  /** Where it stands. */
  state: CallState;
  /** While it rings: when every device stops by itself, milliseconds UTC. */
  expires_at: number | null;
  /** When it ends by its starter's plan, milliseconds UTC. */
  ends_at: number | null;
  /** Does it take in nobody new? */
  locked: boolean;
  /** Who was asked to come, in the order of asking. */
  rung: Array<Id>;
  /** Who is in it, in the order of coming. */
  members: Array<Id>;
  /** Why it is over. */
  cause: Cause | null;
};

/** What I am to a call. */
export type Part = "outside" | "ringing" | "accepted" | "in";

/** A call of mine as a connection is greeted with it, and as its changes are told. */
export type MyCall = {
  /** The call. */
  call: Call;
  /** What I am to it. */
  part: Part;
  /** On which connection I accepted it or am in it: the other devices fall silent. */
  connection: string | null;
};

/** How somebody's media stands. */
export type Link = "connecting" | "live" | "weak" | "away";

/** Somebody in a call. */
export type Participant = {
  /** Who. */
  member: Id;
  /** Their number in this call: what a slot's packets carry as their contributing source. */
  number: number;
  /** What they may do. */
  role: CallRole;
  /** Do they ask to speak? */
  hand: boolean;
  /** How their media stands. */
  link: Link;
  /** What they send, each with how it stands; what they never began is absent. */
  sources: {
    [key in CallSource]?: SourceState
  };
  /** Since when, milliseconds UTC. */
  joined_at: number;
};

/** How a slot stands. */
export type SlotState = "live" | "paused" | "muted" | "empty";

/** What is heard or seen in one receive slot. */
export type Slot = {
  /** The `mid` of its section. */
  slot: string;
  /** Whose it is; null: nobody's. */
  member: Id | null;
  /** What of them. */
  source: CallSource | null;
  /** How it stands. */
  state: SlotState;
};

/** Why somebody is not seen or heard, by the first hop that fails. */
export type Trouble = "no_ice" | "no_dtls" | "no_packets" | "no_keyframe" | "muted" | "policy";

/** How well the way between somebody and the server is, as everyone in the call sees it. */
export type Mark = {
  /** Whose. */
  member: Id;
  /** 0: nothing comes; 1: poor; 2: fair; 3: good. */
  mark: number;
};

/** Numbers that a client shows and keeps to. */
export type CallLimits = {
  /** Most members of the call. */
  members: number;
  /** Receive sections for sound to offer at first. */
  audio_slots: number;
  /** Receive sections for pictures to offer at first. */
  video_slots: number;
  /** Receive sections for pictures that are ever answered. */
  most_video_slots: number;
  /** The place is kept this long without socket and media, milliseconds. */
  keep_ms: number;
};

/** What a host did to me. */
export type Moderation = {
  "kind": "muted";
  source: CallSource;
}
| {
  "kind": "may_unmute";
  source: CallSource;
}
| {
  "kind": "role";
  role: CallRole;
}
| {
  "kind": "hand_lowered"
};

/** The third class of frames beside events and signals: not durable, never dropped, outside `n`. */
export type CallNotice = {
  "type": "call.ring";
  call: Call;
  waiting: boolean;
}
| {
  "type": "call.state"
} & MyCall
| {
  "type": "call.room";
  room: Id;
  call: Call | null;
}
| {
  "type": "call.ended";
  call: Id;
  cause: Cause;
}
| {
  "type": "call.joined";
  call: Call;
  number: number;
  role: CallRole;
  hand: boolean;
  held: Array<CallSource>;
  resume: string;
  resumed: boolean;
  limits: CallLimits;
  members: Array<Participant>;
}
| {
  "type": "pc.answer";
  call: Id;
  gen: number;
  sdp: string;
}
| {
  "type": "call.slots";
  call: Id;
  rev: number;
  full: boolean;
  slots: Array<Slot>;
}
| {
  "type": "call.layers";
  call: Id;
  source: CallSource;
  rids: {
    [key in string]: boolean
  };
}
| {
  "type": "call.speakers";
  call: Id;
  speakers: Array<Id>;
}
| {
  "type": "call.members";
  call: Id;
  full: boolean;
  members: Array<Participant>;
  left: {
    [key in Id]: Parting
  };
}
| {
  "type": "call.quality";
  call: Id;
  marks: Array<Mark>;
  heard: boolean;
  link: Trouble | null;
  sending: {
    [key in CallSource]?: Trouble
  };
  receiving: {
    [key in string]: Trouble
  };
}
| {
  "type": "call.grow";
  call: Id;
  audio: number;
  video: number;
}
| {
  "type": "call.moderated";
  call: Id;
  by: Id;
  act: Moderation;
}
| {
  "type": "call.parted";
  call: Id;
  why: Parting;
};

/** How a call ended for one member, as their list of calls shows it. */
export type Fate = "missed" | "unheard" | "busy" | "declined" | "taken" | "unanswered" | "passed" | "cancelled";

/** A call in a member's list of calls. */
export type CallEntry = {
  /** The call. */
  call: Id;
  /** What sort of call. */
  kind: CallKind;
  /** The room in which its card stands: that of the call, or the conversation of the two if I am in it. */
  room: Id | null;
  /** Was it with cameras? */
  video: boolean;
  /** Who began it. */
  starter: Id;
  /** The others, at most 8: who was called, or was in it. */
  others: Array<Id>;
  /** Did I begin it? */
  outgoing: boolean;
  /** How it ended for me; null while it goes on. */
  fate: Fate | null;
  /** When it began, milliseconds UTC. */
  at: number;
  /** For how long I was in it, seconds. */
  seconds: number;
  /** How good my connection was at its worst, 1–3; null when I talked with nobody. */
  quality: number | null;
  /** Have I seen it among the missed ones? */
  seen: boolean;
};

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
  voice: boolean;
  slow_seconds: number;
  keep_days: number | null;
}
| {
  "kind": "room_role_set";
  actor: Id | null;
  member: Id;
  role: RoomRole;
}
| {
  "kind": "hidden"
}
| {
  "kind": "messages_expired";
  through: number;
  threads: Array<ThreadTotal>;
}
| {
  "kind": "call_started";
  call: Id;
  actor: Id;
  video: boolean;
}
| {
  "kind": "call_ended";
  call: Id;
  actor: Id;
  video: boolean;
  cause: Cause;
  started_at: number;
  seconds: number;
  members: number;
};

/** Where an order stands. The numbers are stored. */
export type OrderState = "awaiting" | "fulfilled" | "declined" | "cancelled" | "expired" | "refunded";

/** Where two members stand with their address books. */
export type ContactState = "none" | "asked" | "asks_me" | "contact";

/** Where I stand with following somebody. */
export type FollowState = "none" | "asked" | "following";

/** What somebody asks for. */
export type RequestKind = "contact" | "follow" | "message" | "call" | "video_call" | "invite";

/** How a request ended. */
export type Outcome = "accepted_once" | "accepted_always" | "ignored" | "blocked" | "withdrawn" | "unheard" | "closed";

/** What of people a client begins with. */
export type People = {
  /** Whom I block. */
  blocked: Array<Id>;
  /** Whom I muted. */
  muted: Array<Id>;
  /** How many requests wait for me. */
  requests: number;
  /** How many notices of those who keep the peace I have not seen. */
  notices: number;
  /** Who said yes to my calls, which I have not made yet: to a voice (`call`), or to a picture as well (`video_call`). */
  may_call: {
    [id: string]: RequestKind
  };
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
  /** What the member owes; null: nothing. */
  owed: Owed | null;
}
| {
  "kind": "orders_changed";
  /** Which. */
  order: Id;
  /** Where it stands. */
  state: OrderState;
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
}
| {
  "kind": "may_call";
  member: Id;
  about: RequestKind | null;
}
| {
  "kind": "call_logged";
  entry: CallEntry;
  missed: number;
}
| {
  "kind": "calls_seen";
  until: number;
  missed: number;
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
    keep_messages_days: number;
    rooms_may_keep: RoomsMayKeep;
    closed: string[];
  };
}
| {
  kind: "noticed";
  notices: number;
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
  signals: number;
  calls: Array<MyCall>;
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
  signals: number;
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
  n?: number;
  signal: Signal;
}
| {
  /** Its place among the notices of this stay. */
  seq?: number;
} & ({
  "type": "call.ring";
  call: Call;
  waiting: boolean;
}
| {
  "type": "call.state"
} & MyCall
| {
  "type": "call.room";
  room: Id;
  call: Call | null;
}
| {
  "type": "call.ended";
  call: Id;
  cause: Cause;
}
| {
  "type": "call.joined";
  call: Call;
  number: number;
  role: CallRole;
  hand: boolean;
  held: Array<CallSource>;
  resume: string;
  resumed: boolean;
  limits: CallLimits;
  members: Array<Participant>;
}
| {
  "type": "pc.answer";
  call: Id;
  gen: number;
  sdp: string;
}
| {
  "type": "call.slots";
  call: Id;
  rev: number;
  full: boolean;
  slots: Array<Slot>;
}
| {
  "type": "call.layers";
  call: Id;
  source: CallSource;
  rids: {
    [key in string]: boolean
  };
}
| {
  "type": "call.speakers";
  call: Id;
  speakers: Array<Id>;
}
| {
  "type": "call.members";
  call: Id;
  full: boolean;
  members: Array<Participant>;
  left: {
    [key in Id]: Parting
  };
}
| {
  "type": "call.quality";
  call: Id;
  marks: Array<Mark>;
  heard: boolean;
  link: Trouble | null;
  sending: {
    [key in CallSource]?: Trouble
  };
  receiving: {
    [key in string]: Trouble
  };
}
| {
  "type": "call.grow";
  call: Id;
  audio: number;
  video: number;
}
| {
  "type": "call.moderated";
  call: Id;
  by: Id;
  act: Moderation;
}
| {
  "type": "call.parted";
  call: Id;
  why: Parting;
});

/** Who may make an account. */
export type SignUpMode = "open" | "invite" | "approval" | "closed";

/** Whether rooms may keep messages for another time than the community. */
export type RoomsMayKeep = "as_community" | "shorter" | "any";

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
  /** For how many days rooms keep messages that have chosen nothing; 0: for ever. */
  keep_messages_days: number;
  /** Whether rooms may choose otherwise. */
  rooms_may_keep: RoomsMayKeep;
  /** Ways of reaching others that are closed for everybody. */
  closed: string[];
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
  /** The number of the latest signal to everyone. */
  signals: number;
  /** Me. */
  me: Member;
  /** My session. */
  session: Id | null;
  /** What my roles allow. */
  permissions: string[];
  /** All that I am entitled to. */
  entitlements: Entitlements;
  /** What I owe. */
  owed: Owed | null;
  /** Until when I may not write. */
  muted_until: number | null;
  /** My rooms. */
  rooms: Array<MyRoom>;
  /** Me, and who is in my conversations. */
  members: Array<Member>;
  /** Whom I block and mute, and how many requests wait. */
  people: People;
  /** What I call others, by their ids. */
  own_names: {
    [id: string]: string
  };
  /** The community's roles. */
  roles: Array<RoleName>;
  /** The community. */
  community: Community;
  /** Limits. */
  limits: Limits;
  /** Is this the demo? */
  demo: boolean;
};
