/** What stands in a timeline, row by row: the start, dates, the line of what is new, messages, words on their way. Pure. */

/** @import { CallEntry, Message } from "../types/live.d.ts" */
/** @import { Echo, Range } from "./types.d.ts" */

/**
 * @typedef {{key: string, kind: "start"} | {key: string, kind: "date", at: number} | {key: string, kind: "new"}
 *   | {key: string, kind: "call", entry: CallEntry} | {key: string, kind: "message", message: Message, isFirst: boolean} | {key: string, kind: "echo", echo: Echo, isFirst: boolean}} Row
 */

/** Messages of one author within this time stand together. */
const TOGETHER_MS = 5 * 60_000;

/**
 * @param {object} from
 * @param {Range} from.range
 * @param {Echo[]} from.echoes those of this timeline; they stand at the end of the stretch that reaches the head
 * @param {number | null} from.newFrom the read mark above which the line of what is new stands
 * @param {string} from.me
 * @param {string[]} [from.hidden] authors whose messages are not shown
 * @param {CallEntry[]} [from.cards] calls whose cards stand between the messages, oldest first
 * @returns {Row[]}
 */
export function rowsOf({ range, echoes, newFrom, me, hidden = [], cards = [] }) {
  /** @type {Row[]} */
  const rows = range.from === 0 ? [{ key: "start", kind: "start" }] : [];
  let day = "";
  let author = "";
  let last = -Infinity;
  let isNewPlaced = newFrom === null;
  /** @param {string} by @param {number} at @param {boolean} isApart @returns {boolean} whether it begins a group */
  const begins = (by, at, isApart) => {
    const date = new Date(at);
    const itsDay = `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
    if (itsDay !== day) {
      rows.push({ key: `d${itsDay}`, kind: "date", at });
      author = "";
    }
    const isFirst = isApart || by !== author || at - last > TOGETHER_MS;
    [day, author, last] = [itsDay, by, at];
    return isFirst;
  };
  // A card belongs between what is loaded: what is older or newer than that stands elsewhere.
  const waiting = cards.filter((each) => range.from === 0 || each.at >= (range.items[0]?.at ?? Infinity));
  /** @param {number} before */
  const putCards = (before) => {
    while (waiting[0] && waiting[0].at < before) {
      const entry = /** @type {CallEntry} */ (waiting.shift());
      begins("", entry.at, true);
      rows.push({ key: `c${entry.call}`, kind: "call", entry });
      author = "";
    }
  };
  for (const message of range.items) {
    putCards(message.at);
    if (hidden.includes(message.author)) continue;
    if (!isNewPlaced && message.seq > /** @type {number} */ (newFrom) && message.author !== me) {
      // The date belongs above the line, so that the line touches what is new.
      begins(message.author, message.at, true);
      rows.push({ key: "new", kind: "new" });
      author = "";
      isNewPlaced = true;
    }
    const isFirst = begins(message.author, message.at, message.reply_to !== null);
    rows.push({ key: keyOf(message, me), kind: "message", message, isFirst });
  }
  if (range.to !== Infinity) return rows;
  putCards(Infinity);
  for (const echo of echoes) {
    const isFirst = begins(me, Math.max(echo.created, last), echo.reply_to !== null);
    rows.push({ key: `k${echo.client_key}`, kind: "echo", echo, isFirst });
  }
  return rows;
}

/** My messages keep the key of the copy that waited, and so its place on the screen. @param {Message} message @param {string} me */
export const keyOf = (message, me) => (message.author === me ? `k${message.client_key}` : `m${message.id}`);

/** A guess at a row's height in pixels, until it is measured. @param {Row} row */
export function guess(row) {
  if (row.kind === "start") return 140;
  if (row.kind === "call") return 64;
  if (row.kind === "date" || row.kind === "new") return 36;
  const body = row.kind === "echo" ? row.echo.body : row.message.body ?? "";
  const lines = body.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 72)), 0);
  const extra = row.kind === "message" ? (row.message.reply_to ? 24 : 0) + (row.message.reactions.length ? 30 : 0) : row.echo.reply_to ? 24 : 0;
  return 4 + Math.min(lines, 40) * 22 + (row.isFirst ? 32 : 0) + extra;
}
