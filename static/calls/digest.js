/** What the browser counted, as the few figures that the server and a person want. Pure. */

/** @import { Trouble } from "../types/live.d.ts" */
/** @import { Source } from "./types.d.ts" */

/**
 * Sums of one moment; figures are made from two of them.
 * @typedef {object} Sums
 * @property {number} at
 * @property {number} sent bytes @property {number} received bytes
 * @property {number} packetsIn @property {number} lostIn packets
 * @property {number} packetsOut @property {number} lostOut packets, as the server reports them
 * @property {number} frames decoded @property {number} frozen seconds @property {number} freezes
 * @property {number} concealed samples @property {number} played samples
 * @property {number | null} rtt milliseconds
 * @property {string | null} route `udp` or `tcp`
 * @property {string | null} limited what holds the encoder back: `cpu`, `bandwidth`
 * @property {Record<string, number>} heard packets by the mid of their slot
 * @property {Record<string, number>} seen frames by the mid of their slot
 * @property {Record<string, number>} frozenBy freezes by the mid of their slot
 */

/** @param {number} at @returns {Sums} */
const nothing = (at) => ({ at, sent: 0, received: 0, packetsIn: 0, lostIn: 0, packetsOut: 0, lostOut: 0, frames: 0, frozen: 0, freezes: 0, concealed: 0, played: 0, rtt: null, route: null, limited: null, heard: {}, seen: {}, frozenBy: {} });

/** @param {Iterable<any>} reports of `getStats` @param {number} at @returns {Sums} */
export function sumsOf(reports, at) {
  const sums = nothing(at);
  const all = [...reports];
  for (const report of all) {
    switch (report.type) {
      case "inbound-rtp": addInbound(sums, report); break;
      case "outbound-rtp":
        sums.sent += report.bytesSent ?? 0;
        sums.packetsOut += report.packetsSent ?? 0;
        if (report.active !== false && report.qualityLimitationReason && report.qualityLimitationReason !== "none") sums.limited = report.qualityLimitationReason;
        break;
      case "remote-inbound-rtp": sums.lostOut += Math.max(0, report.packetsLost ?? 0); break;
      case "candidate-pair":
        if (!report.nominated || report.state !== "succeeded") break;
        if (report.currentRoundTripTime !== undefined) sums.rtt = Math.round(report.currentRoundTripTime * 1_000);
        sums.route = all.find((each) => each.id === report.localCandidateId)?.protocol ?? null;
        break;
    }
  }
  return sums;
}

/** @param {Sums} sums @param {any} report */
function addInbound(sums, report) {
  sums.received += report.bytesReceived ?? 0;
  sums.packetsIn += report.packetsReceived ?? 0;
  sums.lostIn += Math.max(0, report.packetsLost ?? 0);
  sums.heard[report.mid] = report.packetsReceived ?? 0;
  if (report.kind === "video") {
    sums.frames += report.framesDecoded ?? 0;
    sums.frozen += report.totalFreezesDuration ?? 0;
    sums.freezes += report.freezeCount ?? 0;
    sums.seen[report.mid] = report.framesDecoded ?? 0;
    sums.frozenBy[report.mid] = report.freezeCount ?? 0;
  } else {
    sums.concealed += Math.max(0, (report.concealedSamples ?? 0) - (report.silentConcealedSamples ?? 0));
    sums.played += report.totalSamplesReceived ?? 0;
  }
}

/** @param {number} part @param {number} whole */
const share = (part, whole) => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0);

/**
 * The figures of the time between two sums.
 * @param {Sums} now @param {Sums} before
 */
export function figures(now, before) {
  const seconds = Math.max(0.001, (now.at - before.at) / 1_000);
  const grown = (/** @type {"sent" | "received" | "packetsIn" | "lostIn" | "packetsOut" | "lostOut" | "frames" | "frozen" | "concealed" | "played"} */ name) => Math.max(0, now[name] - before[name]);
  const rounded = (/** @type {number} */ value) => Math.round(value * 1_000) / 1_000;
  return {
    rtt_ms: now.rtt,
    route: now.route,
    limited: now.limited,
    up_kbps: Math.round((grown("sent") * 8) / seconds / 1_000),
    down_kbps: Math.round((grown("received") * 8) / seconds / 1_000),
    loss_up: rounded(share(grown("lostOut"), grown("packetsOut") + grown("lostOut"))),
    loss_down: rounded(share(grown("lostIn"), grown("packetsIn") + grown("lostIn"))),
    frames_per_second: Math.round(grown("frames") / seconds),
    frozen: rounded(share(grown("frozen"), seconds)),
    concealed: rounded(share(grown("concealed"), grown("played"))),
  };
}

/** How long media may stay away before its absence has a name. */
export const WATCH_MS = 5_000;

/**
 * Which step of the way of media fails, five seconds after it should have worked; null while all is well or too young.
 * @param {{ice: string, dtls: string, since: number, now: number, expected: {mid: string, source: Source, state: string, since: number}[]}} facts
 * @param {Sums} now @param {Sums} before about five seconds earlier
 * @returns {Trouble | null}
 */
export function failingHop({ ice, dtls, since, now: at, expected }, now, before) {
  if (at - since < WATCH_MS) return null;
  if (ice !== "connected" && ice !== "completed") return "no_ice";
  if (dtls !== "connected") return "no_dtls";
  const due = expected.filter((each) => at - each.since >= WATCH_MS);
  const isStill = (/** @type {Record<string, number>} */ is, /** @type {Record<string, number>} */ was, /** @type {string} */ mid) => (is[mid] ?? 0) <= (was[mid] ?? 0);
  const live = due.filter((each) => each.state === "live");
  // One slot that moves shows that the way is there; silence of all of them is the way's own.
  const video = live.filter((each) => each.source === "cam" || each.source === "screen");
  if (video.length && video.every((each) => isStill(now.heard, before.heard, each.mid))) return "no_packets";
  if (video.length && video.every((each) => isStill(now.seen, before.seen, each.mid))) return "no_keyframe";
  if (due.length && due.every((each) => each.state === "muted")) return "muted";
  if (due.length && due.every((each) => each.state === "paused")) return "policy";
  return null;
}
