// Pages that stand open: what happens elsewhere comes to them by itself, and nobody loses the focus or what they typed.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** How long it may take until an open page shows what happened. */
const SOON = { timeout: 2_000 };

test('open pages follow what happens', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, mara, bruno, ines } = await community(server, 'mara', 'bruno', 'ines');
  const idOf = async (account) => (await account.call('GET', '/me')).id;
  const [maraId, brunoId, inesId] = await Promise.all([mara, bruno, ines].map(idOf));
  const person = await someone('mara');
  // What others do adds rows above those that stand there.
  person.expects(/layout shift .* at \/(people\/requests|settings\/membership) /);
  await acts.signIn(person.page, server.url, 'mara');
  const open = async (path) => {
    const page = await person.newPage();
    await page.goto(server.url + path);
    // Whatever loads the page anew takes this away.
    await page.evaluate(() => Object.assign(globalThis, { stands: true }));
    return page;
  };
  /** It was brought up to date, and not loaded anew. */
  const stands = async (page) => expect(await page.evaluate(() => globalThis.stands)).toBe(true);

  await test.step('a profile shows what another tab did, keeps what is typed and where the focus is', async () => {
    const page = await open(`/people/${brunoId}`);
    const note = page.getByLabel('Note');
    await note.fill('Mends nets on Tuesd');
    await mara.call('PUT', `/follows/${brunoId}`);
    await expect(page.getByRole('button', { name: 'Unfollow' })).toBeVisible(SOON);
    await bruno.call('PUT', `/follows/${maraId}`);
    await expect(page.getByText('Follows you')).toBeVisible(SOON);
    await expect(note).toHaveValue('Mends nets on Tuesd');
    await expect(note).toBeFocused();
    await mara.call('PATCH', `/contacts/${brunoId}`, { own_name: 'Bruno of the nets' });
    await expect(page.getByText('Bruno of the nets')).toBeVisible(SOON);
    await note.pressSequentially('ays');
    await expect(note).toHaveValue('Mends nets on Tuesdays');
    await stands(page);
    await page.close();
  });

  await test.step('an act on a profile is said, and its button keeps the focus', async () => {
    const page = await open(`/people/${inesId}`);
    await page.getByRole('button', { name: 'Add to contacts' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status')).toContainText('You have asked. They decide.');
    await expect(page.getByRole('button', { name: 'Take the contact request back' })).toBeFocused();
    await ines.call('PUT', `/contacts/${maraId}`);
    await expect(page.locator('.signs').getByText('Contact', { exact: true })).toBeVisible(SOON);
    await stands(page);
    await page.close();
  });

  await test.step('the badge of a member appears on their open profile, and says why', async () => {
    const page = await open(`/people/${brunoId}`);
    const badge = page.getByRole('heading', { level: 1 }).getByRole('button', { name: 'Verified' });
    await expect(badge).toHaveCount(0);
    await olga.call('PATCH', '/admin/settings', { verified_badge: 'either' });
    await olga.call('PUT', `/admin/members/${brunoId}/verification`, {});
    await expect(badge).toBeVisible(SOON);
    await badge.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByText('Verified by an administrator.')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByText('Verified by an administrator.')).toHaveCount(0);
    await expect(badge).toBeFocused();
    await stands(page);
    await page.close();
  });

  await test.step('an answered request gives the focus to the next one, and the answer is said', async () => {
    for (const account of [bruno, ines]) await account.call('DELETE', `/follows/${maraId}`);
    await mara.call('PUT', '/me/reach', { asks_before_follow: true });
    const page = await person.newPage();
    const sockets = [];
    page.on('websocket', (socket) => sockets.push(socket));
    await page.goto(`${server.url}/people/requests`);
    await page.evaluate(() => Object.assign(globalThis, { stands: true }));
    await expect(page.getByRole('heading', { name: 'Nothing waits for your answer' })).toBeVisible();
    await bruno.call('PUT', `/follows/${maraId}`);
    await expect(page.getByRole('article', { name: /Bruno/ })).toBeVisible(SOON);
    await ines.call('PUT', `/follows/${maraId}`);
    await expect(page.getByRole('article')).toHaveCount(2, SOON);
    await expect(page.getByRole('navigation').getByRole('img', { name: '2 requests wait' })).toBeVisible();

    await page.getByRole('article', { name: /Ines/ }).getByRole('button', { name: 'Accept' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status')).toContainText('Accepted.');
    await expect(page.getByRole('article')).toHaveCount(1);
    await expect(page.getByRole('link', { name: 'Bruno' })).toBeFocused();

    const { items } = await mara.call('GET', '/requests');
    await mara.call('POST', `/requests/${items[0].id}/ignore`);
    await expect(page.getByRole('heading', { name: 'Nothing waits for your answer' })).toBeVisible(SOON);
    await expect(page.getByRole('heading', { name: 'Nothing waits for your answer' })).toBeFocused();
    // From nothing to a list and back, it is the one connection with which the page came: what follows and the bell share it.
    expect(sockets.map((socket) => socket.isClosed())).toEqual([false]);
    await stands(page);
    await page.close();
  });

  await test.step('the list of contacts grows', async () => {
    const page = await open('/people?list=contacts');
    await expect(page.getByRole('listitem')).toHaveCount(1);
    await bruno.call('PUT', `/contacts/${maraId}`);
    await mara.call('PUT', `/contacts/${brunoId}`);
    await expect(page.getByRole('listitem').filter({ hasText: 'Bruno' })).toBeVisible(SOON);
    await mara.call('DELETE', `/contacts/${brunoId}`);
    await expect(page.getByRole('listitem')).toHaveCount(1, SOON);
    await stands(page);
    await page.close();
  });

  await test.step('a handful of events is one or two reads of the page, a moment later', async () => {
    const page = await open('/people?list=following');
    const reads = [];
    page.on('request', (request) => request.resourceType() === 'xhr' && new URL(request.url()).pathname === '/people' && reads.push(Date.now()));
    const begun = Date.now();
    for (let n = 0; n < 5; n += 1) {
      await mara.call('PUT', `/mutes/${brunoId}`);
      await mara.call('DELETE', `/mutes/${brunoId}`);
    }
    await mara.call('PUT', `/mutes/${brunoId}`);
    const ended = Date.now();
    await expect(page.getByRole('listitem').filter({ hasText: 'Bruno' }).getByText('Muted')).toBeVisible(SOON);
    // Each read waits a quarter of a second at least, so that no more fit into this time.
    expect(reads.length).toBeLessThanOrEqual(1 + Math.ceil((ended - begun) / 250));
    expect(reads[0] - begun).toBeGreaterThanOrEqual(200);
    await mara.call('DELETE', `/mutes/${brunoId}`);
    await stands(page);
    await page.close();
  });

  await test.step('the sentence of who may call follows, and an unsaved tick stays', async () => {
    const page = await open('/settings/reach');
    const row = page.locator('[data-act=call]');
    await expect(row).toContainText('Your contact and one person you follow can ring you.');
    await row.locator('summary').click();
    await row.getByRole('checkbox', { name: 'Verified members' }).check();
    await expect(row).toContainText('Not saved yet');
    await expect(row).toContainText('Your contact, one person you follow and verified members can ring you.');
    await mara.call('PUT', `/contacts/${brunoId}`);
    await bruno.call('PUT', `/contacts/${maraId}`);
    await expect(row).toContainText('Your 2 contacts, one person you follow and verified members can ring you.', SOON);
    await row.getByRole('checkbox', { name: 'My contacts' }).uncheck();
    await expect(row).toContainText('One person you follow and verified members can ring you.');
    await row.getByRole('checkbox', { name: 'My contacts' }).check();
    await expect(row.getByRole('checkbox', { name: 'Verified members' })).toBeChecked();
    await expect(row.getByText('Not saved yet')).toBeVisible();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(row).toContainText('verified members can ring you.');
    await expect(row.getByText('Not saved yet')).toBeHidden();
    await stands(page);
    await page.close();
  });

  await test.step('quiet hours that are on and empty are asked for, and not switched off', async () => {
    const hours = async () => (await mara.call('GET', '/me/reach')).quiet;
    await mara.call('PUT', '/me/reach', { quiet: { from: 1_320, to: 420 } });
    const page = await open('/settings/reach');
    const from = page.locator('[name=quiet_from]');
    await from.fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    expect(await from.evaluate((field) => field.validity.valueMissing)).toBe(true);
    await expect(from).toBeFocused();
    expect(await hours()).toEqual({ from: 1_320, to: 420 });
    await from.fill('23:00');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(hours).toEqual({ from: 1_380, to: 420 });
    await page.getByRole('switch', { name: 'Keep quiet hours' }).uncheck();
    await expect(from).toBeHidden();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(hours).toBe(null);
    await page.close();
  });

  await test.step('the lists of who may always and who never may follow another tab', async () => {
    const page = await open('/settings/reach');
    await mara.call('PUT', `/me/always/${brunoId}`);
    const row = page.locator('main li').filter({ hasText: 'Bruno' });
    await expect(row).toHaveCount(1, SOON);
    await mara.call('DELETE', `/me/always/${brunoId}`);
    await expect(row).toHaveCount(0, SOON);
    await stands(page);
    await page.close();
  });

  await test.step('my membership shows a plan that is given, and that it was taken back', async () => {
    const page = await open('/settings/membership');
    await expect(page.getByText('You have no plan.')).toBeVisible();
    const [plan] = (await mara.call('GET', '/plans')).items;
    const grant = await olga.call('POST', `/admin/members/${maraId}/grants`, { plan: plan.id, source: 'gift', note: 'For the lanterns' });
    await expect(page.getByRole('region', { name: 'What it gives you' })).toContainText('Start calls', SOON);
    await expect(page.getByRole('region', { name: 'How you have it' })).toContainText('For the lanterns');
    await olga.call('POST', `/admin/grants/${grant.id}/revoke`, {});
    await expect(page.getByText('You have no plan.')).toBeVisible(SOON);
    await stands(page);
    await page.close();
  });
});

test('a tab that finds all connections taken says so, and comes in when one is free', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga } = await community(server, 'mara');
  await olga.call('PATCH', '/admin/settings', { connections_per_member: 1 });
  const mara = await someone('mara');
  mara.expects(/WebSocket/);
  await acts.signIn(mara.page, server.url, 'mara');
  await expect.poll(() => mara.page.evaluate(() => /** @type {any} */ (document.querySelector('rialto-app')).client.state.connection.status)).toBe('open');
  const second = await mara.newPage();
  await second.goto(server.url);
  const strip = second.getByRole('status').filter({ hasText: 'Too many tabs and devices are connected.' });
  await expect(strip).toBeVisible({ timeout: 15_000 });
  // A page that stands says why it does not follow.
  const standing = await mara.newPage();
  await standing.goto(`${server.url}/people/requests`);
  const still = standing.getByRole('status').filter({ hasText: 'Too many tabs and devices are connected. Close one. Until then this page does not follow what happens.' });
  await expect(still).toBeVisible({ timeout: 15_000 });
  await standing.close();
  await mara.page.close();
  await expect.poll(() => second.evaluate(async () => (await (await fetch('/api/v1/me')).json()).connections.open)).toBe(0);
  await strip.getByRole('button', { name: 'Try now' }).click();
  await expect(second.getByRole('status').filter({ hasText: 'You are up to date.' })).toBeVisible({ timeout: 15_000 });
  await expect(strip).toHaveCount(0);
});
