// Where the two tested browsers are, and how they are started so that they speak to nobody but us.

/** The system's Chromium. */
export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** The system's Firefox. */
export const firefoxPath = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

/** Arguments that keep Chromium quiet, headless-safe as root, and supplied with a fake camera. */
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=Translate,OptimizationHints,MediaRouter',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];
