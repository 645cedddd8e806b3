// A call between Chromium and Firefox, both directions: what one browser sends, the other one decodes.
import { networkInterfaces } from 'node:os';
import puppeteer from 'puppeteer-core';
import { expect, test } from './support/journey.mjs';
import { firefoxPath } from './support/browsers.mjs';
import { PASSWORD } from './support/api.mjs';
import { bar, callOf, DEVICES, desk, enter, launchOptions, ring, seesAndHears, sheet, town } from './support/calls.mjs';

test.use({ launchOptions });

/** Firefox takes no way to a loopback address: media goes to an address of this machine, and so never leaves it. */
const ownAddress = () => Object.values(networkInterfaces()).flat().find((each) => each.family === 'IPv4' && !each.internal)?.address;

/** Devices of its own making, nothing asked, and sound without a gesture. */
const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
};
const named = (role, name) => `::-p-aria([name="${name}"][role="${role}"])`;

/** What the browser counted of what came in. */
const counted = (page) =>
  desk(page, async (it) => {
    const reports = it.connection ? [...(await it.connection.pc.getStats()).values()].filter((each) => each.type === 'inbound-rtp') : [];
    const sum = (kind, field) => reports.filter((each) => each.kind === kind).reduce((total, each) => total + (each[field] ?? 0), 0);
    return { frames: sum('video', 'framesDecoded'), energy: sum('audio', 'totalAudioEnergy') };
  });

test('a person in Firefox and a person in Chromium call each other', async ({ start, someone }) => {
  test.setTimeout(180_000);
  const address = ownAddress();
  if (!address) {
    console.log('    skipped: this machine has no address but loopback');
    test.info().annotations.push({ type: 'skipped', description: 'this machine has no address but loopback' });
    return;
  }
  const { server, accounts, ids, plan } = await town((options) => start({ ...options, args: ['--public-ip', address] }), ['mara'], ['freya']);
  const mara = await enter(await someone('mara', DEVICES), server, 'mara');
  const firefox = await puppeteer.launch({ browser: 'firefox', executablePath: firefoxPath, headless: true, extraPrefsFirefox: PREFERENCES });
  const troubles = [];
  try {
    const page = await firefox.newPage();
    page.on('console', (m) => m.type() === 'error' && troubles.push(m.text()));
    page.on('pageerror', (e) => troubles.push(e instanceof Error ? e.message : String(e)));
    await page.setViewport({ width: 1280, height: 800 });
    await page.goto(`${server.url}/sign-in`);
    await page.locator(named('textbox', 'Username or e-mail')).fill('freya');
    await page.locator('input[type=password]').fill(PASSWORD);
    await page.locator(named('button', 'Sign in')).click();
    await page.waitForSelector('room-list a');

    /** Both directions: pictures are decoded, sound is not silence, and both go on. */
    const bothWays = async () => {
      await seesAndHears(mara, 'Freya');
      await expect.poll(async () => (await counted(page)).frames, { message: 'Firefox sees', timeout: 20_000 }).toBeGreaterThan(0);
      const before = await counted(page);
      await expect.poll(async () => (await counted(page)).frames, { message: 'it moves', timeout: 20_000 }).toBeGreaterThan(before.frames + 10);
      await expect.poll(async () => (await counted(page)).energy, { message: 'Firefox hears', timeout: 20_000 }).toBeGreaterThan(before.energy);
    };

    await test.step('mara rings Firefox', async () => {
      await ring(mara, ids.freya, true);
      await page.locator(named('button', 'Accept')).click();
      await bothWays();
      await bar(mara).getByRole('button', { name: 'Leave call' }).click();
      await page.waitForFunction(() => document.querySelector('.call') === null);
    });

    await test.step('Firefox rings mara, over the same line', async () => {
      await accounts.olga.call('POST', `/admin/members/${ids.freya}/grants`, { plan, note: 'calls' });
      await desk(page, (it, to) => void it.start({ call: null, kind: 'direct', room: null, to, video: true }), ids.mara);
      await sheet(mara, 'Freya').getByRole('button', { name: 'Accept', exact: true }).click();
      await bothWays();
      await desk(page, (it) => it.leave());
      await expect(callOf(mara)).toHaveCount(0);
    });
  } finally {
    await firefox.close();
  }
  expect(troubles, 'what Firefox said').toEqual([]);
});
