// One tab's calls from the first press to the last word, against doubles of the server and of its media: what is seen, said and sent.
import { readFileSync } from 'node:fs';
import { expect, test as base } from '@playwright/test';
import { chromiumArgs, chromiumPath } from './support/browsers.mjs';
import { serveModules } from './support/modules.mjs';

const words = ['shell', 'chat', 'calls', 'error', 'billing'].reduce((all, slice) => ({ ...all, ...JSON.parse(readFileSync(`static/words/en/${slice}.json`, 'utf8')) }), {});
const people = Object.fromEntries([['9', 'Ines'], ['7', 'Mara'], ['8', 'Bruno']].map(([id, name]) => [id, { id, username: name.toLowerCase(), display_name: name, hue: 3, state: 'active', roles: [], badge: null, status: null, pronouns: '', bio: '' }]));

const test = base.extend({
  page: async ({ browser }, use) => {
    const modules = await serveModules();
    const context = await browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 1280, height: 800 } });
    await context.addInitScript((entries) => {
      const put = () => document.body?.append(Object.assign(document.createElement('script'), { type: 'application/json', id: 'words', textContent: entries }));
      addEventListener('DOMContentLoaded', put);
    }, JSON.stringify(words));
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    await page.route('**/api/v1/people/*', (route) => route.fulfill({ json: { contact: 'contact', follow: 'none', follows_me: false, conversation: '55' } }));
    await page.route('**/api/v1/calls/live', (route) => route.fulfill({ json: { items: [], members: [], rooms: [], may_start: { calls: true, video: true, closed: [] } } }));
    await page.goto(modules.url);
    await page.evaluate(open, people);
    await use(page);
    await context.close();
    await modules.stop();
    expect(errors).toEqual([]);
  },
});
test.use({ launchOptions: { executablePath: chromiumPath, args: [...chromiumArgs, '--allow-loopback-in-peer-connection'] } });

/** Runs in the page: the tab's calls, with the doubles behind them. */
const open = async (known) => {
  const [{ openCalls }, { CallServer }, { SecondPeer }, { Refused }] = await Promise.all(['/static/calls/open.js', '/doubles/call-server.mjs', '/doubles/second-peer.mjs', '/static/lib/errors.js'].map((path) => import(path)));
  const server = new CallServer('9', SecondPeer, Refused);
  document.body.append(Object.assign(document.createElement('button'), { textContent: 'elsewhere' }));
  const desk = await openCalls(server, '9', { known: (id) => known[id], blocked: () => /** @type {any} */ (window).blocked ?? [] });
  server.desk = desk;
  server.greet();
  Object.assign(window, { server, desk });
};
const at = (page) => page.evaluate(() => /** @type {any} */ (window).desk.current?.phase ?? null);
const until = async (page, phase) => expect.poll(() => at(page)).toBe(phase);
const commands = (page) => page.evaluate(() => /** @type {any} */ (window).server.commands.map((command) => command.type));
const server = (page, run, argument) => page.evaluate(`(${run})(window.server, ${JSON.stringify(argument ?? null)})`);
/** Frames of the other side that were drawn, which must grow. */
const moves = async (page) => {
  const drawn = () => page.evaluate(() => /** @type {HTMLVideoElement} */ (document.querySelector('.tile[data-member="7"] video'))?.getVideoPlaybackQuality().totalVideoFrames ?? 0);
  await expect.poll(drawn).toBeGreaterThan(0);
  const before = await drawn();
  await expect.poll(drawn).toBeGreaterThan(before + 5);
};

test('a call that I make: rings, is taken, is seen and heard, and ends', async ({ page }) => {
  await page.evaluate(() => void /** @type {any} */ (window).desk.start({ call: null, kind: 'direct', to: '7', room: null, video: true }));
  const call = page.getByRole('region', { name: 'Call', exact: true });
  await expect(call.getByRole('heading', { name: 'Mara' })).toBeVisible();
  await expect(call.getByText('Ringing')).toBeVisible();
  await server(page, (it) => it.answer());
  await until(page, 'live');
  await server(page, (it) => it.send());
  await moves(page);
  const heard = () => page.evaluate(async () => [...(await /** @type {any} */ (window).desk.connection.pc.getStats()).values()].some((each) => each.type === 'inbound-rtp' && each.kind === 'audio' && each.totalAudioEnergy > 0));
  await expect.poll(heard).toBe(true);
  const mic = call.getByRole('button', { name: 'Turn microphone off' });
  await mic.click();
  await expect.poll(() => server(page, (it) => it.last('call.mute'))).toMatchObject({ source: 'mic', muted: true });
  await page.keyboard.press('Control+Shift+Space');
  await expect(mic).toBeVisible();
  await expect.poll(() => server(page, (it) => it.last('call.view')?.tiles['7'])).toBeGreaterThanOrEqual(360);
  await call.getByRole('button', { name: 'Leave call' }).click();
  await until(page, 'ended');
  const known = await commands(page);
  expect(known.filter((type) => /^call\.(start|join|leave)/.test(type))).toEqual(['call.start', 'call.join', 'call.leave']);
  expect(known.filter((type) => type === 'pc.offer')).toHaveLength(1);
  await expect(page.getByRole('status', { name: 'End of the call' })).toContainText('The call is over');
  expect(await page.evaluate(() => /** @type {any} */ (window).desk.own.own.cam), 'the camera is let go').toBeNull();
});

