/** Stretches of a timeline: pages join them, new messages lengthen the last one. Pure functions over arrays that never change. */

/** @import { Message } from "../types/live.d.ts" */
/** @import { Asked, MessagePage, Range } from "./types.d.ts" */

/**
 * The stretch that a page covers.
 * @param {MessagePage} page @param {Asked} asked @returns {Range}
 */
export function rangeOf(page, asked) {
  const items = page.items.toReversed();
  const oldest = items[0]?.seq ?? 0;
  const newest = items.at(-1)?.seq ?? 0;
  const from = page.next === null ? 0 : oldest;
  if ("before" in asked) return { from: items.length ? from : 0, to: asked.before - 1, items };
  if ("after" in asked) return { from: asked.after + 1, to: page.prev === null ? Infinity : newest, items };
  if ("around" in asked) return { from, to: page.prev === null ? Infinity : newest, items };
  return { from, to: Infinity, items };
}

/**
 * Adds a stretch; those it touches become one with it. Where both hold a message, the added one's holds.
 * @param {Range[]} ranges @param {Range} added @returns {Range[]}
 */
export function join(ranges, added) {
  let whole = added;
  const apart = [];
  for (const range of ranges) {
    if (range.to + 1 < whole.from || whole.to + 1 < range.from) apart.push(range);
    else whole = { from: Math.min(range.from, whole.from), to: Math.max(range.to, whole.to), items: union(range.items, whole.items) };
  }
  return [...apart, whole].sort((a, b) => a.from - b.from);
}

/** @param {Message[]} old @param {Message[]} added @returns {Message[]} */
function union(old, added) {
  const first = added[0];
  const last = added.at(-1);
  if (!first || !last) return old;
  // Pages meet end to end; only an overlap has to be sorted out.
  if ((old.at(-1)?.seq ?? 0) < first.seq) return [...old, ...added];
  if ((old[0]?.seq ?? 0) > last.seq) return [...added, ...old];
  const bySeq = new Map(old.map((message) => [message.seq, message]));
  for (const message of added) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** Whether the stretch reaches the head. @param {Range | undefined} range */
export const isLive = (range) => range?.to === Infinity;

/** @param {Range[]} ranges @returns {Range | undefined} */
export function liveOf(ranges) {
  const last = ranges.at(-1);
  return isLive(last) ? last : undefined;
}

/** @param {Range[]} ranges @param {number} seq @returns {Range | undefined} the stretch that covers `seq` */
export const covering = (ranges, seq) => ranges.find((range) => range.from <= seq && seq <= range.to);

/**
 * Puts a new message at the end of the live stretch; elsewhere it will come with a page.
 * @param {Range[]} ranges @param {Message} message @returns {Range[]}
 */
export function append(ranges, message) {
  const live = liveOf(ranges);
  if (!live || live.items.some((each) => each.seq === message.seq)) return ranges;
  return [...ranges.slice(0, -1), { ...live, items: [...live.items, message].sort((a, b) => a.seq - b.seq) }];
}

/** @param {Range[]} ranges @param {string} id @returns {Message | undefined} */
export function find(ranges, id) {
  for (const range of ranges) {
    const found = range.items.findLast((message) => message.id === id);
    if (found) return found;
  }
  return undefined;
}

/**
 * What of a timeline is there when its messages up to a place are over: the beginnings of threads that go on, and all that is younger.
 * @param {Range[]} ranges @param {number} expired @param {boolean} isThread @returns {Range[]}
 */
export function lasting(ranges, expired, isThread) {
  if (!expired) return ranges;
  const isThere = (/** @type {Message} */ message) => message.seq > expired || (!isThread && (!message.deleted || message.thread_count > 0));
  return ranges.some((range) => !range.items.every(isThere)) ? ranges.map((range) => ({ ...range, items: range.items.filter(isThere) })) : ranges;
}

/**
 * Changes the messages for which `change` returns another one; untouched stretches stay the same objects.
 * @param {Range[]} ranges @param {(message: Message) => Message} change @returns {Range[]}
 */
export function mapped(ranges, change) {
  let isSame = true;
  const next = ranges.map((range) => {
    let items = range.items;
    range.items.forEach((message, at) => {
      const other = change(message);
      if (other === message) return;
      if (items === range.items) items = [...range.items];
      items[at] = other;
    });
    if (items === range.items) return range;
    isSame = false;
    return { ...range, items };
  });
  return isSame ? ranges : next;
}
