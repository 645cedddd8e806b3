/** Brings calls to a page: the desk, its stage and the style of both, once, when the first call concerns this tab. */

import { get } from "../lib/api.js";
import { followNames } from "../social/page-names.js";
import { CallDesk } from "./desk.js";
import { CallStage } from "./call-stage.js";

/** @import { Member } from "../types/live.d.ts" */
/** @import { Line } from "./desk.js" */
/** @import { Room } from "./call-stage.js" */

/** As many as one answer holds. */
const MOST_BLOCKED = 200;

/**
 * @param {Line} line @param {string} me
 * @param {{known?: (id: string) => Member | undefined, place?: Room | null, blocked?: () => string[]}} [page] what the page around knows and can show
 * @returns {Promise<CallDesk>}
 */
export async function openCalls(line, me, { known, place = null, blocked } = {}) {
  const [skew, found] = await Promise.all([clockSkew(), blocked ? null : whomIBlock(), dressed(), known ? null : followNames()]);
  const desk = new CallDesk(line, me, { skew, ...(known && { known }) });
  document.body.append(new CallStage(desk, place, blocked ?? (() => found ?? [])));
  return desk;
}

/** Asked by pages that do not know it. @returns {Promise<string[]>} */
async function whomIBlock() {
  /** @type {{items: {member: Member}[]} | null} */
  const page = await get(`/api/v1/blocks?limit=${MOST_BLOCKED}`).then((answer) => /** @type {any} */ (answer), () => null);
  return page?.items.map(({ member }) => member.id) ?? [];
}

/** How far our clock is before the server's, in milliseconds: a ring has an absolute end, and clocks go wrong. */
async function clockSkew() {
  const begun = Date.now();
  const answer = await fetch("/healthz", { method: "HEAD", cache: "no-store" }).catch(() => null);
  const there = Date.parse(answer?.headers.get("Date") ?? "");
  // The header knows whole seconds: half of one is the best guess of the rest.
  const skew = (begun + Date.now()) / 2 - (there + 500);
  return Math.abs(skew) > 1_500 ? skew : 0;
}

/** The style of calls; nothing is drawn before it is there. */
const dressed = () => Promise.all(["ring.css", "after.css", "mini.css", "stage.css", "tiles.css", "bar.css", "people.css", "door.css", "check.css"].map(dress));

/** @param {string} name */
function dress(name) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(name, import.meta.url).href;
  const done = new Promise((resolve) => {
    link.onload = link.onerror = () => resolve(undefined);
  });
  document.head.append(link);
  return done;
}
