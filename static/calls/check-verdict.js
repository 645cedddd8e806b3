/** What an echo tells of the way to the media server and back: the hop that fails, and how good the way is. Pure. */

/** @typedef {"no_ice" | "no_dtls" | "no_way_up" | "no_way_back"} EchoHop */

/** ICE and DTLS together take less, even far away. */
export const CONNECT_WITHIN_MS = 8_000;
/** Sound comes back within this, once the way is there. */
export const BACK_WITHIN_MS = 4_000;
/** After so long the figures mean something. */
export const FIGURES_AFTER_MS = 3_000;

/**
 * The hop that fails, null while none does or it is too early to say.
 * @param {object} seen
 * @param {boolean} seen.isConnected @param {string} seen.ice the browser's own word @param {number} seen.age since the answer came, milliseconds
 * @param {number} seen.open since it was connected, milliseconds
 * @param {number} seen.back packets that came back @param {number | null} seen.arrived packets that the server counted; null while that is not known
 * @returns {EchoHop | null}
 */
export function hopOf({ isConnected, ice, age, open, back, arrived }) {
  if (!isConnected) {
    const hasIce = ice === "connected" || ice === "completed";
    if (ice !== "failed" && age < CONNECT_WITHIN_MS) return null;
    return hasIce ? "no_dtls" : "no_ice";
  }
  if (back > 0 || open < BACK_WITHIN_MS) return null;
  return arrived === 0 ? "no_way_up" : "no_way_back";
}

/** Beyond these a talk becomes hard: milliseconds there and back, and shares of packets. */
const FAIR = { rtt: 150, loss: 0.01 };
const POOR = { rtt: 400, loss: 0.05 };

/** @param {{rtt: number | null, loss: number}} figures @returns {"good" | "fair" | "poor"} */
export function gradeOf({ rtt, loss }) {
  const beyond = (/** @type {{rtt: number, loss: number}} */ bound) => (rtt ?? 0) > bound.rtt || loss > bound.loss;
  if (beyond(POOR)) return "poor";
  return beyond(FAIR) ? "fair" : "good";
}
