// Whoever asked to call and is told yes: it stands over their rooms, and is said on any other page, with the button to call; a yes to a voice is none to a picture.
import { expect, test } from './support/journey.mjs';
import { callOf, DEVICES, enter, launchOptions, ring, sheet, town } from './support/calls.mjs';

test.use({ launchOptions });

/** How long it may take until an open tab shows what happened. */
const SOON = { timeout: 2_000 };

test('whoever asked to call hears of a yes, and calls', async ({ start, someone }) => {
  test.setTimeout(120_000);
  const place = await town(start, ['mara', 'bruno'], []);
  const { server, accounts, ids } = place;
  // They are contacts, which this choice does not ask for.
  const known = { from: ['mutual'] };
  await accounts.bruno.call('PUT', '/me/reach', { call: known, video_call: known, unknown_callers: 'request' });
  const caller = await someone('mara', DEVICES);
  // The banner comes and goes over what stands there.
  caller.expects(/layout shift .* at \/(r|people)?/);
  const mara = await enter(caller, server, 'mara');
  const bruno = await enter(await someone('bruno', DEVICES), server, 'bruno', '/people/requests');
  const request = bruno.getByRole('article', { name: /Mara/ });
  const asks = async (video) => {
    await ring(mara, ids.bruno, video);
    await callOf(mara).getByRole('button', { name: 'Cancel call' }).click();
    await expect(request).toHaveCount(1, SOON);
  };
  /** What the browser shows of its own while this tab lies behind another. @param {import('@playwright/test').Page} page */
  const behind = (page) =>
    page.evaluate(() => {
      const told = (/** @type {any} */ (window).told = []);
      document.hasFocus = () => false;
      const Shown = class {
        static permission = 'granted';
        constructor(/** @type {string} */ title) {
          told.push(title);
        }
        close() {}
      };
      Object.assign(window, { Notification: Shown });
    });
  const told = (page) => page.evaluate(() => /** @type {any} */ (window).told);
  const banner = (page) => page.getByRole('region', { name: 'They let you call now' });

  await test.step('a yes stands over the rooms, also after they were loaded anew, and calls', async () => {
    await asks(true);
    await behind(mara);
    await expect(request).toContainText('would like to video-call you');
    await request.getByRole('button', { name: 'Accept', exact: true }).click();
    await expect(bruno.getByText('Accepted: they are told, and may call you once.')).toBeVisible();
    await expect(banner(mara)).toContainText('Bruno lets you call now.', SOON);
    await expect.poll(() => told(mara)).toEqual(['Bruno lets you call now.']);
    await mara.reload();
    await expect(banner(mara)).toContainText('Bruno lets you call now.');
    await banner(mara).getByRole('button', { name: 'Video call' }).click();
    await expect(sheet(bruno, 'Mara')).toBeVisible();
    await expect(banner(mara)).toHaveCount(0, SOON);
    await sheet(bruno, 'Mara').getByRole('button', { name: 'Decline', exact: true }).click();
    await expect(sheet(bruno)).toHaveCount(0);
  });

  await test.step('on another page it is said, and stands among the requests until it is hidden', async () => {
    const page = await caller.newPage();
    await page.goto(`${server.url}/people/requests`);
    await asks(true);
    await behind(page);
    await request.getByRole('button', { name: 'Always let through' }).click();
    await expect(page.getByText('Bruno lets you call now.')).toBeVisible(SOON);
    expect(await told(page)).toEqual(['Bruno lets you call now.']);
    const row = page.getByRole('region', { name: 'They let you call now' });
    await expect(row.getByRole('button', { name: 'Video call' })).toBeVisible(SOON);
    await row.getByRole('button', { name: 'Hide' }).click();
    await Promise.all([row, banner(mara)].map((each) => expect(each).toHaveCount(0, SOON)));
    await page.close();
  });
});
