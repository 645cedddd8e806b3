// The others on pictures of calls: people of the village at browsers of their own, who ring, answer, and come into a room's call.
import { chromium } from '@playwright/test';
import { chromiumArgs, chromiumPath } from './browsers.mjs';
import { desk } from './calls.mjs';

/** A camera of few pictures, and media that stays on this machine. */
export const callArgs = [...chromiumArgs, '--allow-loopback-in-peer-connection', '--use-fake-device-for-media-stream=fps=5'];

/** Waits until a tab is in its call, with pictures of so many. @param {import('@playwright/test').Page} page @param {number} count */
export const seen = (page, count) =>
  page.waitForFunction((wanted) => [...document.querySelectorAll('.call .tile-video, .call-mini .tile-video')].filter((video) => /** @type {HTMLVideoElement} */ (video).videoWidth > 0).length >= wanted, count, { timeout: 20_000 });

export class Crowd {
  /** @type {import('@playwright/test').Browser | null} */
  #browser = null;
  /** @type {Map<string, Promise<{page: import('@playwright/test').Page, id: string}>>} */
  #people = new Map();

  /** @param {string} url of the village */
  constructor(url) {
    this.url = url;
  }

  /** Somebody of the village, on a page on which it rings. @param {string} username */
  one(username) {
    const known = this.#people.get(username) ?? this.#enter(username);
    this.#people.set(username, known);
    return known;
  }

  async #enter(username) {
    this.#browser ??= await chromium.launch({ executablePath: chromiumPath, args: callArgs });
    const context = await this.#browser.newContext({ locale: 'en-GB', viewport: { width: 640, height: 480 } });
    const answer = await context.request.post(`${this.url}/api/v1/sign-in`, { data: { username, password: `village-${username}` }, headers: { origin: this.url } });
    if (!answer.ok()) throw new Error(`${username} could not sign in: ${answer.status()}`);
    const { member } = await answer.json();
    const page = await context.newPage();
    await page.goto(`${this.url}/calls`);
    return { page, id: member.id };
  }

  /** Rings a member. @param {string} username @param {string} to @param {boolean} video */
  async rings(username, to, video) {
    const { page } = await this.one(username);
    await desk(page, (it, wish) => void it.start({ call: null, kind: 'direct', room: null, ...wish }), { to, video });
  }

  /** Takes what rings for them. @param {string} username @param {boolean} video */
  async answers(username, video) {
    const { page } = await this.one(username);
    await page.locator('.ring').waitFor();
    await desk(page, (it, picture) => void it.accept(it.state.rings[0].call.id, picture), video);
  }

  /** Says no to what rings for them. @param {string} username */
  async declines(username) {
    const { page } = await this.one(username);
    await page.locator('.ring').waitFor();
    await desk(page, (it) => it.decline(it.state.rings[0].call.id));
  }

  /** Comes into a call that goes on. @param {string[]} usernames @param {string} room */
  async join(usernames, room) {
    await Promise.all(usernames.map(async (username) => {
      const { page } = await this.one(username);
      await desk(page, async (it, wanted) => {
        const { rooms } = await fetch('/api/v1/calls/live').then((answer) => answer.json());
        const call = rooms.find(({ id }) => id === wanted)?.call;
        await it.look({ call: call?.id ?? null, kind: 'room', to: null, room: wanted, video: true });
        await it.enter(it.current.wish);
      }, room);
    }));
  }

  /** One of them does something in the call. @param {string} username @param {Function} run @param {unknown} [argument] */
  async does(username, run, argument) {
    const { page } = await this.one(username);
    return desk(page, run, argument);
  }

  /** Everybody leaves, or takes back what rings. @param {import('@playwright/test').Page} page the one that was photographed */
  async scatter(page) {
    const pages = await Promise.all([...this.#people.values()].map(async (one) => (await one).page));
    for (const each of [page, ...pages]) {
      if (await each.evaluate(() => document.querySelector('call-stage') !== null)) await desk(each, (it) => it.leave());
    }
  }

  async end() {
    await this.#browser?.close();
  }
}
