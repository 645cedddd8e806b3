// The client's own types of calls; those of the wire are in static/types/live.d.ts.
import type { Call, CallKind, CallRole, CallSource, Id, MyCall, Participant, Slot, Trouble } from "../types/live.d.ts";

export type Source = CallSource;

export type Phase = "ringing_out" | "pre_join" | "joining" | "live" | "weak" | "media_only" | "resuming" | "ended";

/** Why a call is over for me: the causes of a call's end, those of my own parting, and what only this side can know. */
export type Cause = string;

/** What I want to begin or enter. */
export type Wish = {
  /** Known when there is something to enter. */
  call: Id | null;
  kind: CallKind;
  /** Whom I ring, for a call between two. */
  to: Id | null;
  room: Id | null;
  /** Whether my camera is to be on. */
  video: boolean;
};

/** Somebody's wish to speak with me. */
export type Ring = {
  call: Call;
  /** When it stops, by our clock. */
  expires: number;
  /** I am in another call: it is shown and makes no sound. */
  waiting: boolean;
};

/** The call that this tab is about. */
export type Current = {
  phase: Phase;
  /** Since when. */
  since: number;
  wish: Wish;
  /** What the server says of it; null until it has. */
  call: Call | null;
  /** When the ringing stops, by our clock. */
  expires: number | null;
  cause: Cause | null;
  /** The server's code of a refusal, with its sentence. */
  code: string | null;
  media: "none" | "connecting" | "up" | "down";
  /** Since when it does not hold whole. */
  lostAt: number | null;
  /** When media first ran. */
  liveAt: number | null;
  /** For coming back: serves once. */
  resume: string | null;
  /** Whether the server knows this connection to be in the call. */
  isKnown: boolean;
  role: CallRole;
  /** What a host, my role or the plan keeps off. */
  held: Source[];
  people: Record<Id, Participant>;
  /** By the section in which they come. */
  slots: Record<string, Slot>;
  revision: number;
  /** Members, loudest first. */
  speakers: Id[];
  /** How good their ways are: 0 not known or not there, 1 poor, 2 fair, 3 good. */
  marks: Record<Id, number>;
  /** Packets of my microphone come to the server. */
  heard: boolean;
  /** Sources that I send and of which nothing that can be shown comes to the server. */
  unseen: Source[];
  /** Why what should come in a slot does not, by the slot. */
  silent: Record<string, Trouble>;
  /** The first hop that fails, by the browser's own counts. */
  trouble: Trouble | null;
  /** The same by the server's. */
  link: Trouble | null;
};

export type CallsState = {
  me: Id;
  /** Our clock before the server's, in milliseconds. */
  skew: number;
  /** Of `hello`. */
  connection: string;
  rings: Ring[];
  /** Those that rang until the server said no more, and whose end is still to come. */
  hushed: Ring[];
  missed: Ring[];
  /** The last end that was told: of a call that I begin it may come before its name. */
  lastEnd: { call: Id; cause: Cause } | null;
  current: Current | null;
  line: "up" | "down";
};

export type Change =
  | { type: "greeted"; connection: string; calls: MyCall[]; now: number }
  | { type: "rang"; call: Call; waiting: boolean; now: number }
  | { type: "state"; mine: MyCall; now: number }
  | { type: "over"; call: Id; cause: Cause; now: number }
  | { type: "tick"; now: number }
  | { type: "line"; line: "up" | "down"; now: number }
  | { type: "missed_seen" }
  | { type: "shut_out"; member: string }
  | { type: "asked" | "joining"; wish: Wish; now: number }
  | { type: "looking"; wish: Wish; call: Call | null; now: number }
  | { type: "failed"; cause: Cause; code: string | null; now: number }
  | { type: "closed" }
  | { type: "started"; call: Id; now: number }
  | { type: "joined"; call: Call; role: CallRole; held: Source[]; resume: string; members: Participant[]; resumed: boolean; now: number }
  | { type: "media"; media: Current["media"]; now: number }
  | { type: "members"; put: Participant[]; left: Id[]; full: boolean }
  | { type: "slots"; rev: number; slots: Slot[]; full: boolean }
  | { type: "speakers"; speakers: Id[] }
  | { type: "quality"; marks: Record<Id, number>; heard: boolean; unseen: Source[]; silent: Record<string, Trouble>; link: Trouble | null }
  | { type: "trouble"; trouble: Trouble | null }
  | { type: "held"; source: Source; held: boolean }
  | { type: "role"; role: CallRole };
