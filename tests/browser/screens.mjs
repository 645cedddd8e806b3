// Drives the demo through every screen, writes a picture of each, and fails on what can be measured.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { chromiumPath } from './support/browsers.mjs';
import { callArgs, Crowd } from './support/crowd.mjs';
import { measure } from './support/measure.mjs';
import { Person } from './support/person.mjs';
import { enterDemo } from './support/acts.mjs';
import { screens } from './support/screens-list.mjs';
import { demo, serve } from './support/server.mjs';

const OUT = 'target/screens';
const LOCALES = { en: 'en-GB', fr: 'fr-FR' };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean' },
    widths: { type: 'string', default: '360,768,1440' },
    languages: { type: 'string', default: 'en,fr' },
    themes: { type: 'string', default: 'light,dark' },
  },
});
if (values.list) {
  for (const screen of screens) console.log(`${screen.name.padEnd(16)} ${screen.who.padEnd(9)} ${screen.path ?? ''}`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !screens.some((screen) => screen.name === name));
if (unknown.length > 0) {
  console.error(`No screen is named ${unknown.join(', ')}; see --list.`);
  process.exit(2);
}
const wanted = screens.filter((screen) => positionals.length === 0 || positionals.includes(screen.name));
const themes = values.themes.split(',');
mkdirSync(OUT, { recursive: true });

/** Cookies of the demo's people: their addresses work once, so each signs in once. */
const signInOnce = async (browser, village) => {
  const states = { stranger: undefined };
  for (const who of ['owner', 'paying', 'free']) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await enterDemo(page, await village.demoAddress(who));
    states[who] = await context.storageState();
    await context.close();
  }
  return states;
};

/** Members keep their language in any browser, so the demo's people ask for the one of the pictures. */
const speak = async (browser, village, states, language) => {
  for (const who of ['owner', 'paying', 'free']) {
    const context = await browser.newContext({ storageState: states[who] });
    const answer = await context.request.patch(`${village.url}/api/v1/me`, {
      data: { language },
      headers: { origin: village.url },
    });
    if (!answer.ok()) throw new Error(`the language was not taken: ${answer.status()} ${await answer.text()}`);
    await context.close();
  }
};

/** Photographs one screen in every theme; answers what is wrong with it. */
const photograph = async (person, screen, url, label, coarse, crowd) => {
  const found = [];
  const { page } = person;
  await page.emulateMedia({ colorScheme: themes[0], reducedMotion: 'reduce' });
  const answer = await page.goto(url, { waitUntil: 'load' });
  const status = answer?.status();
  if (status !== (screen.status ?? 200)) found.push(`the answer was ${status}`);
  if (screen.status) person.expects(new RegExp(`status of ${screen.status}`));
  const source = await answer.text();
  const dressed = source.match(/<[^>]*\sstyle="[^"]*"/);
  if (dressed) found.push(`a style attribute in the page: ${dressed[0].slice(0, 80)}`);
  await screen.then?.(page, crowd);
  // Every element of the page is awake, and what it writes stands there.
  await page.waitForFunction(() => document.querySelector(':not(:defined)') === null);
  await page.evaluate(() => document.fonts.ready);
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.screenshot({ path: `${OUT}/${label}.${theme}.png` });
    for (const problem of await measure(page, coarse)) found.push(`${theme}: ${problem}`);
  }
  return found;
};

const browser = await chromium.launch({ executablePath: chromiumPath, args: callArgs });
// Many pictures are many calls in a minute.
const village = await demo({}, ['--raised-limits']);
const crowd = new Crowd(village.url);
const failures = [];
const pictures = [];
try {
  const states = await signInOnce(browser, village);
  for (const language of values.languages.split(',')) {
    await speak(browser, village, states, language);
    for (const width of values.widths.split(',').map(Number)) {
      const coarse = width < 720;
      for (const screen of wanted) {
        const label = `${screen.name}.${language}.${width}`;
        // The wizard belongs to a server that has no owner yet.
        const server = screen.who === 'operator' ? await serve() : village;
        const url = screen.who === 'operator' ? await server.setUpAddress() : server.url + screen.path;
        const person = await Person.at(browser, label, {
          locale: LOCALES[language],
          viewport: { width, height: width < 720 ? 740 : 900 },
          hasTouch: coarse,
          isMobile: coarse,
          storageState: states[screen.who],
        });
        person.page.setDefaultTimeout(8_000);
        // The room moves to the side of the call.
        if (screen.calls) person.expects(/layout shift .*rialto-app\.shell/);
        if (screen.name === 'offline') person.expects(/ERR_INTERNET_DISCONNECTED|WebSocket/);
        try {
          const found = await photograph(person, screen, url, label, coarse, crowd);
          failures.push(...found.map((problem) => `${label}: ${problem}`));
        } catch (error) {
          failures.push(`${label}: could not be reached: ${String(error.message).split('\n')[0]}`);
          await person.page.screenshot({ path: `${OUT}/${label}.broken.png` });
        }
        // Also where it could not be reached: what was begun for it must not go on.
        await screen.after?.();
        if (screen.calls) await crowd.scatter(person.page);
        failures.push(...person.troubles());
        await person.context.close();
        if (server !== village) await server.stop();
        for (const theme of themes) pictures.push(`${label}.${theme}`);
      }
    }
  }
  // One screen shows what is said when something broke, and the program logs that it was asked to break.
  failures.push(...village.complaints().filter((line) => !line.includes('asked for by the page of parts')));
} finally {
  await crowd.end();
  await browser.close();
  await village.stop();
}

try {
  execFileSync('bin/lint', ['colours'], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
} catch (error) {
  failures.push(...String(error.stderr).trim().split('\n'));
}

writeFileSync(
  `${OUT}/index.html`,
  `<!doctype html><meta charset="utf-8"><title>Screens</title>
<style>body{font:14px system-ui;display:flex;flex-wrap:wrap;gap:16px}figure{margin:0}img{height:420px;border:1px solid #999}</style>
${pictures.map((name) => `<figure><figcaption>${name}</figcaption><a href="${name}.png"><img loading="lazy" src="${name}.png" alt=""></a></figure>`).join('\n')}\n`,
);
for (const failure of failures) console.error(failure);
console.log(`${pictures.length} pictures in ${OUT}, ${failures.length} findings`);
process.exit(failures.length === 0 ? 0 : 1);
