// The program is killed in a call, and the line to it is lost in a call: both people stay in it, and nobody is asked for a permission again.
import { expect } from '@playwright/test';
import { bar } from './stage.mjs';
import { forget, noted } from './watch.mjs';
import { quantile } from './join.mjs';

const BACK_MS = 10_000;
const CUT_MS = 20_000;
/** A camera that makes 20 frames a second, on a machine that others use too. */
const GAP_MS = 500;
const whole = (values, share) => Math.round(quantile(values, share));

/** Pictures and sounds come anew since now. */
export const flows = async (page, timeout) => {
  await forget(page);
  await page.waitForFunction(() => window['rialtoWatch'].frames > 5 && window['rialtoWatch'].heardAt, null, { timeout, polling: 20 });
};

/** @param {{open: () => Promise<import('./stage.mjs').Stage>, tell: Function, count?: number}} proof */
export const kill = async ({ open, tell, count = 20 }) => {
  const stage = await open();
  try {
    const pages = [await stage.person('mara', 140), await stage.person('bruno', 210)];
    for (const page of pages) await stage.enter(page);
    await Promise.all(pages.map((page) => flows(page, 20_000)));
    const times = [];
    const asked = [];
    for (let n = 0; n < count; n += 1) {
      const before = await Promise.all(pages.map(noted));
      const begun = performance.now();
      await stage.killAndRestart();
      await Promise.all(pages.map((page, at) => back(page, before[at].connections)));
      times.push(performance.now() - begun);
      const after = await Promise.all(pages.map(noted));
      after.forEach((each, at) => {
        if (each.asked !== before[at].asked || String(each.tracks) !== String(before[at].tracks)) asked.push(n + 1);
      });
    }
    tell('killed in a call: both back with picture and sound, worst', whole(times, 1), 'ms', { most: BACK_MS }, `median ${whole(times, 0.5)}; ${count} times kill -9 and a start on the same folder`);
    tell('devices asked for again after it', asked.length, 'times', { most: 0 }, 'the same tracks are sent');
  } finally {
    await stage.close();
  }
};

/** A connection that was not there before brings picture and sound. */
const back = async (page, connections) => {
  await page.waitForFunction((old) => {
    const watch = window['rialtoWatch'];
    return watch.pcs.length > old && watch.pcs.at(-1).connectionState === 'connected';
  }, connections, { timeout: 60_000, polling: 20 });
  await flows(page, 60_000);
};

/** A line that can be cut: what is open ends, and nothing new is opened until it is mended. */
class Line {
  isCut = false;
  #open = new Set();

  attach = (page) =>
    page.routeWebSocket(/\/live$/, (socket) => {
      if (this.isCut) return socket.close({ code: 1006 });
      const server = socket.connectToServer();
      const both = { socket, server };
      this.#open.add(both);
      socket.onMessage((data) => server.send(data));
      server.onMessage((data) => socket.send(data));
      socket.onClose(() => this.#open.delete(both));
    });

  cut() {
    this.isCut = true;
    for (const { socket, server } of this.#open) {
      server.close();
      socket.close({ code: 1006 });
    }
    this.#open.clear();
  }
}

/** @param {{open: () => Promise<import('./stage.mjs').Stage>, tell: Function, count?: number}} proof */
export const socket = async ({ open, tell, count = 3 }) => {
  const stage = await open();
  try {
    const line = new Line();
    const pages = [await stage.person('mara', 140), await stage.person('bruno', 210, line.attach)];
    const [mara, bruno] = pages;
    for (const page of pages) await stage.enter(page);
    await Promise.all(pages.map((page) => flows(page, 20_000)));
    const gaps = [];
    const backs = [];
    let connections = 0;
    for (let n = 0; n < count; n += 1) {
      const before = await noted(bruno);
      await Promise.all(pages.map(forget));
      line.cut();
      await new Promise((done) => setTimeout(done, CUT_MS));
      const during = await Promise.all(pages.map(noted));
      gaps.push(...during.map(({ longestGap, frames }) => (frames ? longestGap : CUT_MS)));
      line.isCut = false;
      const begun = performance.now();
      await bruno.waitForFunction(() => /** @type {any} */ (document.querySelector('rialto-app')).client.state.connection.caughtUp, null, { timeout: 30_000, polling: 20 });
      await bar(bruno).getByRole('button', { name: 'Turn microphone off' }).click();
      await expect(mara.getByRole('article', { name: /Bruno.*microphone off/ })).toBeVisible({ timeout: 20_000 });
      backs.push(performance.now() - begun);
      await bar(bruno).getByRole('button', { name: 'Turn microphone on' }).click();
      await expect(mara.getByRole('article', { name: /^Bruno$/ })).toBeVisible();
      connections += (await noted(bruno)).connections - before.connections;
      await Promise.all(pages.map((page) => flows(page, 20_000)));
    }
    tell(`socket lost for ${CUT_MS / 1_000} s: longest gap between two frames, both ways`, whole(gaps, 1), 'ms', { most: GAP_MS }, `median ${whole(gaps, 0.5)}; ${count} times`);
    tell('peer connections made anew for it', connections, 'in all', { most: 0 }, 'media went on over the one that stood');
    tell('line mended to a mute that the other sees, worst', whole(backs, 1), 'ms', { most: BACK_MS }, `median ${whole(backs, 0.5)}`);
  } finally {
    await stage.close();
  }
};

