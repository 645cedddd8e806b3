// A first visit over a slow line: how long until the messages stand there, cold and warm.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';

// 100 ms of latency and 1.6 Mb/s down: a phone on a poor line.
const LINE = { offline: false, latency: 100, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 };
const COLD_MS = 2_500;
const WARM_MS = 800;
const REQUESTS = 45;

/** Milliseconds from the start of the navigation until the newest message is on the screen. */
const untilMessages = async (page, url) => {
  await page.goto(url, { waitUntil: 'commit' });
  await acts.timeline(page).getByRole('article').last().waitFor({ state: 'visible' });
  return page.evaluate(() => Math.round(performance.now()));
};

test('first messages come soon on a slow line', async ({ startDemo, someone }) => {
  // Files held in memory, compressed and named for ever, as a release serves them.
  const server = await startDemo({ RIALTO_TEST_HELD_FILES: '1' });
  const visitor = await someone('visitor');
  await acts.enterDemo(visitor.page, await server.demoAddress('free'));
  await expect(visitor.page.locator('room-list')).toBeVisible();
  await visitor.page.locator('room-list').getByRole('link').first().click();
  await expect(acts.composer(visitor.page)).toBeVisible();
  const address = visitor.page.url();
  await visitor.page.close();

  const page = await visitor.newPage();
  const cdp = await visitor.context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.clearBrowserCache');
  await cdp.send('Network.emulateNetworkConditions', LINE);
  visitor.requests.length = 0;
  const cold = await untilMessages(page, address);
  await page.waitForLoadState('networkidle');
  const requests = visitor.requests.filter((url) => !url.startsWith('data:')).length;
  const warm = await untilMessages(page, address);
  const shift = Math.max(0, ...visitor.shiftWindows().map((window) => window.value));
  console.log(`    cold ${cold} ms, warm ${warm} ms, ${requests} requests, layout shift ${shift.toFixed(4)}`);
  expect(requests).toBeLessThanOrEqual(REQUESTS);
  expect(cold).toBeLessThanOrEqual(COLD_MS);
  expect(warm).toBeLessThanOrEqual(WARM_MS);
});
