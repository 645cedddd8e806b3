/** The calls of this tab: who rings me, which call I am in and how well it holds. Pure: time is an argument. */

import { peopleAfter } from "./people.js";

/** @import { Call, MyCall } from "../types/live.d.ts" */
/** @import { CallsState, Cause, Change, Current, Ring, Wish } from "./types.d.ts" */

/** A ring that comes with less than this left is news of the past: it shows as missed and makes no sound. */
export const LATE_MS = 3_000;
/** How long a call may be without its media before this side gives it up. */
export const GIVE_UP_MS = 30_000;
/** How long joining may take before it has failed. */
export const JOIN_WITHIN_MS = 20_000;
/** How long the end of a call stays on the screen, unless it says what went wrong and what to do: that waits until it was read. */
export const FAREWELL_MS = 6_000;
const TO_BE_READ = new Set(["refused", "failed", "lost"]);

/** Ends that nobody decided: whoever it rang for has missed it. */
const MISSED = new Set(["no_answer", "cancelled", "failed", "interrupted", "busy"]);

/** @param {string} me @param {number} [skew] our clock before the server's, in milliseconds @returns {CallsState} */
export const begin = (me, skew = 0) => ({ me, skew, connection: "", rings: [], hushed: [], missed: [], lastEnd: null, current: null, line: "up" });

/** @param {CallsState} state @param {Change} change @returns {CallsState} */
export function after(state, change) {
  switch (change.type) {
    case "greeted": return greeted(state, change);
    case "rang": return rang(state, change.call, change.waiting, change.now);
    case "state": return stateTold(state, change.mine, change.now);
    case "over": return over(state, change.call, change.cause, change.now);
    case "tick": return ticked(state, change.now);
    case "line": return lineChanged(state, change.line, change.now);
    case "missed_seen": return state.missed.length ? { ...state, missed: [] } : state;
    case "shut_out": return { ...state, missed: state.missed.filter(({ call }) => call.kind !== "direct" || call.starter !== change.member) };
    case "asked": return { ...state, missed: unanswered(state.missed, change.wish), current: fresh("ringing_out", change.wish, change.now) };
    case "looking": return { ...state, current: { ...fresh("pre_join", change.wish, change.now), call: change.call } };
    case "joining": return joining(state, change.wish, change.now);
    default: return state.current ? { ...state, current: currentAfter(state.current, change, state) } : state;
  }
}

/** @param {Current["phase"]} phase @param {Wish} wish @param {number} now @returns {Current} */
const fresh = (phase, wish, now) => ({
  phase, since: now, wish, call: null, expires: null, cause: null, code: null, media: "none", lostAt: null, liveAt: null, resume: null, isKnown: true,
  role: "speaker", held: [], people: {}, slots: {}, revision: 0, speakers: [], marks: {}, heard: true, unseen: [], silent: {}, trouble: null, link: null,
});

/** When the ringing stops by our own clock, which may be another one than the server's; null: it rings nobody. @param {CallsState} state @param {Call} call */
const expiryOf = ({ skew }, call) => (call.expires_at === null ? null : call.expires_at + skew);

/** @param {CallsState} state @param {Call} call @param {boolean} waiting @param {number} now @returns {CallsState} */
function rang(state, call, waiting, now) {
  if (state.current?.call?.id === call.id || state.rings.some((each) => each.call.id === call.id)) return state;
  /** @type {Ring} */
  const ring = { call, expires: expiryOf(state, call) ?? now, waiting };
  if (now > ring.expires - LATE_MS) return { ...state, missed: [...state.missed.filter((each) => each.call.id !== call.id), ring] };
  return { ...state, rings: [...state.rings, ring] };
}

/** A call that stops ringing here was missed unless somebody decided about it. @param {CallsState} state @param {string} call @param {boolean} isMissed */
function silenced(state, call, isMissed) {
  const ring = state.rings.find((each) => each.call.id === call);
  if (!ring) return state;
  return { ...state, rings: state.rings.filter((each) => each !== ring), missed: isMissed ? [...state.missed, ring] : state.missed };
}

/** It rings for me no more, and only the end of the call will say whether I missed it or somebody of mine declined. @param {CallsState} state @param {string} call */
function hushed(state, call) {
  const ring = state.rings.find((each) => each.call.id === call);
  return ring ? { ...state, rings: state.rings.filter((each) => each !== ring), hushed: [...state.hushed, ring] } : state;
}

