/** The sounds of calls, made by our own code: rings that rise, a rising and a falling third, an end. */

/** @typedef {"ring_in" | "ring_out"} Ringing */
/** @typedef {"joined" | "left" | "ended"} Note */

/** Two partials a fourth apart, as of a soft bell. */
const BELL = [784, 1_046.5];
const LOUDEST = 0.22;
const RISE_S = 20;

/** What each short sound is: frequency in hertz, start and length in seconds. @type {Record<Note, [number, number, number][]>} */
const NOTES = {
  joined: [[523.25, 0, 0.16], [659.25, 0.11, 0.22]],
  left: [[659.25, 0, 0.16], [523.25, 0.11, 0.22]],
  ended: [[523.25, 0, 0.14], [440, 0.12, 0.14], [349.23, 0.24, 0.3]],
};

/** When a ring strikes and how loud: in seconds from its start. Pure. @param {Ringing} kind @param {number} strike @returns {{at: number, loud: number, of: number[]}} */
export function strikeOf(kind, strike) {
  if (kind === "ring_out") return { at: strike * 3, loud: 0.07, of: [440, 480] };
  // Twice a second, in pairs of two bars with a breath between them.
  const bar = Math.floor(strike / 4);
  const at = bar * 3 + (strike % 4) * 0.5;
  return { at, loud: LOUDEST * (0.25 + 0.75 * Math.min(1, at / RISE_S)), of: BELL };
}

const MUTED = "rialto-sounds-off";

/** Whether I want no sounds from calls on this device. */
export const isMuted = () => localStorage.getItem(MUTED) !== null;

/** @param {boolean} muted */
export function setMuted(muted) {
  if (muted) localStorage.setItem(MUTED, "1");
  else localStorage.removeItem(MUTED);
}

export class Tones {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {GainNode | null} */
  #ringing = null;
  /** @type {Ringing | null} */
  #kind = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** Rings, or stops ringing. @param {Ringing | null} kind */
  ring(kind) {
    if (kind === this.#kind) return;
    clearInterval(this.#timer);
    this.#ringing?.disconnect();
    this.#ringing = null;
    this.#kind = kind;
    const context = kind && !isMuted() ? this.#wake() : null;
    if (!kind || !context) return;
    const out = (this.#ringing = new GainNode(context));
    out.connect(context.destination);
    const start = context.currentTime + 0.05;
    let strike = 0;
    const plan = () => {
      for (let next = strikeOf(kind, strike); next.at < context.currentTime - start + 2; next = strikeOf(kind, ++strike)) {
        // Until a gesture lets the page sound, time stands still; what was due then is not made up for.
        for (const frequency of next.of) sound(context, out, frequency, Math.max(context.currentTime, start + next.at), kind === "ring_out" ? 1 : 0.45, next.loud / next.of.length, kind === "ring_out");
      }
    };
    plan();
    this.#timer = setInterval(plan, 500);
  }

  /** @param {Note} note */
  play(note) {
    const context = isMuted() ? null : this.#wake();
    if (!context) return;
    for (const [frequency, at, length] of NOTES[note]) sound(context, context.destination, frequency, context.currentTime + 0.02 + at, length, 0.09, false);
  }

  close() {
    this.ring(null);
    void this.#context?.close();
    this.#context = null;
  }

  #wake() {
    if (typeof AudioContext === "undefined") return null;
    this.#context ??= new AudioContext();
    if (this.#context.state !== "running") void this.#context.resume().catch(() => undefined);
    return this.#context;
  }
}

/**
 * One tone that swells and dies away.
 * @param {AudioContext} context @param {AudioNode} out @param {number} frequency @param {number} at @param {number} length seconds @param {number} loud 0 to 1 @param {boolean} isLevel
 */
function sound(context, out, frequency, at, length, loud, isLevel) {
  const oscillator = new OscillatorNode(context, { frequency });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loud, at + 0.015);
  if (isLevel) gain.gain.setValueAtTime(loud, at + length - 0.05);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + length);
  oscillator.connect(gain).connect(out);
  oscillator.start(at);
  oscillator.stop(at + length + 0.05);
}
