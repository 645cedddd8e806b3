// A double of the media server, for tests only: a second peer connection in the same page that answers what the first one offers.

/** A track that moves and one that sounds, without any device. */
const moving = () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  let step = 0;
  setInterval(() => {
    brush.fillStyle = `hsl(${(step += 7) % 360} 80% 50%)`;
    brush.fillRect(0, 0, 320, 180);
  }, 50);
  return canvas.captureStream(20).getVideoTracks()[0];
};
const sounding = () => {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const oscillator = new OscillatorNode(context, { frequency: 440 });
  oscillator.connect(out);
  oscillator.start();
  return out.stream.getAudioTracks()[0];
};

export class SecondPeer {
  offers = [];
  pc = new RTCPeerConnection();
  /** Held answers are given when the test says so. */
  isHolding = false;
  /** What stands in the offer's sending sections, by their mid. */
  received = {};

  constructor(answered) {
    this.answered = answered;
    this.pc.ontrack = ({ transceiver, track }) => (this.received[transceiver.mid] = track);
  }

  /** What the browser sends to the server. */
  offer = async (offer) => {
    this.offers.push(offer);
    if (this.isHolding) return;
    await this.answer(offer);
  };

  async answer({ gen, sdp }) {
    await this.pc.setRemoteDescription({ type: 'offer', sdp });
    for (const transceiver of this.pc.getTransceivers()) {
      // What the browser only receives is a slot: the server sends there.
      if (transceiver.direction !== 'recvonly' || transceiver.currentDirection || !this.isSlot(sdp, transceiver.mid)) continue;
      transceiver.direction = 'sendonly';
    }
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    if (this.pc.iceGatheringState !== 'complete') {
      await new Promise((resolve) => (this.pc.onicegatheringstatechange = () => this.pc.iceGatheringState === 'complete' && resolve(undefined)));
    }
    await this.answered({ gen, sdp: this.pc.localDescription.sdp });
  }

  /** @param {string} sdp @param {string} mid */
  isSlot(sdp, mid) {
    const section = sdp.split('\nm=').find((part) => part.includes(`a=mid:${mid}\r`)) ?? '';
    return section.includes('a=recvonly');
  }

  /** Puts a picture and a sound into the first slots; answers their mids. */
  async fill() {
    const slots = this.pc.getTransceivers().filter((each) => each.direction === 'sendonly');
    const video = slots.find((each) => each.receiver.track.kind === 'video');
    const audio = slots.find((each) => each.receiver.track.kind === 'audio');
    await video.sender.replaceTrack(moving());
    await audio.sender.replaceTrack(sounding());
    return { video: video.mid, audio: audio.mid };
  }
}
