// A community for the proofs of calls: two people in a room with voice, each in a Chromium of their own with a voice and a moving picture.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium, expect } from '@playwright/test';
import { community, setUp } from '../support/api.mjs';
import { chromiumArgs, chromiumPath } from '../support/browsers.mjs';
import * as acts from '../support/acts.mjs';
import { Server, dataFolder, serve } from '../support/server.mjs';
import { listen } from './watch.mjs';

const RATE = 48_000;
const LOCALE = 'en-GB';
/** Media does not leave the machine, and a page without the eye on it is drawn all the same. */
const ARGS = [...chromiumArgs, '--allow-loopback-in-peer-connection', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows', '--disable-background-timer-throttling'];

/** Four seconds of something like a vowel, never silent for long, as a WAV file. @param {string} file @param {number} pitch in hertz */
const speech = (file, pitch) => {
  const samples = Int16Array.from({ length: RATE * 4 }, (_, n) => {
    const t = n / RATE;
    const voice = [1, 2, 3, 5].reduce((sum, harmonic) => sum + Math.sin(2 * Math.PI * pitch * harmonic * t + Math.sin(t * 9)) / harmonic, 0);
    return Math.round(7_000 * voice * (0.6 + 0.4 * Math.sin(2 * Math.PI * 7 * t)));
  });
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  writeFileSync(file, Buffer.concat([head, Buffer.from(samples.buffer)]));
  return file;
};

/** The open call, the door before it, and its controls. */
export const callOf = (page) => page.getByRole('region', { name: 'Call', exact: true });
const door = (page) => page.getByRole('region', { name: 'Before the call' });
export const bar = (page) => page.getByRole('toolbar', { name: 'Call controls' });

export class Stage {
  browsers = [];
  /** @type {Server} */
  server;
  /** The program's folder; the voices stand in it too. */
  data = dataFolder();
  /** @type {Record<string, import('../support/api.mjs').Account>} */
  accounts = {};
  /** The room with voice. @type {any} */
  room;

  /** Starts the program with mara and bruno, who may both start calls, and a room with voice. */
  static async open() {
    const stage = new Stage();
    setUp(stage.data);
    stage.server = await serve({ data: stage.data, args: ['--raised-limits'] });
    stage.accounts = await community(stage.server, 'mara', 'bruno', 'ines');
    const { olga } = stage.accounts;
    await olga.call('PATCH', '/admin/settings', { calls_open_to: 'all_members' });
    stage.room = await olga.room('general');
    await olga.call('PATCH', `/rooms/${stage.room.id}`, { voice: true });
    return stage;
  }

  /**
   * Somebody in a browser process of their own, in the room.
   * @param {string} name
   * @param {number} pitch of their voice
   * @param {(page: import('@playwright/test').Page) => Promise<unknown>} [prepare] before the first page is loaded
   */
  async person(name, pitch, prepare) {
    const voice = speech(path.join(this.data, `${name}.wav`), pitch);
    const browser = await chromium.launch({ executablePath: chromiumPath, args: [...ARGS, `--use-file-for-fake-audio-capture=${voice}`] });
    this.browsers.push(browser);
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 }, locale: LOCALE, permissions: ['notifications', 'camera', 'microphone'] });
    const page = await context.newPage();
    await page.addInitScript(listen);
    await prepare?.(page);
    await acts.signIn(page, this.server.url, name);
    await acts.openRoom(page, 'general');
    return page;
  }

  /** Up to the door of the room's call; what is left is one press of the button. */
  async toDoor(page) {
    const starts = page.getByRole('button', { name: 'Start a call here' });
    const joins = page.getByRole('button', { name: /^Join/ });
    await expect(starts.or(joins).first()).toBeVisible();
    if (await joins.first().isVisible()) {
      await joins.first().click();
    } else {
      await starts.click();
      await page.getByRole('menuitem', { name: 'Start with video' }).click();
    }
    const enters = door(page).getByRole('button', { name: /^(Join|Start the call)$/ });
    await expect(enters).toBeEnabled();
    await expect(door(page).locator('video')).toBeVisible();
    return enters;
  }

  /** Into the room's call, with camera and microphone. */
  async enter(page) {
    await (await this.toDoor(page)).click();
    await expect(bar(page)).toBeVisible();
  }

  async leave(page) {
    await bar(page).getByRole('button', { name: 'Leave call' }).click();
    await expect(callOf(page)).toHaveCount(0);
  }

  /** Kills the program without warning and starts it again on the same folder and address. */
  async killAndRestart() {
    const { host } = new URL(this.server.url);
    this.server.child.kill('SIGKILL');
    await this.server.ended;
    this.server = new Server(['--data', this.data, 'serve', '--listen', host, '--raised-limits'], { data: this.data });
    await this.server.ready();
  }

  async close() {
    for (const browser of this.browsers) await browser.close();
    await this.server.stop();
  }
}
