/** Where tiles stand: how many in a row, how many on a page, which ones, in what order. Pure. */

import { others, sends, sharer } from "./people.js";

/** @import { Participant } from "../types/live.d.ts" */
/** @import { Current } from "./types.d.ts" */
/** @typedef {"grid" | "speaker"} Wanted */
/** @typedef {{key: string, participant: Participant, source: "cam" | "screen"}} Tile */
/** @typedef {{form: "grid" | "stage", stage: Tile | null, tiles: Tile[], page: number, pages: number}} Layout */

const GAP = 8;
const RATIO = 16 / 9;
/** Smaller than this a face is no face. */
const NARROWEST = 132;
/** More pictures at once than a machine decodes gladly. */
export const MOST_TILES = { wide: 12, narrow: 6 };

/**
 * The columns with which `count` tiles of 16:9 become largest.
 * @param {number} count @param {number} width @param {number} height @returns {{columns: number, rows: number, tile: number}} `tile`: the width of one
 */
export function columnsFor(count, width, height) {
  let best = { columns: 1, rows: Math.max(1, count), tile: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(count / columns);
    const across = (width - GAP * (columns - 1)) / columns;
    const down = ((height - GAP * (rows - 1)) / rows) * RATIO;
    const tile = Math.max(0, Math.min(across, down));
    if (tile > best.tile) best = { columns, rows, tile };
  }
  return best;
}

/** How many tiles fit on one page. @param {number} width @param {number} height */
export function fits(width, height) {
  const most = width < 720 ? MOST_TILES.narrow : MOST_TILES.wide;
  for (let count = most; count > 1; count -= 1) if (columnsFor(count, width, height).tile >= Math.min(NARROWEST, width)) return count;
  return 1;
}

/** @param {Participant} participant @param {"cam" | "screen"} [source] @returns {Tile} */
const tileOf = (participant, source = "cam") => ({ key: `${participant.member} ${source}`, participant, source });

/**
 * Who stands where. A pinned one takes the stage, then a share, then, with the speaker layout, whoever spoke last.
 * @param {Current} current
 * @param {{me: string, wanted: Wanted, pinned: string | null, spoke: string | null, order: string[], page: number, perPage: number, showsMe: boolean}} view
 *   `spoke`: the last speaker but me; `order`: who comes first
 * @returns {Layout}
 */
export function layout(current, { me, wanted, pinned, spoke, order, page, perPage, showsMe }) {
  const mine = current.people[me];
  const rank = (/** @type {Participant} */ { member }) => (order.indexOf(member) < 0 ? order.length : order.indexOf(member));
  const rest = others(current, me).sort((a, b) => rank(a) - rank(b));
  const stage = stageOf(current, rest, { me, wanted, pinned, spoke });
  const all = [...rest.map((each) => tileOf(each)), ...(mine && (showsMe || !rest.length) ? [tileOf(mine)] : [])];
  const tiles = stage ? all.filter((tile) => tile.key !== stage.key) : all;
  const pages = Math.max(1, Math.ceil(tiles.length / perPage));
  const at = Math.max(0, Math.min(page, pages - 1));
  return { form: stage ? "stage" : "grid", stage, tiles: tiles.slice(at * perPage, (at + 1) * perPage), page: at, pages };
}

/** @param {Current} current @param {Participant[]} rest @param {{me: string, wanted: Wanted, pinned: string | null, spoke: string | null}} view @returns {Tile | null} */
function stageOf(current, rest, { me, wanted, pinned, spoke }) {
  const held = pinned === null ? undefined : current.people[pinned];
  if (held) return tileOf(held, pinned !== me && sends(held, "screen") ? "screen" : "cam");
  const share = sharer(current, me);
  if (share) return tileOf(share, "screen");
  if (wanted !== "speaker") return null;
  const speaker = rest.find((each) => each.member === spoke) ?? rest[0];
  return speaker ? tileOf(speaker) : null;
}

/**
 * Who is shown first when not all fit: whoever speaks is brought onto the first page in place of the longest silent one.
 * @param {string[]} order ids as they stand @param {string[]} speakers ids who speak now @param {number} perPage @returns {string[]}
 */
export function promoted(order, speakers, perPage) {
  const next = [...order];
  for (const id of speakers) {
    const at = next.indexOf(id);
    if (at < perPage) continue;
    let silent = Math.min(perPage, next.length) - 1;
    while (silent >= 0 && speakers.includes(next[silent] ?? "")) silent -= 1;
    if (silent < 0) break;
    next[at] = next[silent] ?? "";
    next[silent] = id;
  }
  return next;
}
