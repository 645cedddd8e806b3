/** The words of the page in the reader's language: placeholders, plurals, lists, numbers, dates. */

/** @typedef {string | {none?: string, one?: string, many?: string, other: string}} Entry */

/** @type {Record<string, Entry>} */
let entries = {};
let language = "en";
/** The reader's own kind of that language, for dates and numbers: British readers write 14:30. */
let locale = "en";
/** @type {Map<string, unknown>} */
const formats = new Map();

/** Reads the words that the server put in the page; does nothing when there are none. */
function readPage() {
  if (typeof document === "undefined") return;
  language = document.documentElement.lang || "en";
  const block = document.getElementById("words");
  locale = navigator.languages.find((each) => each.split("-")[0] === language.split("-")[0]) ?? language;
  if (block?.textContent) entries = JSON.parse(block.textContent);
}
readPage();

/**
 * Takes other words than the page's (tests do).
 * @param {Record<string, Entry>} words @param {string} lang
 */
export function load(words, lang) {
  entries = words;
  language = locale = lang;
  formats.clear();
}

/** @returns {string} the language of the page, as in `<html lang>` */
export const lang = () => language;

/**
 * A formatter is slow to make and quick to use.
 * @template T
 * @param {string} key @param {() => T} make @returns {T}
 */
function format(key, make) {
  if (!formats.has(key)) formats.set(key, make());
  return /** @type {T} */ (formats.get(key));
}

/** @param {string} key */
export const has = (key) => Object.hasOwn(entries, key);

/**
 * The words under `key`. A `count` among the values chooses the plural form; numbers are written as the language does.
 * A key without words comes back as it is, so that a missing word shows and nothing breaks.
 * @param {string} key @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const entry = entries[key];
  if (entry === undefined) return key;
  return choose(entry, values.count).replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

/** @param {Entry} entry @param {string | number | undefined} count @returns {string} */
function choose(entry, count) {
  if (typeof entry === "string") return entry;
  if (entry.none !== undefined && Number(count) === 0) return entry.none;
  const rules = format("plural", () => new Intl.PluralRules(language));
  const form = /** @type {"one" | "many" | "other"} */ (rules.select(Number(count ?? 0)));
  return entry[form] ?? entry.other;
}

/** @param {number} value */
export const number = (value) => format("number", () => new Intl.NumberFormat(locale)).format(value);

/**
 * An amount of money of the API, with its currency.
 * @param {{amount: number, currency: string, exponent: number}} money in minor units, and how many digits of them stand behind the point
 */
export function money({ amount, currency, exponent }) {
  const digits = String(Math.abs(amount)).padStart(exponent + 1, "0");
  const text = `${amount < 0 ? "-" : ""}${digits.slice(0, digits.length - exponent)}${exponent ? "." : ""}${digits.slice(digits.length - exponent || digits.length)}`;
  const written = format(`money ${currency} ${exponent}`, () => new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "narrowSymbol", minimumFractionDigits: exponent, maximumFractionDigits: exponent }));
  // As text: a number of JavaScript would round what is very large.
  return written.format(/** @type {any} */ (text));
}

/** "A, B and C" @param {string[]} items */
export const list = (items) => format("list", () => new Intl.ListFormat(language, { type: "conjunction" })).format(items);

/** Hours and minutes. @param {number} at milliseconds */
export const time = (at) => dates("time", { hour: "numeric", minute: "2-digit" }).format(at);

/** The full date and time, for titles and screen readers. @param {number} at milliseconds */
export const moment = (at) => dates("moment", { dateStyle: "full", timeStyle: "short" }).format(at);

/** @param {string} name @param {Intl.DateTimeFormatOptions} options */
const dates = (name, options) => format(name, () => new Intl.DateTimeFormat(locale, options));

/** Whole days from `now` back to `at`, in the reader's zone. @param {number} at @param {number} now */
function daysAgo(at, now) {
  const day = (/** @type {number} */ each) => new Date(each).setHours(12, 0, 0, 0);
  return Math.round((day(now) - day(at)) / 86_400_000);
}

/** "Today", "Yesterday", "12 October", with the year when it is another one. @param {number} at @param {number} [now] */
export function day(at, now = Date.now()) {
  const ago = daysAgo(at, now);
  if (ago === 0 || ago === 1) {
    const words = format("days", () => new Intl.RelativeTimeFormat(language, { numeric: "auto" })).format(-ago, "day");
    return words.charAt(0).toLocaleUpperCase(language) + words.slice(1);
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return sameYear ? dates("day", { weekday: "long", day: "numeric", month: "long" }).format(at)
    : dates("year", { day: "numeric", month: "long", year: "numeric" }).format(at);
}

/** "5 minutes ago", "in 2 days"; the date itself beyond a month. @param {number} at @param {number} [now] */
export function ago(at, now = Date.now()) {
  const seconds = Math.round((at - now) / 1000);
  const size = Math.abs(seconds);
  const relative = format("relative", () => new Intl.RelativeTimeFormat(language, { numeric: "auto" }));
  if (size < 45) return relative.format(0, "second");
  if (size < 2_700) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 79_200) return relative.format(Math.round(seconds / 3_600), "hour");
  if (size < 2_600_000) return relative.format(Math.round(seconds / 86_400), "day");
  return dates("short", { dateStyle: "medium" }).format(at);
}

/** "20 November 2026" and, when asked, the time. @param {number} at @param {"date" | "datetime" | "time"} kind */
export function date(at, kind) {
  if (kind === "time") return time(at);
  return dates(kind, kind === "date" ? { dateStyle: "long" } : { dateStyle: "long", timeStyle: "short" }).format(at);
}

/** A stretch of time as "2 hr 5 min" or "30 sec", without what is nothing. @param {number} seconds whole ones, above 0 */
export function span(seconds) {
  const parts = /** @type {const} */ ([["hour", Math.floor(seconds / 3_600)], ["minute", Math.floor(seconds / 60) % 60], ["second", seconds % 60]]);
  const written = (/** @type {string} */ unit) => format(`span ${unit}`, () => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }));
  return parts.filter(([, count]) => count > 0).map(([unit, count]) => written(unit).format(count)).join(" ");
}

/** Compares two names as the language orders them. @param {string} a @param {string} b */
export const compare = (a, b) => format("collator", () => new Intl.Collator(language, { sensitivity: "base", numeric: true })).compare(a, b);

/** Letters that are written plainly by whoever has no key for them, as the server finds names. @type {Record<string, string>} */
const PLAIN = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ı: "i", ς: "σ" };

/** Marks over letters of Latin, Greek and Cyrillic; those of kana and of Indic scripts are letters in their own right. */
const ACCENTS = [[0x300, 0x36f], [0x1ab0, 0x1aff], [0x1dc0, 0x1dff], [0x20d0, 0x20ff]];

/** @param {string} mark */
const bare = (mark) => (ACCENTS.some(([from, to]) => mark >= String.fromCodePoint(from) && mark <= String.fromCodePoint(to)) ? "" : mark);

/** A text without case and accents, for finding: by the rule of the server's keys of names. @param {string} text */
export const fold = (text) => text.normalize("NFKC").toLowerCase().normalize("NFKD").replace(/\p{M}/gu, bare).replace(/[ßæœøłđıς]/g, (letter) => PLAIN[letter] ?? letter).normalize("NFC");
