// The main journey in Firefox: a person there and a person in Chromium talk with each other.
import puppeteer from 'puppeteer-core';
import { expect, test } from './support/journey.mjs';
import { firefoxPath } from './support/browsers.mjs';
import { community, PASSWORD, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** What is found by role and name, as in the other journeys. */
const named = (role, name) => `::-p-aria([name="${name}"][role="${role}"])`;

/** Waits until the page's text has this in it, exactly so many times among its messages. */
const shows = (page, text, times = 1) =>
  page.waitForFunction(
    (wanted, count) =>
      [...document.querySelectorAll('[role=feed] [role=article], [role=feed] article')].filter((one) =>
        one.textContent.includes(wanted),
      ).length === count,
    { timeout: 10_000 },
    text,
    times,
  );

test('two people talk, one of them in Firefox', async ({ start, someone }) => {
  test.setTimeout(180_000);
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  await community(server, 'bruno', 'freya');
  const bruno = await someone('bruno');
  await acts.signIn(bruno.page, server.url, 'bruno');
  await acts.openRoom(bruno.page, 'general');

  const firefox = await puppeteer.launch({ browser: 'firefox', executablePath: firefoxPath, headless: true });
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
    await page.evaluate(() =>
      /** @type {HTMLElement} */ ([...document.querySelectorAll('room-list a')].find((a) => a.textContent.includes('general'))).click(),
    );
    await page.waitForSelector('room-composer textarea');

    const say = async (text) => {
      await page.locator('room-composer textarea').fill(text);
      await page.keyboard.press('Enter');
      await shows(page, text);
    };
    await say('Good morning from Firefox.');
    await acts.arrives(bruno.page, 'Good morning from Firefox.');
    await acts.reply(bruno.page, 'Good morning from Firefox.', 'Good morning from Chromium.');
    await shows(page, 'Good morning from Chromium.');
    await acts.react(bruno.page, 'Good morning from Firefox.', '👍');
    await page.waitForFunction(() => document.querySelector('[role=feed]').textContent.includes('👍'));
    await acts.edit(bruno.page, 'Good morning from Chromium.', 'Good evening from Chromium.');
    await shows(page, 'Good evening from Chromium.');
    await acts.remove(bruno.page, 'Good evening from Chromium.');
    await shows(page, 'Good evening from Chromium.', 0);

    // A reload shows the same: what was drawn from events is what the server holds.
    await page.reload();
    await shows(page, 'Good morning from Firefox.');
    await page.screenshot({ path: 'target/journeys/firefox.png' });
  } finally {
    await firefox.close();
  }
  expect(troubles, 'what Firefox said').toEqual([]);
});
