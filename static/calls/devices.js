/** Microphones, cameras, speakers and screens: found, chosen, remembered, and what is in the way of them in one word. */

/** @typedef {"denied" | "insecure" | "missing" | "in_use" | "broken"} Obstacle */
/** @typedef {{mic: string, cam: string, speaker: string, micOn: boolean, camOn: boolean, mirrors: boolean}} Choice empty ids: what the system prefers */
/** @typedef {{id: string, label: string}} Device */

const KEPT = "rialto-devices";

/** @type {Choice} */
const FIRST = { mic: "", cam: "", speaker: "", micOn: true, camOn: true, mirrors: true };

/** @returns {Choice} what was chosen the last time */
export function chosen() {
  try {
    return { ...FIRST, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
  } catch {
    return FIRST;
  }
}

/** @param {Partial<Choice>} change @returns {Choice} */
export function choose(change) {
  const choice = { ...chosen(), ...change };
  localStorage.setItem(KEPT, JSON.stringify(choice));
  return choice;
}

/** Why a device could not be had. @param {unknown} error @returns {Obstacle} */
export function obstacleOf(error) {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) return "insecure";
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  if (name === "NotReadableError" || name === "AbortError") return "in_use";
  return "broken";
}

/** @param {string} id @returns {MediaTrackConstraints} */
const byId = (id) => (id ? { deviceId: { exact: id } } : {});

/** @param {"mic" | "cam"} kind @param {string} id @returns {MediaStreamConstraints} */
function wishFor(kind, id) {
  if (kind === "mic") return { audio: { ...byId(id), echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
  return { video: { ...byId(id), width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } };
}

/**
 * Opens a microphone or a camera: the chosen one, or another one when that is gone.
 * @param {"mic" | "cam"} kind @param {string} [id]
 * @returns {Promise<MediaStreamTrack>} rejected with what `obstacleOf` names
 */
export async function openDevice(kind, id = chosen()[kind]) {
  const stream = await navigator.mediaDevices.getUserMedia(wishFor(kind, id)).catch((error) => {
    if (!id || obstacleOf(error) !== "missing") throw error;
    return navigator.mediaDevices.getUserMedia(wishFor(kind, ""));
  });
  const [track] = stream.getTracks();
  if (!track) throw new DOMException("", "NotFoundError");
  track.contentHint = kind === "mic" ? "speech" : "motion";
  return track;
}

/**
 * Asks for a screen, a window or a tab, with its sound where there is one.
 * @returns {Promise<{screen: MediaStreamTrack, sound: MediaStreamTrack | null} | null>} null: thought better of it
 */
export async function openScreen() {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: true });
    const [screen] = stream.getVideoTracks();
    if (!screen) return null;
    // Text must stay sharp; a film would rather move.
    screen.contentHint = "detail";
    return { screen, sound: stream.getAudioTracks()[0] ?? null };
  } catch (error) {
    if (obstacleOf(error) === "denied") return null;
    throw error;
  }
}

/** What can be chosen from; labels are empty until a permission was given. @returns {Promise<{mics: Device[], cams: Device[], speakers: Device[]}>} */
export async function devices() {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const named = (/** @type {MediaDeviceKind} */ kind) => all.filter((each) => each.kind === kind && each.deviceId).map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { mics: named("audioinput"), cams: named("videoinput"), speakers: named("audiooutput") };
}

/** Told when something is plugged in or out. @param {() => void} listener @returns {() => void} stops */
export function onDevices(listener) {
  navigator.mediaDevices?.addEventListener("devicechange", listener);
  return () => navigator.mediaDevices?.removeEventListener("devicechange", listener);
}
