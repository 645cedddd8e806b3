// What a page of a call really gets: when the first picture is drawn and the first sound can be heard, and how long either stays away.

/**
 * Runs in the page before its own scripts. It listens to every peer connection, draws each incoming picture into an element of its own and
 * measures each incoming sound, so that nothing depends on what the product counts itself.
 */
export const listen = () => {
  /** Loudest sample that still counts as silence. */
  const SILENCE = 0.01;
  const LOOK_MS = 5;
  const watch = { pcs: [], asked: 0, clickedAt: 0, sawAt: 0, heardAt: 0, frames: 0, lastFrame: 0, longestGap: 0, level: 0 };
  window['rialtoWatch'] = watch;
  addEventListener('click', (event) => (watch.clickedAt = event.timeStamp), true);

  const see = (track) => {
    const video = document.createElement('video');
    Object.assign(video, { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
    const drawn = () => {
      const now = performance.now();
      watch.frames += 1;
      watch.sawAt ||= now;
      if (watch.lastFrame) watch.longestGap = Math.max(watch.longestGap, now - watch.lastFrame);
      watch.lastFrame = now;
      video.requestVideoFrameCallback(drawn);
    };
    video.requestVideoFrameCallback(drawn);
    void video.play().catch(() => undefined);
  };
  /** @type {AudioContext | undefined} */
  let context;
  const hear = (track) => {
    context ??= new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 256 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const look = setInterval(() => {
      if (track.readyState === 'ended') return clearInterval(look);
      analyser.getFloatTimeDomainData(samples);
      const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      if (loudest > SILENCE) {
        watch.heardAt ||= performance.now();
        watch.level = Math.max(watch.level, loudest);
      }
    }, LOOK_MS);
  };

  const Theirs = RTCPeerConnection;
  window.RTCPeerConnection = class extends Theirs {
    constructor(...given) {
      super(...given);
      watch.pcs.push(this);
      this.addEventListener('track', ({ track }) => (track.kind === 'video' ? see(track) : hear(track)));
    }
  };
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wanted) => {
    watch.asked += 1;
    return ask(wanted);
  };
};

/** Forgets first sights, gaps and loudness. @param {import('@playwright/test').Page} page */
export const forget = (page) =>
  page.evaluate(() => void Object.assign(window['rialtoWatch'], { clickedAt: 0, sawAt: 0, heardAt: 0, frames: 0, lastFrame: 0, longestGap: 0, level: 0 }));

/** What has been noted; `tracks`: what the newest connection sends. @param {import('@playwright/test').Page} page */
export const noted = (page) =>
  page.evaluate(() => {
    const { pcs, ...plain } = window['rialtoWatch'];
    const tracks = (pcs.at(-1)?.getSenders() ?? []).flatMap((sender) => (sender.track ? [sender.track.id] : []));
    return { ...plain, connections: pcs.length, tracks: tracks.sort() };
  });

/** Waits until both a picture and a sound came since `forget`; milliseconds from the last click to each. @param {import('@playwright/test').Page} page */
export const firsts = async (page, timeout = 20_000) => {
  await page.waitForFunction(() => window['rialtoWatch'].sawAt && window['rialtoWatch'].heardAt, null, { timeout, polling: 20 });
  const { clickedAt, sawAt, heardAt } = await noted(page);
  return { picture: sawAt - clickedAt, sound: heardAt - clickedAt };
};