/** After a gap the greeting is the truth: what it does not name rings no more. @param {CallsState} state @param {Extract<Change, {type: "greeted"}>} change */
function greeted(state, { connection, calls, now }) {
  /** @type {CallsState} */
  let next = { ...state, connection };
  for (const ring of state.rings) if (!calls.some((mine) => mine.call.id === ring.call.id)) next = silenced(next, ring.call.id, true);
  for (const mine of calls) next = stateTold(next, mine, now);
  return next;
}

/** @param {CallsState} state @param {MyCall} mine @param {number} now @returns {CallsState} */
function stateTold(state, mine, now) {
  const { call, part, connection } = mine;
  // Without its cause the end is not told yet: that comes as a word of its own.
  if (call.state === "ended") return call.cause === null ? hushed(state, call.id) : over(state, call.id, call.cause, now);
  let next = state;
  const isElsewhere = connection !== null && connection !== state.connection;
  if (part === "ringing" && next.current?.call?.id !== call.id) next = rang(next, call, false, now);
  else if (part === "outside") next = hushed(next, call.id);
  else next = silenced(next, call.id, false);
  const { current } = next;
  if (!current || current.phase === "ended" || (current.call?.id ?? current.wish.call) !== call.id) return next;
  if (isElsewhere && part !== "outside" && isTaken(current, mine, state.me)) return { ...next, current: ended(current, "moved", null, now) };
  return { ...next, current: told(next, current, call, now) };
}

/**
 * Whether another connection of mine took it from this one. On the way back in, the place that the page before this one had is my own.
 * @param {Current} current @param {MyCall} mine @param {string} me
 */
const isTaken = ({ phase, resume }, { part, call }, me) => phase !== "pre_join" && !resume && !(phase === "joining" && (part === "in" || call.starter === me));

/** What the server says of the call that I am about. @param {CallsState} state @param {Current} current @param {Call} call @param {number} now @returns {Current} */
function told(state, current, call, now) {
  const rings = call.state === "ringing";
  // Whoever began it and comes back while it rings goes on waiting.
  const waits = rings && current.phase === "joining" && call.starter === state.me && current.resume !== null;
  const known = { ...current, call, expires: rings ? expiryOf(state, call) : null, ...(waits && { phase: /** @type {const} */ ("ringing_out"), since: now }) };
  if (current.phase !== "ringing_out" || rings) return known;
  return current.media === "up" ? { ...known, phase: "live", since: now, liveAt: now } : { ...known, phase: "joining", since: now };
}

/** @param {CallsState} state @param {string} call @param {Cause} cause @param {number} now @returns {CallsState} */
function over(state, call, cause, now) {
  const quiet = state.hushed.find((each) => each.call.id === call);
  const heard = quiet ? { ...state, hushed: state.hushed.filter((each) => each !== quiet), rings: [...state.rings, quiet] } : state;
  const next = silenced(heard, call, MISSED.has(cause));
  const { current } = next;
  const isMine = current && current.phase !== "ended" && (current.call?.id ?? current.wish.call) === call;
  return { ...next, lastEnd: { call, cause }, current: isMine ? ended(current, cause, null, now) : current };
}

/** What the clock alone decides: rings run out on every device by themselves, whatever the line does. @param {CallsState} state @param {number} now */
function ticked(state, now) {
  let next = state;
  for (const ring of state.rings) if (now >= ring.expires) next = silenced(next, ring.call.id, true);
  const { current } = next;
  const due = current && dueOf(current);
  if (!current || due === null || now < due) return next;
  if (current.phase === "ended") return { ...next, current: null };
  const cause = current.phase === "ringing_out" ? "no_answer" : current.phase === "joining" ? "failed" : "lost";
  return { ...next, current: ended(current, cause, null, now) };
}

/** @param {Current} current @returns {number | null} */
function dueOf(current) {
  switch (current.phase) {
    case "ringing_out": return current.expires;
    case "joining": return current.since + JOIN_WITHIN_MS;
    case "weak":
    case "resuming": return (current.lostAt ?? current.since) + GIVE_UP_MS;
    case "ended": return TO_BE_READ.has(current.cause ?? "") ? null : current.since + FAREWELL_MS;
    default: return null;
  }
}

/** When the clock has to be looked at next; null: nothing runs out. @param {CallsState} state @returns {number | null} */
export function deadline(state) {
  const all = state.rings.map((ring) => ring.expires);
  const own = state.current && dueOf(state.current);
  if (own !== null) all.push(own);
  return all.length ? Math.min(...all) : null;
}

