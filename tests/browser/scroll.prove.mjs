// A room with 5,000 loaded messages is scrolled from end to end; the figure is the longest task of the page. The page is first blocked on
// purpose, and that must be seen.
import { mkdirSync, writeFileSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { community, setUp } from './support/api.mjs';
import { chromiumArgs, chromiumPath } from './support/browsers.mjs';
import * as acts from './support/acts.mjs';
import { dataFolder, serve } from './support/server.mjs';

const MESSAGES = Number(process.env.RIALTO_PROVE_MESSAGES ?? 5_000);
const BAR_MS = 50;
/** The control: for so long the page does nothing else, which is a long task. */
const BLOCKED_MS = 80;
/** One turn of the wheel, in CSS pixels, and how many make a journey through the room. */
const WHEEL = 1_200;
const WORDS = 'the tide turned before anybody had counted the boats at the quay and nobody went out without oars'.split(' ');

/** Texts of different lengths, some with code, lists and quotes, the same in every run. */
const text = (n) => {
  const words = Array.from({ length: 3 + ((n * 7) % 40) }, (_, i) => WORDS[(n * 5 + i * 3) % WORDS.length]).join(' ');
  if (n % 50 === 0) return `\`\`\`rust\nfn tide(n: u32) -> u32 {\n    n * ${n}\n}\n\`\`\``;
  if (n % 31 === 0) return `> ${words}\n\n- one\n- two\n- **three**`;
  return `${n}: ${words}`;
};

const data = dataFolder();
setUp(data);
const server = await serve({ data, args: ['--raised-limits'] });
const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArgs });
try {
  const people = await community(server, 'ana', 'bo', 'cleo');
  const writers = Object.values(people);
  const room = await people.olga.call('POST', '/rooms', { kind: 'public', name: 'quay' });
  for (const one of writers.slice(1)) await one.joinAll();
  for (let n = 0; n < MESSAGES; n += writers.length * 4) {
    const slice = Array.from({ length: Math.min(writers.length * 4, MESSAGES - n) }, (_, i) => n + i);
    await Promise.all(slice.map((at) => writers[at % writers.length].say(room.id, text(at))));
  }
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await acts.signIn(page, server.url, 'ana');
  await page.goto(`${server.url}/r/${room.id}`);
  await acts.timeline(page).getByRole('article').last().waitFor();
  const loaded = () => page.evaluate((id) => {
    const it = /** @type {any} */ (document.querySelector('rialto-app')).client.state.rooms[id];
    return it.ranges.reduce((sum, range) => sum + range.items.length, 0);
  }, room.id);
  const box = await page.locator('.timeline-scroll').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  // Everything is loaded first: what is proved is the scrolling of what is there.
  while ((await loaded()) < MESSAGES) {
    const before = await loaded();
    await page.evaluate(() => (document.querySelector('.timeline-scroll').scrollTop = 0));
    await page.waitForFunction(([id, n]) => /** @type {any} */ (document.querySelector('rialto-app')).client.state.rooms[id].ranges.reduce((sum, range) => sum + range.items.length, 0) > n, [room.id, before]);
  }
  await page.evaluate(() => {
    if (!PerformanceObserver.supportedEntryTypes.includes('longtask')) throw new Error('this browser does not tell of long tasks');
    const tasks = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
    observer.observe({ type: 'longtask' });
    /** The milliseconds of each long task since the last time. */
    window['longTasks'] = () => [...tasks.splice(0), ...observer.takeRecords()].map(({ duration }) => duration);
  });
  const longTasks = () => page.evaluate(() => window['longTasks']());
  const frames = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.evaluate((ms) => /** @type {Promise<void>} */ (new Promise((done) => setTimeout(() => {
    for (const end = performance.now() + ms; performance.now() < end;);
    done();
  }))), BLOCKED_MS);
  await frames();
  const control = Math.max(0, ...await longTasks());
  if (control < BLOCKED_MS) throw new Error(`the page was blocked for ${BLOCKED_MS} ms, and the longest task that was seen is ${control} ms`);
  const position = () => page.evaluate(() => {
    const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.timeline-scroll');
    return { top: scrollTop, left: scrollHeight - clientHeight - scrollTop, height: scrollHeight };
  });
  let turns = 0;
  const through = async (step, isThere) => {
    for (; !isThere(await position()); turns += 1) {
      await page.mouse.wheel(0, step);
      await frames();
    }
  };
  await through(WHEEL, ({ left }) => left < 2);
  await through(-WHEEL, ({ top }) => top < 2);
  const { height } = await position();
  await frames();
  const tasks = await longTasks();
  // Tasks below 50 ms are not reported at all.
  const longest = Math.max(0, ...tasks);
  const row = {
    test: `a room of ${MESSAGES} loaded messages scrolled both ways`, unit: 'ms, longest task', figure: longest, bar: BAR_MS,
    verdict: longest <= BAR_MS ? 'kept' : 'missed',
    note: `${turns} turns of the wheel over ${Math.round(height)} px; ${tasks.length} tasks over 50 ms; a figure of 0 means none; blocked on purpose: ${control} ms`,
  };
  console.log(`${row.test} | ${row.figure} ${row.unit} | bar ${row.bar} | ${row.verdict} | ${row.note}`);
  mkdirSync('target/prove', { recursive: true });
  writeFileSync('target/prove/scroll.json', `${JSON.stringify([row], null, 2)}\n`);
  process.exitCode = longest <= BAR_MS ? 0 : 1;
} finally {
  await browser.close();
  await server.stop();
}