test('a call that comes: the sheet says who, and one press takes it without a picture', async ({ page }) => {
  await server(page, (it) => it.ring('7'));
  const sheet = page.getByRole('alertdialog', { name: 'Mara' });
  await expect(sheet).toContainText('is calling you with video');
  await expect(sheet).toContainText('In your contacts');
  await expect.poll(() => page.title()).toBe('Mara calls');
  await sheet.getByRole('button', { name: 'Accept without video' }).click();
  await until(page, 'live');
  await expect(sheet).toHaveCount(0);
  expect(await server(page, (it) => it.last('call.accept'))).toMatchObject({ video: false });
  expect(await page.evaluate(() => /** @type {any} */ (window).desk.own.isOn('cam'))).toBe(false);
  await expect(page.getByRole('button', { name: 'Turn camera on' })).toBeVisible();
});

test('with the keyboard: the sheet takes the focus, Escape silences it, and keys answer', async ({ page }) => {
  const elsewhere = page.getByRole('button', { name: 'elsewhere' });
  await elsewhere.focus();
  await server(page, (it) => it.ring('7'));
  const sheet = page.getByRole('alertdialog', { name: 'Mara' });
  await expect(sheet).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(sheet.getByRole('button', { name: 'Silence the ring' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(sheet.getByRole('button', { name: 'Silence the ring' })).toBeHidden();
  await expect(elsewhere).toBeFocused();
  await expect(sheet, 'silence is no answer').toBeVisible();
  await page.keyboard.press('Control+Shift+D');
  await expect(sheet).toHaveCount(0);
  expect(await commands(page)).toContain('call.decline');
  await server(page, (it) => it.ring('7', { id: '101' }));
  await expect(sheet).toBeFocused();
  await page.keyboard.press('Control+Shift+A');
  await until(page, 'live');
  expect(await server(page, (it) => it.last('call.accept'))).toMatchObject({ call: '101', video: true });
});

test('the other one hangs up: a call between two is over', async ({ page }) => {
  await server(page, (it) => it.ring('7'));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await server(page, (it) => it.members([], { 7: 'left' }));
  await until(page, 'ended');
  expect(await commands(page)).toContain('call.leave');
});

test('answered on another device: the sheet is gone and nothing is missed', async ({ page }) => {
  await server(page, (it) => it.ring('7'));
  await expect(page.getByRole('alertdialog')).toBeVisible();
  await server(page, (it) => it.say({ type: 'call.state', call: { ...it.call, state: 'connecting', expires_at: null }, part: 'accepted', connection: 'another' }));
  await expect(page.getByRole('alertdialog')).toHaveCount(0);
  await expect(page.getByText('Missed call')).toHaveCount(0);
});

test('taken back: missed, with the way back', async ({ page }) => {
  await server(page, (it) => it.ring('7', { video: false }));
  await expect(page.getByRole('alertdialog')).toContainText('is calling you');
  await server(page, (it) => it.say({ type: 'call.ended', call: it.call.id, cause: 'cancelled' }));
  await expect(page.getByRole('heading', { name: 'Missed call' })).toBeVisible();
  await page.getByRole('button', { name: 'Call back' }).click();
  await until(page, 'ringing_out');
  await expect.poll(() => server(page, (it) => it.last('call.start'))).toMatchObject({ to: '7', video: false });
});

test('a ring that is heard of late never rings', async ({ page }) => {
  await server(page, (it) => it.ring('7', { expires_at: Date.now() + 1_000 }));
  await expect(page.getByRole('heading', { name: 'Missed call' })).toBeVisible();
  await expect(page.getByRole('alertdialog')).toHaveCount(0);
});

test('the line is lost and comes back: media never stops, and the token brings me back', async ({ page }) => {
  await server(page, (it) => it.ring('7'));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await server(page, (it) => it.send());
  await moves(page);
  await page.evaluate(() => /** @type {any} */ (window).desk.lineIs(false));
  await expect(page.getByText('You still hear each other').first()).toBeVisible();
  await moves(page);
  await server(page, (it) => it.greet([{ call: it.call, part: 'in', connection: 'gone' }]));
  await until(page, 'live');
  expect(await server(page, (it) => it.last('call.join'))).toMatchObject({ resume: 'token 1' });
  expect((await commands(page)).filter((type) => type === 'pc.offer'), 'no offer was needed').toHaveLength(1);
  await moves(page);
});

test('a page that was loaded anew while its call rings: one way back, however often it is greeted', async ({ page }) => {
  await page.evaluate(() => {
    const { server: it, desk } = /** @type {any} */ (window);
    it.call = it.callOf();
    sessionStorage.setItem('rialto-call', JSON.stringify({ wish: { call: it.call.id, kind: 'direct', to: '7', room: null, video: false }, mic: true, cam: false, at: Date.now() }));
    const greeting = { connection: 'anew', calls: [{ call: it.call, part: 'in', connection: 'the page before' }] };
    for (let n = 0; n < 2; n += 1) desk.greeted(greeting);
  });
  await expect(page.getByRole('region', { name: 'Call', exact: true }).getByText('Ringing')).toBeVisible();
  expect((await commands(page)).filter((type) => type === 'call.join')).toHaveLength(1);
  await server(page, (it) => it.answer());
  await until(page, 'live');
});

test('a token that serves no more: everything is set up anew, and no device is asked for', async ({ page }) => {
  await server(page, (it) => it.ring('7'));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  const camera = await page.evaluate(() => (/** @type {any} */ (window).camera = /** @type {any} */ (window).desk.own.own.cam) !== null);
  await page.evaluate(() => /** @type {any} */ (window).desk.lineIs(false));
  await server(page, (it) => {
    const { request } = it;
    it.request = (command) => (command.resume ? (it.commands.push(command), Promise.reject(new it.Refused('calls.resume'))) : request(command));
    it.greet([{ call: it.call, part: 'in', connection: 'gone' }]);
  });
  await expect.poll(async () => (await commands(page)).filter((type) => type === 'pc.offer').length).toBe(2);
  await until(page, 'live');
  expect([camera, await page.evaluate(() => /** @type {any} */ (window).camera === /** @type {any} */ (window).desk.own.own.cam)], 'the same camera').toEqual([true, true]);
});

test('a refusal says why, and where the right is to be had', async ({ page }) => {
  await page.evaluate(() => {
    const { server: it, desk } = /** @type {any} */ (window);
    it.refuses = { 'call.start': 'calls.plan_needed' };
    void desk.start({ call: null, kind: 'direct', to: '7', room: null, video: false });
  });
  const end = page.getByRole('status', { name: 'End of the call' });
  await expect(end.getByRole('link', { name: 'See plans' })).toBeVisible();
});

test('media that the server cannot have ends the call with the reason', async ({ page }) => {
  await server(page, (it) => {
    it.refuses = { 'pc.offer': 'calls.no_common_codec' };
    it.ring('7');
  });
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'ended');
  await expect(page.getByRole('status', { name: 'End of the call' })).toContainText('no kind of sound or picture');
});

test('a host mutes me, and I see it; hands and people are listed', async ({ page }) => {
  await server(page, (it) => it.ring('7', { kind: 'group', room: '5' }));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await server(page, (it) => it.members([it.person('7', { role: 'host' }), it.person('8', { hand: true, sources: {} })]));
  await server(page, (it) => it.say({ type: 'call.moderated', call: it.call.id, by: '7', act: { kind: 'muted', source: 'mic' } }, true));
  await expect(page.getByRole('button', { name: 'A host has turned your microphone off' })).toBeVisible();
  expect(await page.evaluate(() => /** @type {any} */ (window).desk.own.isOn('mic'))).toBe(false);
  await page.getByRole('button', { name: '3 people in the call' }).click();
  const list = page.getByRole('complementary', { name: '3 people in the call' });
  await expect(list.getByRole('listitem').first()).toContainText('Bruno');
  await expect(list.getByRole('listitem').first()).toContainText('hand raised');
  await expect(page.getByRole('article', { name: /^Bruno, hand raised/ })).toBeVisible();
});

test('a call of voices: camera and screen are locked, and a press says why', async ({ page }) => {
  await page.evaluate(() => document.body.append(Object.assign(document.createElement('div'), { id: 'toasts', className: 'toasts' })));
  await server(page, (it) => it.ring('7', { video: false, pictures: false }));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  for (const name of ['Share screen', 'Turn camera on']) {
    const button = page.getByRole('button', { name });
    await expect(button).toHaveAttribute('aria-disabled', 'true');
    await button.click({ force: true });
    await expect(page.locator('#toasts')).toContainText('This call stays with voices: no cameras, no screens.');
    await page.locator('#toasts').getByRole('button', { name: 'Close' }).click();
  }
  await page.keyboard.press('Control+Shift+S');
  await expect(page.locator('#toasts')).toContainText('This call stays with voices: no cameras, no screens.');
  expect(await page.evaluate(() => [/** @type {any} */ (window).desk.own.own.screen, /** @type {any} */ (window).desk.own.own.cam])).toEqual([null, null]);
});

test('what was missed never lies over a call, and is gone when one speaks with them', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const from of ['7', '8']) {
    await server(page, (it, who) => it.ring(who, { id: `missed ${who}` }), from);
    await server(page, (it) => it.say({ type: 'call.ended', call: it.call.id, cause: 'cancelled' }));
  }
  const missed = page.getByRole('heading', { name: '2 missed calls' });
  await expect(missed).toBeVisible();
  await server(page, (it) => it.ring('7'));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await expect(page.getByRole('heading', { name: /missed call/i })).toHaveCount(0);
  await server(page, (it) => it.say({ type: 'call.ring', call: it.callOf({ id: '200', starter: '8', rung: ['9'], members: ['8'] }), waiting: true }));
  const sheet = page.getByRole('alertdialog', { name: 'Bruno' });
  await expect(sheet).toBeVisible();
  const [over, bar] = await Promise.all([sheet.boundingBox(), page.getByRole('toolbar', { name: 'Call controls' }).boundingBox()]);
  expect((over?.y ?? 0) + (over?.height ?? 0), 'who rings leaves the controls free').toBeLessThanOrEqual(bar?.y ?? 0);
  await sheet.getByRole('button', { name: 'Decline' }).click();
  await page.getByRole('button', { name: 'Leave call' }).click();
  await expect(page.getByRole('heading', { name: 'Missed call', exact: true })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Calls for you' })).toContainText('Bruno');
  await expect(page.getByRole('region', { name: 'Calls for you' })).not.toContainText('Mara');
});

test('my own call from another tab: who is in, and it can be moved here', async ({ page }) => {
  await page.evaluate(() => {
    const { server: it, desk } = /** @type {any} */ (window);
    it.call = it.callOf({ state: 'active', expires_at: null, members: ['9', '7'] });
    void desk.look({ call: it.call.id, kind: 'direct', to: null, room: null, video: true }, it.call);
  });
  const door = page.getByRole('region', { name: 'Before the call' });
  await expect(door.getByRole('heading', { name: 'Mara' })).toBeVisible();
  await expect(door).toContainText('You are in this call in another tab');
  await expect(door).toContainText('Mara is in the call.');
  await door.getByRole('button', { name: 'Move the call here' }).click();
  await until(page, 'live');
});

test('what was opened for a call closes with it; whoever is gone is no fault of my own way', async ({ page }) => {
  await server(page, (it) => it.ring('7'));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await page.evaluate(() => /** @type {any} */ (window).desk.store.dispatch({ type: 'trouble', trouble: 'no_packets' }));
  await expect(page.getByText('nothing arrives from the others')).toBeVisible();
  await server(page, (it) => it.members([it.person('7', { link: 'away' })]));
  await expect(page.getByText('nothing arrives from the others')).toHaveCount(0);
  await expect(page.getByRole('article', { name: /^Mara.*reconnecting/ })).toBeVisible();
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Devices and sounds' }).click();
  await expect(page.getByRole('dialog', { name: 'Devices and sounds' })).toBeVisible();
  await server(page, (it) => it.say({ type: 'call.ended', call: it.call.id, cause: 'alone' }));
  await until(page, 'ended');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('where the app is not, the chat of two opens in a tab of its own, and links say that they do', async ({ page }) => {
  await page.route('**/api/v1/rooms', (route) => route.fulfill({ json: { id: '55' } }));
  await page.evaluate(() => document.body.append(Object.assign(document.createElement('a'), { href: '/people', textContent: 'People' }), Object.assign(document.createElement('div'), { id: 'toasts', className: 'toasts' })));
  const link = page.getByRole('link', { name: 'People' });
  await link.focus();
  expect(await link.getAttribute('title')).toBeNull();
  await server(page, (it) => it.ring('7'));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  const opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Chat beside the call' }).click();
  expect(new URL((await opened).url()).pathname).toBe('/r/55');
  await page.getByRole('button', { name: 'Make the call small' }).click();
  await link.hover();
  await expect(link).toHaveAttribute('title', 'Opens in a new tab: the call goes on here');
  const beside = page.waitForEvent('popup');
  await link.click();
  expect(new URL((await beside).url()).pathname).toBe('/people');
  await expect(page.locator('#toasts')).toContainText('Opened in a new tab');
  expect(await at(page)).toBe('live');
  await page.evaluate(() => void /** @type {any} */ (window).desk.leave());
  await until(page, 'ended');
  await page.mouse.move(0, 0);
  await link.hover();
  await expect(link).not.toHaveAttribute('title');
});

test('small, the call leaves the page to be used', async ({ page }) => {
  await server(page, (it) => it.ring('7'));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await page.getByRole('button', { name: 'Make the call small' }).click();
  await page.getByRole('button', { name: 'elsewhere' }).click();
  await page.getByRole('button', { name: 'Show the call with Mara' }).click();
  await expect(page.getByRole('toolbar', { name: 'Call controls' })).toBeVisible();
});

test('without a microphone the call goes on, and says how to get one', async ({ browser, page }) => {
  void browser;
  await page.evaluate(() => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))));
  await server(page, (it) => it.ring('7', { video: false }));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await expect(page.getByText('The browser does not let this page use the microphone').first()).toBeVisible();
});

