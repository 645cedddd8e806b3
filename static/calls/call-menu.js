/** The ways to begin or enter a call from where one is, and why one may not. */

import { pageLine } from "../lib/page-line.js";
import { toast } from "../lib/toast.js";
import { openMenu } from "../lib/menu.js";
import { t } from "../lib/words.js";
import { others } from "../chat/names.js";
import { isShut, ringsBack } from "../chat/rights.js";
import { isBusy } from "./state.js";

/** @import { CallEntry, Entitlements } from "../types/live.d.ts" */
/** @import { RialtoApp } from "../chat/rialto-app.js" */
/** @import { MyRoom } from "../chat/types.d.ts" */
/** @import { CallDesk } from "./desk.js" */
/** @import { Wish } from "./types.d.ts" */

/** @param {RialtoApp} app @param {MyRoom} room @param {Element} anchor */
export async function callFrom(app, room, anchor) {
  const { state } = app.client;
  const desk = await app.calls();
  if (isAlready(desk)) return;
  const kind = room.kind === "direct" ? /** @type {const} */ ("direct") : room.kind === "group" ? /** @type {const} */ ("group") : /** @type {const} */ ("room");
  const call = state.calls[room.id];
  /** @type {Wish} */
  const wish = { call: call?.id ?? null, kind, to: kind === "direct" ? (others(state, room)[0] ?? null) : null, room: kind === "direct" ? null : room.id, video: call?.video ?? false };
  if (call) return void desk.look(wish, call);
  if (!state.entitlements["calls.start"]) return showLock(app, false);
  const mayVideo = state.entitlements["calls.video"];
  const begin = (/** @type {boolean} */ video) => void (kind === "room" ? desk.look({ ...wish, video }) : desk.start({ ...wish, video }));
  // A room's voice rings for nobody.
  const isOpen = (/** @type {"call" | "video_call"} */ way) => kind === "room" || !isShut(state, way);
  openMenu(anchor, t("calls.start"), [
    ...(isOpen("call") ? [{ label: t(kind === "room" ? "calls.open_audio" : "calls.ring_audio"), icon: "phone", run: () => begin(false) }] : []),
    ...(isOpen("video_call") ? [{ label: t(kind === "room" ? "calls.open_video" : "calls.ring_video"), icon: mayVideo ? "video" : "lock", run: () => (mayVideo ? begin(true) : showLock(app, true)) }] : []),
  ]);
}

/** Calls again as it was called before, as far as that is open; into a call that goes on. @param {RialtoApp} app @param {MyRoom} room @param {CallEntry} entry @param {Element} anchor */
export async function callAgain(app, room, entry, anchor) {
  const { state } = app.client;
  const going = state.calls[room.id];
  if (going || entry.kind !== "direct") return callFrom(app, room, anchor);
  if (!state.entitlements["calls.start"]) return showLock(app, false);
  const desk = await app.calls();
  if (isAlready(desk)) return;
  const to = entry.outgoing ? (entry.others[0] ?? null) : entry.starter;
  await desk.start({ call: null, kind: "direct", to, room: null, video: ringsBack(state.community.closed, entry.video && state.entitlements["calls.video"]) === "video_call" });
}

/** One call at a time: says so. @param {CallDesk} desk */
export function isAlready(desk) {
  if (!isBusy(desk.state)) return false;
  toast(t("calls.already"), { icon: "phone" });
  return true;
}

/** The lock, its reason and how to get the right: never a dead button. @param {RialtoApp | null} app the one around, if there is one @param {boolean} isVideo */
export function showLock(app, isVideo) {
  const right = isVideo ? "calls.video" : "calls.start";
  const title = t(isVideo ? "calls.video_locked_title" : "calls.locked_title");
  const text = t(isVideo ? "calls.video_locked_text" : "calls.locked_text");
  const watch = (/** @type {() => void} */ opened) => watchRights(app, (rights) => rights[right] && opened());
  void import("../billing/offer-sheet.js").then(({ openOffers }) => openOffers({ title, text, right, watch }));
}

/**
 * Hears of rights that come and go: from the app around, or from the page's own line.
 * @param {RialtoApp | null} app @param {(rights: Entitlements) => void} heard @returns {() => void} stops it
 */
export function watchRights(app, heard) {
  if (app) return app.client.store.watch((now, before) => now.entitlements !== before.entitlements && heard(now.entitlements));
  /** @type {import("../lib/page-line.js").Ear} */
  const ear = { event: ({ event }) => void (event.kind === "entitlements_changed" && heard(event.entitlements)) };
  pageLine().join(ear);
  return () => pageLine().leave(ear);
}
