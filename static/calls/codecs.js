/** Which codecs are offered, and in which qualities a picture is sent. */

/** What the server forwards, the first choice first; retransmission goes with the codecs that it repeats. */
const VIDEO = ["video/vp8", "video/h264", "video/vp9", "video/av1"];
const AUDIO = ["audio/opus", "audio/red"];
const BESIDE = ["video/rtx"];

/** Baseline profiles only: what every receiver can decode. @param {{mimeType: string, sdpFmtpLine?: string}} codec */
function isPlain({ mimeType, sdpFmtpLine = "" }) {
  if (/h264/i.test(mimeType)) return /packetization-mode=1/.test(sdpFmtpLine) && /profile-level-id=42e0/i.test(sdpFmtpLine);
  if (/vp9/i.test(mimeType)) return !/profile-id=[1-9]/.test(sdpFmtpLine);
  if (/av1/i.test(mimeType)) return !/profile=[1-9]/.test(sdpFmtpLine);
  return true;
}

/**
 * The codecs that both the browser and the server speak, in the order of preference.
 * @template {{mimeType: string, sdpFmtpLine?: string}} C
 * @param {"audio" | "video"} kind @param {readonly C[]} known the browser's own list @returns {C[]}
 */
export function preferred(kind, known) {
  const order = kind === "video" ? VIDEO : AUDIO;
  const rank = (/** @type {C} */ { mimeType }) => order.indexOf(mimeType.toLowerCase());
  const spoken = known.filter((codec) => rank(codec) >= 0 && isPlain(codec)).sort((a, b) => rank(a) - rank(b));
  return spoken.length ? [...spoken, ...known.filter(({ mimeType }) => BESIDE.includes(mimeType.toLowerCase()))] : [];
}

/** Three qualities of one camera, the smallest first, as browsers want them. @type {RTCRtpEncodingParameters[]} */
export const LAYERS = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000, maxFramerate: 15 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];

/** A screen keeps its size: text that is scaled cannot be read. Its lesser quality has fewer pictures a second. @type {RTCRtpEncodingParameters[]} */
export const SCREEN = [
  { rid: "l", scaleResolutionDownBy: 1, maxBitrate: 500_000, maxFramerate: 5 },
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 2_500_000, maxFramerate: 15 },
];

/** Speech; the server passes it on as it is. @type {RTCRtpEncodingParameters[]} */
export const VOICE = [{ maxBitrate: 40_000 }];

/**
 * The parameters of a sender after the server said which qualities are looked at.
 * @param {RTCRtpSendParameters} parameters @param {Record<string, boolean>} wanted by rid @returns {boolean} whether anything changed
 */
export function choose(parameters, wanted) {
  let changed = false;
  for (const encoding of parameters.encodings) {
    const active = wanted[encoding.rid ?? ""] ?? encoding.active ?? true;
    if (encoding.active === active) continue;
    encoding.active = active;
    changed = true;
  }
  return changed;
}