test('what keeps the media away has a name after five seconds, while one still waits', async ({ page }) => {
  await server(page, (it) => {
    // A server that never answers an offer: no way is found.
    it.SecondPeer = class extends it.SecondPeer {
      isHolding = true;
    };
    it.ring('7');
  });
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await expect(page.getByText('The call server cannot be reached from this network.')).toBeVisible({ timeout: 15_000 });
  expect(await at(page)).toBe('joining');
});

test('what the server does not get of me is said, and a share is not shown to its owner', async ({ page }) => {
  await server(page, (it) => it.ring('7'));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await server(page, (it) => it.send());
  await server(page, (it) => it.say({ type: 'call.quality', call: it.call.id, marks: [{ member: '7', mark: 1 }], heard: false, link: null, sending: { cam: 'no_keyframe' }, receiving: {} }));
  await expect(page.getByText('Others cannot hear you: nothing of your microphone reaches the server.')).toBeVisible();
  await expect(page.getByText('Others cannot see you: nothing of your camera reaches the server.')).toBeVisible();
  await expect(page.getByRole('article', { name: /^Mara.*weak connection/ })).toBeVisible();
  await page.getByRole('button', { name: 'Share screen' }).click();
  await server(page, (it) => it.members([it.person(it.me, { sources: { mic: 'live', screen: 'live' } })]));
  await expect(page.getByText('You are sharing your screen.')).toBeVisible();
  await expect(page.locator('.tile-stage')).toHaveCount(0);
});

