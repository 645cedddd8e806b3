/** The way of the media: one peer connection on which the browser offers and the server answers. It knows no screen and no socket. */

import { choose, LAYERS, preferred, SCREEN, VOICE } from "./codecs.js";
import { Negotiation } from "./negotiation.js";

/** @import { Source } from "./types.d.ts" */
/** @import { World } from "./negotiation.js" */

/**
 * What the owner is told.
 * @typedef {object} Owner
 * @property {(offer: {gen: number, sdp: string, tracks: {mid: string, source: Source}[]}) => Promise<unknown>} offer takes an offer to the server
 * @property {(media: "connecting" | "up" | "down") => void} media
 * @property {(mid: string, stream: MediaStream) => void} slot something comes in this slot from now on, whoever's it is
 */

/** @typedef {World & {makePeer: () => RTCPeerConnection}} Surroundings */

/** Slots that are asked for at once; more of them when the call grows. */
export const FIRST_SLOTS = { audio: 4, video: 6 };
/** A lost way often comes back by itself within this time. */
export const MEND_AFTER_MS = 3_000;
/** What is sent, in the order of its sections. @type {[Source, "audio" | "video", RTCRtpEncodingParameters[]][]} */
const SENT = [["mic", "audio", VOICE], ["cam", "video", LAYERS], ["screen", "video", SCREEN], ["screen_audio", "audio", VOICE]];

/** @type {Surroundings} */
const world = {
  makePeer: () => new RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" }),
  after: (run, ms) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer),
};

export class Connection {
  /** @type {Map<Source, RTCRtpTransceiver>} */
  #sent = new Map();
  /** @type {RTCRtpTransceiver[]} */
  #slots = [];
  /** @type {unknown} */
  #mending = null;
  #isClosed = false;

  /** @param {Owner} owner @param {{audio: number, video: number}} [slots] @param {Surroundings} [surroundings] */
  constructor(owner, slots = FIRST_SLOTS, surroundings = world) {
    this.owner = owner;
    this.world = surroundings;
    this.pc = surroundings.makePeer();
    this.negotiation = new Negotiation((generation, restarts) => this.#offer(generation, restarts), surroundings);
    for (const [source, kind, encodings] of SENT) this.#sent.set(source, this.#sending(kind, encodings));
    this.#addSlots(slots);
    this.pc.oniceconnectionstatechange = () => this.#iceChanged();
    this.pc.onconnectionstatechange = () => this.#changed();
    this.pc.ontrack = ({ transceiver, track }) => this.owner.slot(transceiver.mid ?? "", new MediaStream([track]));
  }

  /** Makes the first offer. */
  begin() {
    this.owner.media("connecting");
    return this.negotiation.begin();
  }

  /**
   * Takes the server's answer; one to an offer that is no longer the newest is dropped.
   * @param {{gen: number, sdp: string}} answer
   */
  async answered({ gen, sdp }) {
    if (this.#isClosed || this.pc.signalingState !== "have-local-offer" || gen !== this.negotiation.generation) return;
    await this.pc.setRemoteDescription({ type: "answer", sdp });
    this.negotiation.answered(gen);
  }

  /**
   * Sends a track, another one in its place, or nothing: no offer is needed for it.
   * @param {Source} source @param {MediaStreamTrack | null} track
   */
  async send(source, track) {
    const sender = this.#sent.get(source)?.sender;
    if (!sender || this.#isClosed) return;
    await sender.replaceTrack(track);
  }

  /** @param {Source} source @returns {MediaStreamTrack | null} what is sent of it now */
  sending(source) {
    return this.#sent.get(source)?.sender.track ?? null;
  }

  /** More slots, because more people are seen than there are. @param {{audio: number, video: number}} more */
  grow(more) {
    this.#addSlots(more);
    this.negotiation.need();
  }

  /** How many slots there are. */
  get slots() {
    const count = (/** @type {string} */ kind) => this.#slots.filter((slot) => slot.receiver.track.kind === kind).length;
    return { audio: count("audio"), video: count("video") };
  }

  /** How loud what comes in a slot is now, 0 to 1. @param {string} mid */
  loudness(mid) {
    const receiver = this.#slots.find((slot) => slot.mid === mid)?.receiver;
    return receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0;
  }

  /** The server says which qualities anybody looks at. @param {Source} source @param {Record<string, boolean>} wanted by rid */
  async layers(source, wanted) {
    const sender = this.#sent.get(source)?.sender;
    if (!sender || this.#isClosed) return;
    const parameters = sender.getParameters();
    if (choose(parameters, wanted)) await sender.setParameters(parameters);
  }

  /** The network is another one: nothing is waited for. */
  networkChanged() {
    if (!this.#isClosed && this.pc.remoteDescription) this.negotiation.restart();
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.world.cancel(this.#mending);
    this.negotiation.close();
    this.pc.close();
  }

  /** @param {"audio" | "video"} kind @param {RTCRtpEncodingParameters[]} encodings */
  #sending(kind, encodings) {
    const options = { direction: /** @type {const} */ ("sendonly"), sendEncodings: encodings };
    let transceiver;
    try {
      transceiver = this.pc.addTransceiver(kind, options);
    } catch {
      // A browser without simulcast sends one quality.
      transceiver = this.pc.addTransceiver(kind, { direction: "sendonly" });
    }
    limit(transceiver, kind);
    return transceiver;
  }

  /** @param {{audio: number, video: number}} count */
  #addSlots(count) {
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      for (let n = 0; n < count[kind]; n += 1) {
        const transceiver = this.pc.addTransceiver(kind, { direction: "recvonly" });
        limit(transceiver, kind);
        this.#slots.push(transceiver);
      }
    }
  }

  /** @param {number} gen @param {boolean} restarts */
  async #offer(gen, restarts) {
    if (restarts) this.pc.restartIce();
    // An offer that was never answered is replaced by this one.
    await this.pc.setLocalDescription(await this.pc.createOffer());
    const sdp = this.pc.localDescription?.sdp ?? "";
    const tracks = [...this.#sent].map(([source, { mid }]) => ({ mid: mid ?? "", source }));
    if (gen === this.negotiation.generation) await this.owner.offer({ gen, sdp, tracks });
  }

  #iceChanged() {
    this.world.cancel(this.#mending);
    const state = this.pc.iceConnectionState;
    if (state === "failed") this.negotiation.restart();
    if (state === "disconnected") this.#mending = this.world.after(() => this.negotiation.restart(), MEND_AFTER_MS);
  }

  #changed() {
    if (this.#isClosed) return;
    const state = this.pc.connectionState;
    if (state === "connected") this.owner.media("up");
    else if (state === "disconnected" || state === "failed") this.owner.media("down");
  }
}

/** An offer without limits is 80 kB of codecs that nobody forwards. @param {RTCRtpTransceiver} transceiver @param {"audio" | "video"} kind */
function limit(transceiver, kind) {
  const wanted = preferred(kind, RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? []);
  if (wanted.length) transceiver.setCodecPreferences?.(wanted);
}