/** @param {CallsState} state @param {"up" | "down"} line @param {number} now @returns {CallsState} */
function lineChanged(state, line, now) {
  if (state.line === line) return state;
  const { current } = state;
  return { ...state, line, current: current && isOn(current) ? steadied({ ...current, isKnown: false }, line, now) : current };
}

/** What is still missed when I speak with somebody: not what they wanted of me. @param {Ring[]} missed @param {Wish} wish */
const unanswered = (missed, { call: id, kind, to, room }) =>
  missed.filter(({ call }) => call.id !== id && !(kind === "direct" ? call.kind === "direct" && call.starter === to : room !== null && call.room === room));

/** @param {CallsState} state @param {Wish} wish @param {number} now @returns {CallsState} */
function joining(state, wish, now) {
  const ring = state.rings.find((each) => each.call.id === wish.call);
  const { current } = state;
  const known = current && current.phase !== "ended" && (current.call?.id ?? current.wish.call) === wish.call ? current : fresh("joining", wish, now);
  const call = ring?.call ?? known.call;
  return { ...state, missed: unanswered(state.missed, wish), rings: state.rings.filter((each) => each !== ring), current: { ...known, wish, call, phase: "joining", since: now, media: "connecting" } };
}

/** Whether I am in the call, however badly. @param {Current} current */
export const isOn = ({ phase }) => phase === "live" || phase === "weak" || phase === "media_only" || phase === "resuming";

/** Whether a call keeps this tab busy. @param {CallsState} state */
export const isBusy = ({ current }) => current !== null && current.phase !== "ended" && current.phase !== "pre_join";

/** The call that I am about, by the server's name for it. @param {CallsState} state */
export const callOf = ({ current }) => current?.call?.id ?? current?.wish.call ?? null;

/**
 * How well the call holds, from its two legs: media without a line goes on, a line without media is being mended.
 * @param {Current} current @param {"up" | "down"} line @param {number} now @returns {Current}
 */
function steadied(current, line, now) {
  const hasMedia = current.media === "up";
  const hasLine = line === "up" && current.isKnown;
  const phase = hasMedia && hasLine ? "live" : hasMedia ? "media_only" : hasLine ? "weak" : "resuming";
  return { ...current, phase, lostAt: phase === "live" ? null : (current.lostAt ?? now) };
}

/** @param {Current} current @param {Cause} cause @param {string | null} code @param {number} now @returns {Current} */
const ended = (current, cause, code, now) => ({ ...current, phase: "ended", cause, code, since: now, media: "none", resume: null, speakers: [] });

/** @param {Current} current @param {Change} change @param {CallsState} state @returns {Current | null} */
function currentAfter(current, change, state) {
  if (change.type === "closed") return null;
  if (current.phase === "ended") return current;
  switch (change.type) {
    case "started": return started({ ...current, wish: { ...current.wish, call: change.call } }, state.lastEnd, change.now);
    case "failed": return ended(current, change.cause, change.code, change.now);
    case "joined": return joined(current, change, state);
    case "media": return mediaChanged(current, change.media, state.line, change.now);
    default: return peopleAfter(current, change);
  }
}

/** Whoever is busy is so at once: then the end was told before the call had a name here. @param {Current} current @param {CallsState["lastEnd"]} end @param {number} now @returns {Current} */
const started = (current, end, now) => (end?.call === current.wish.call ? ended(current, end?.cause ?? "ended", null, now) : current);

/** @param {Current} current @param {Extract<Change, {type: "joined"}>} change @param {CallsState} state @returns {Current} */
function joined(current, { call, role, held, resume, members, now }, state) {
  const people = Object.fromEntries(members.map((each) => [each.member, each]));
  const known = told(state, { ...current, resume, role, held, people, isKnown: true }, call, now);
  return isOn(known) ? steadied(known, state.line, now) : known;
}

/** @param {Current} current @param {Current["media"]} media @param {"up" | "down"} line @param {number} now @returns {Current} */
function mediaChanged(current, media, line, now) {
  const next = { ...current, media };
  // Media may stand before anybody has answered: it is the answer that makes it a call.
  if (current.phase === "joining" && media === "up") return steadied({ ...next, liveAt: current.liveAt ?? now }, line, now);
  return isOn(current) ? steadied(next, line, now) : next;
}
