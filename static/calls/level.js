/** How loud a track is now, 0 to 1: for the meter before joining, and to notice a microphone that hears nothing. */

/** Below this a microphone hears nothing at all: a room is never so quiet. */
const DEAD = 0.0005;
/** How long it must hear nothing until that is said. */
export const DEAD_MS = 3_000;

export class Level {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AnalyserNode | null} */
  #analyser = null;
  #samples = new Float32Array(512);
  #heardAt = 0;

  /** @param {MediaStreamTrack} track */
  constructor(track) {
    try {
      this.#context = new AudioContext();
      this.#analyser = new AnalyserNode(this.#context, { fftSize: 512 });
      this.#context.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser);
      void this.#context.resume().catch(() => undefined);
    } catch {
      this.#context = null;
    }
    this.#heardAt = performance.now();
  }

  /** Loudness now, on a scale on which speech reaches the middle. @returns {number} */
  now() {
    if (!this.#analyser || this.#context?.state !== "running") return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const loud = rootMeanSquare(this.#samples);
    if (loud > DEAD) this.#heardAt = performance.now();
    return scaled(loud);
  }

  /** Whether nothing was heard for a while, not even the noise of a room. */
  get isDead() {
    return this.#context?.state === "running" && performance.now() - this.#heardAt > DEAD_MS;
  }

  close() {
    void this.#context?.close();
    this.#context = null;
  }
}

/** @param {Float32Array} samples */
export function rootMeanSquare(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

/** From −60 dB to 0 dB as 0 to 1. @param {number} loud root mean square */
export const scaled = (loud) => (loud <= 0 ? 0 : Math.min(1, Math.max(0, 1 + Math.log10(loud) / 3)));
