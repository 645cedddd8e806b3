/** Who is in the call and what reaches me of them: members, slots, speakers, marks. Pure. */

/** @import { Participant, Trouble } from "../types/live.d.ts" */
/** @import { Change, Current, Source } from "./types.d.ts" */

/** @param {Current} current @param {Change} change @returns {Current} */
export function peopleAfter(current, change) {
  switch (change.type) {
    case "members": return membersChanged(current, change);
    case "slots": return slotsChanged(current, change);
    case "speakers": return { ...current, speakers: change.speakers };
    case "quality": return { ...current, marks: { ...current.marks, ...change.marks }, heard: change.heard, unseen: change.unseen, silent: change.silent, link: change.link };
    case "trouble": return { ...current, trouble: change.trouble };
    case "held": return { ...current, held: change.held ? [...new Set([...current.held, change.source])] : current.held.filter((each) => each !== change.source) };
    case "role": return { ...current, role: change.role };
    default: return current;
  }
}

/** @param {Current} current @param {Extract<Change, {type: "members"}>} change */
function membersChanged(current, { put, left, full }) {
  const people = full ? {} : { ...current.people };
  for (const id of left) delete people[id];
  for (const each of put) people[each.member] = each;
  return { ...current, people, speakers: current.speakers.filter((id) => id in people) };
}

/** A list that is older than what is known changes nothing. @param {Current} current @param {Extract<Change, {type: "slots"}>} change */
function slotsChanged(current, { rev, slots, full }) {
  if (rev <= current.revision && !full) return current;
  const next = full ? {} : { ...current.slots };
  for (const slot of slots) {
    if (slot.member === null) delete next[slot.slot];
    else next[slot.slot] = slot;
  }
  return { ...current, revision: rev, slots: next };
}

/** The slot in which somebody's camera or screen comes. @param {Current} current @param {string} member @param {Source} source */
export const slotOf = (current, member, source) => Object.values(current.slots).find((slot) => slot.member === member && slot.source === source);

/** Whether a source of theirs is on. @param {Participant | undefined} participant @param {Source} source */
export const sends = (participant, source) => participant?.sources[source] === "live";

/**
 * Why a source of mine cannot be turned on: a host or my role holds it off, or it is a call of voices alone.
 * @param {Current} current @param {Source} source @returns {"held" | "voice" | null}
 */
export function keptOff({ held, call, wish }, source) {
  if (source !== "mic" && !(call ? call.pictures : wish.video)) return "voice";
  return held.includes(source) ? "held" : null;
}

/** The participants but me, in the order in which they came. @param {Current} current @param {string} me @returns {Participant[]} */
export const others = (current, me) => Object.values(current.people).filter((each) => each.member !== me).sort(byArrival);

/** Raised hands first, then hosts, then by arrival. @param {Current} current @returns {Participant[]} */
export function listed(current) {
  const rank = (/** @type {Participant} */ each) => (each.hand ? 0 : each.role === "host" ? 1 : each.role === "speaker" ? 2 : 3);
  return Object.values(current.people).sort((a, b) => rank(a) - rank(b) || byArrival(a, b));
}

/** @param {Participant} a @param {Participant} b */
const byArrival = (a, b) => a.joined_at - b.joined_at || a.number - b.number;

/** Whose screen is looked at: of two, that of who came last. One's own would show itself in itself. @param {Current} current @param {string} me @returns {Participant | undefined} */
export const sharer = (current, me) => others(current, me).filter((each) => sends(each, "screen")).at(-1);

/**
 * Since when one talks, by our clock: the server's word, the same on every device and after every return; until it is known, our own.
 * @param {Current} current @param {number} skew our clock before the server's @returns {number | null}
 */
export function talksSince({ call, liveAt }, skew) {
  const answered = call?.answered_at ?? null;
  return liveAt !== null && answered !== null ? answered + skew : liveAt;
}

/** Whether somebody's way is poor; 0 says only that nothing was measured yet. @param {Current} current @param {string} member */
export const isWeak = ({ marks }, member) => marks[member] === 1;

/** Whether my way is poor and goes over TCP, which a network that lets no UDP through leaves. @param {Current} current @param {string} me @param {string | null | undefined} route */
export const slowedByTcp = (current, me, route) => route === "tcp" && isWeak(current, me);

/**
 * The first hop that fails and that a person can do something about. That nothing comes from those who are gone themselves is no fault of mine.
 * @param {Current} current @param {string} me @returns {Trouble | null}
 */
export function failing(current, me) {
  const hop = current.trouble ?? current.link;
  if (hop === "muted" || hop === "policy") return null;
  const rest = others(current, me);
  const areGone = rest.length > 0 && rest.every(({ link }) => link === "away" || link === "weak");
  return areGone && (hop === "no_packets" || hop === "no_keyframe") ? null : hop;
}