test('whom I block is seen in a call of several, and not heard', async ({ page }) => {
  await server(page, (it) => it.ring('7', { kind: 'group', room: '5' }));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  await server(page, (it) => it.send());
  await moves(page);
  const sounds = page.locator('call-stage audio');
  const mine = await sounds.count();
  await page.evaluate(() => {
    Object.assign(window, { blocked: ['7'] });
    /** @type {any} */ (document.querySelector('call-stage')).update();
  });
  await expect(sounds).toHaveCount(mine - 1);
  await expect(page.getByRole('article', { name: /^Mara.*you block them: not heard/ })).toBeVisible();
  await moves(page);
});

test('the key of the microphone, held, lets me speak only while it is held', async ({ page }) => {
  await server(page, (it) => it.ring('7', { video: false }));
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
  await until(page, 'live');
  const speaks = () => page.evaluate(() => /** @type {any} */ (window).desk.own.isOn('mic'));
  await page.getByRole('button', { name: 'Turn microphone off' }).click();
  await expect.poll(speaks).toBe(false);
  for (const key of ['Control', 'Shift', 'Space']) await page.keyboard.down(key);
  await expect.poll(speaks).toBe(true);
  const down = await page.evaluate(() => performance.now());
  await page.waitForFunction((since) => performance.now() - since > 450, down);
  await page.keyboard.up('Space');
  await expect.poll(speaks).toBe(false);
  for (const key of ['Shift', 'Control']) await page.keyboard.up(key);
  await page.keyboard.press('Control+Shift+Space');
  await expect.poll(speaks, 'pressed shortly, it stays on').toBe(true);
});
