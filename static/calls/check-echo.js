/** An echo: my voice to the media server and back to me, over a connection of its own that knows no call. */

import { del, get, post } from "../lib/api.js";
import { Store } from "../lib/store.js";
import { hopOf, FIGURES_AFTER_MS } from "./check-verdict.js";
import { preferred, VOICE } from "./codecs.js";
import { figures, sumsOf } from "./digest.js";

/** @import { EchoHop } from "./check-verdict.js" */
/** @import { Sums } from "./digest.js" */

/**
 * @typedef {object} EchoState
 * @property {"idle" | "connecting" | "open" | "failed" | "over"} phase
 * @property {EchoHop | null} hop which hop failed
 * @property {unknown} error why the server does not give one
 * @property {MediaStream | null} stream what comes back
 * @property {number} back packets of it
 * @property {{rtt: number | null, loss: number, route: string | null} | null} figures the worse of both directions, and over what
 */

/**
 * What an echo needs of the world around it.
 * @typedef {object} Surroundings
 * @property {() => RTCPeerConnection} makePeer
 * @property {(sdp: string) => Promise<{sdp: string, ends_at: number}>} open
 * @property {() => Promise<{audio_in: number}>} look
 * @property {() => Promise<unknown>} close
 * @property {() => number} now
 */

const PATH = "/api/v1/calls/echo";
/** How often it is looked at. */
const LOOK_MS = 500;
/** How long the server keeps it, milliseconds. */
const LASTS_MS = 60_000;

/** @type {EchoState} */
const IDLE = { phase: "idle", hop: null, error: null, stream: null, back: 0, figures: null };

/** @type {Surroundings} */
const world = {
  makePeer: () => new RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" }),
  open: (sdp) => post(PATH, { sdp }),
  look: () => get(PATH),
  close: () => del(PATH),
  now: () => performance.now(),
};

export class Echo {
  /** @type {Store<EchoState, Partial<EchoState>>} */
  store = new Store({ ...IDLE }, (state, change) => ({ ...state, ...change }));
  /** @type {RTCPeerConnection | null} */
  #pc = null;
  /** @type {RTCRtpSender | null} */
  #sender = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #answeredAt = 0;
  /** @type {number | null} */
  #openAt = null;
  /** @type {Sums | null} */
  #first = null;
  /** @type {number | null} */
  #arrived = null;

  /** @param {Surroundings} [surroundings] */
  constructor(surroundings = world) {
    this.world = surroundings;
  }

  get state() {
    return this.store.state;
  }

  /** Whether it goes on. */
  get isOn() {
    return this.state.phase === "connecting" || this.state.phase === "open";
  }

  /** Begins anew. @param {MediaStreamTrack} track */
  async start(track) {
    this.#end();
    this.store.dispatch({ ...IDLE, phase: "connecting" });
    const pc = (this.#pc = this.world.makePeer());
    const isMine = () => pc === this.#pc;
    try {
      const up = pc.addTransceiver("audio", { direction: "sendonly", sendEncodings: VOICE });
      const down = pc.addTransceiver("audio", { direction: "recvonly" });
      const codecs = preferred("audio", RTCRtpReceiver.getCapabilities?.("audio")?.codecs ?? []);
      if (codecs.length) for (const each of [up, down]) each.setCodecPreferences?.(codecs);
      pc.ontrack = (event) => isMine() && this.store.dispatch({ stream: new MediaStream([event.track]) });
      this.#sender = up.sender;
      await up.sender.replaceTrack(track);
      await pc.setLocalDescription(await pc.createOffer());
      const { sdp } = await this.world.open(pc.localDescription?.sdp ?? "");
      if (!isMine()) return;
      await pc.setRemoteDescription({ type: "answer", sdp });
      if (!isMine()) return;
      this.#answeredAt = this.world.now();
      this.#timer = setInterval(() => void this.#look(pc), LOOK_MS);
      pc.onconnectionstatechange = () => void this.#look(pc);
    } catch (error) {
      if (!isMine()) return;
      this.#end();
      this.store.dispatch({ phase: "failed", error });
    }
  }

  /** Another microphone, while it goes on. @param {MediaStreamTrack | null} track */
  async send(track) {
    if (this.#sender && this.#sender.track !== track) await this.#sender.replaceTrack(track).catch(() => undefined);
  }

  /** Ends it, and everything that was known of it. */
  stop() {
    this.#end();
    this.store.dispatch({ ...IDLE });
  }

  #end() {
    clearInterval(this.#timer);
    const pc = this.#pc;
    this.#pc = this.#sender = this.#first = this.#arrived = this.#openAt = null;
    if (!pc) return;
    pc.close();
    // The server ends it by itself too, when its time is over.
    void this.world.close().catch(() => undefined);
  }

  /** @param {RTCPeerConnection} pc */
  async #look(pc) {
    const reports = /** @type {Map<string, any>} */ (/** @type {unknown} */ (await pc.getStats()));
    if (pc !== this.#pc) return;
    const now = this.world.now();
    const sums = sumsOf(reports.values(), now);
    const isConnected = pc.connectionState === "connected";
    if (isConnected) this.#openAt ??= now;
    const open = now - (this.#openAt ?? now);
    const age = now - this.#answeredAt;
    const hop = hopOf({ isConnected: this.#openAt !== null, ice: pc.iceConnectionState, age, open, back: sums.packetsIn, arrived: this.#arrived });
    if (hop === "no_way_back" && this.#arrived === null) return this.#ask(pc);
    if (hop) return this.#over({ phase: "failed", hop });
    if (age > LASTS_MS || pc.connectionState === "failed" || pc.connectionState === "closed") return this.#over({ phase: "over" });
    if (isConnected) {
      this.#first ??= sums;
      this.store.dispatch({ phase: "open", back: sums.packetsIn, figures: this.#figures(sums, open) });
    }
  }

  /** @param {Partial<EchoState>} change */
  #over(change) {
    this.#end();
    this.store.dispatch({ ...change, stream: null });
  }

  /** Nothing comes back: the server knows whether anything came in. @param {RTCPeerConnection} pc */
  async #ask(pc) {
    const { audio_in } = await this.world.look().catch(() => ({ audio_in: -1 }));
    if (pc !== this.#pc) return;
    this.#arrived = audio_in;
    await this.#look(pc);
  }

  /** @param {Sums} sums @param {number} open */
  #figures(sums, open) {
    if (!this.#first || open < FIGURES_AFTER_MS) return null;
    const { rtt_ms, route, loss_up, loss_down } = figures(sums, this.#first);
    return { rtt: rtt_ms, loss: Math.max(loss_up, loss_down), route };
  }
}
