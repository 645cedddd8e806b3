// Who reaches whom: a follow that is not enough and one that is, a stranger's words among the requests, and a block in open tabs.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** How long it may take until an open tab shows what happened. */
const SOON = { timeout: 2_000 };

test('nobody reaches me whom I did not let', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, mara, bruno, ines, vera } = await community(server, 'mara', 'bruno', 'ines', 'vera');
  const idOf = async (account) => (await account.call('GET', '/me')).id;
  const [maraId, brunoId] = await Promise.all([mara, bruno].map(idOf));
  const at = async (name) => {
    const { page } = await someone(name);
    await acts.signIn(page, server.url, name);
    return page;
  };
  const [maraPage, brunoPage] = [await at('mara'), await at('bruno')];

  await test.step('mara lets people whom she follows write to her', async () => {
    await maraPage.goto(`${server.url}/settings/reach`);
    const first = maraPage.locator('details').filter({ hasText: 'Message me first' });
    await first.locator('summary').click();
    await first.getByRole('checkbox', { name: 'Everyone' }).uncheck();
    await first.getByRole('checkbox', { name: 'People I follow', exact: true }).check();
    await maraPage.getByRole('button', { name: 'Save' }).click();
    await expect(first).toContainText('People you follow (nobody yet) can write to you first.');
    await maraPage.goto(server.url);
    await expect(acts.roomLink(maraPage, '').first()).toBeVisible();
  });

  await test.step('of two choices in a row the later one stays, however slow the first is', async () => {
    await maraPage.goto(`${server.url}/settings/reach`);
    const mention = maraPage.locator('details').filter({ hasText: 'Mention me' });
    await mention.locator('summary').click();
    const [held, sent] = [[], []];
    await maraPage.route('**/api/v1/me/reach', (route) => {
      if (route.request().method() !== 'PUT') return route.continue();
      return sent.push(route.request()) === 1 ? void held.push(route) : route.continue();
    });
    for (const name of ['My contacts', 'Verified members']) {
      // By its key: the button takes no second press while it is busy.
      await mention.getByRole('checkbox', { name, exact: true }).check();
      await mention.getByRole('checkbox', { name, exact: true }).press('Enter');
      await expect.poll(() => held.length).toBe(1);
    }
    // What the page asks now comes behind whatever it has sent by then: a second choice would be there.
    await maraPage.evaluate(() => fetch('/api/v1/me').then((answer) => answer.text()));
    expect(sent.length, 'the later choice waits for the first one').toBe(1);
    await held[0].continue();
    await expect.poll(() => sent.length).toBe(2);
    for (const request of sent) expect((await request.response()).status()).toBe(200);
    expect((await mara.call('GET', '/me/reach')).mention.from.toSorted()).toEqual(['contacts', 'everyone', 'verified']);
    await maraPage.unrouteAll();
    await mara.call('PUT', '/me/reach', { mention: { from: ['everyone'] } });
    await maraPage.goto(server.url);
    await expect(acts.roomLink(maraPage, '').first()).toBeVisible();
  });

  await test.step('bruno follows her, writes, and does not get through', async () => {
    await brunoPage.goto(`${server.url}/people?q=mara`);
    await brunoPage.getByRole('link', { name: 'Mara' }).click();
    await brunoPage.getByRole('button', { name: 'Follow' }).click();
    await expect(brunoPage.getByRole('button', { name: 'Unfollow' })).toBeVisible();
    await brunoPage.getByRole('button', { name: 'Message' }).click();
    await expect(brunoPage.getByRole('heading', { name: 'Mara', level: 1 })).toBeVisible();
    await acts.say(brunoPage, 'Is the boat still for sale?');
    await expect(maraPage.getByRole('img', { name: 'One request waits' })).toBeVisible();
    await expect(acts.roomLink(maraPage, 'Bruno')).toHaveCount(0);
  });

  await test.step('she finds his words among her requests', async () => {
    const page = await maraPage.context().newPage();
    await page.goto(`${server.url}/people/requests`);
    const request = page.getByRole('article', { name: /Bruno/ });
    await expect(request).toContainText('Is the boat still for sale?');
    await request.getByRole('button', { name: 'Ignore' }).click();
    await expect(page.getByRole('heading', { name: 'Nothing waits for your answer' })).toBeVisible();
    await expect(maraPage.getByRole('img', { name: 'One request waits' })).toHaveCount(0);
    await page.close();
  });

  await test.step('she follows him back, and his next words arrive', async () => {
    await mara.call('PUT', `/follows/${brunoId}`);
    await acts.say(brunoPage, 'Hello again');
    await acts.openRoom(maraPage, 'Bruno');
    await expect(acts.message(maraPage, 'Hello again')).toBeVisible();
    await expect(acts.message(maraPage, 'Is the boat still for sale?')).toBeVisible();
  });

  await test.step('a stranger’s message lands in the requests, and a yes brings it', async () => {
    const room = await ines.call('POST', '/rooms', { kind: 'direct', members: [maraId] });
    await ines.say(room.id, 'We met at the quay');
    await expect(maraPage.getByRole('img', { name: 'One request waits' })).toBeVisible();
    const page = await maraPage.context().newPage();
    await page.goto(`${server.url}/people/requests`);
    await page.getByRole('article', { name: /Ines/ }).getByRole('button', { name: 'Accept', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Nothing waits for your answer' })).toBeVisible();
    await page.close();
    await acts.openRoom(maraPage, 'Ines');
    await expect(acts.message(maraPage, 'We met at the quay')).toBeVisible();
  });

  await test.step('a report says that it ends the request, and blocks where that is ticked', async () => {
    const room = await vera.call('POST', '/rooms', { kind: 'direct', members: [maraId] });
    await vera.say(room.id, 'Cheap rope');
    const page = await maraPage.context().newPage();
    await page.goto(`${server.url}/people/requests`);
    const request = page.getByRole('article', { name: /Vera/ });
    await request.getByText('Report', { exact: true }).click();
    await expect(request).toContainText('left unanswered for good');
    await request.getByRole('checkbox', { name: /Block them as well/ }).check();
    await request.getByRole('button', { name: 'Send report' }).click();
    await expect(page.getByRole('heading', { name: 'Nothing waits for your answer' })).toBeVisible();
    expect((await mara.call('GET', '/blocks')).items.map(({ member }) => member.username)).toEqual(['vera']);
    await page.close();
  });

  await test.step('what she calls somebody stands wherever she meets them, at once in open tabs, and nobody else sees it', async () => {
    await acts.openRoom(maraPage, 'Ines');
    const inesId = await idOf(ines);
    const before = await brunoPage.locator('room-list').innerText();
    await mara.call('PATCH', `/contacts/${inesId}`, { own_name: 'Inès of the quay' });
    await expect(acts.roomLink(maraPage, 'Inès of the quay')).toBeVisible(SOON);
    await expect(maraPage.getByRole('heading', { name: 'Inès of the quay', level: 1 })).toHaveAttribute('title', 'Ines · @ines');
    await expect(acts.composer(maraPage)).toHaveAttribute('placeholder', /Inès of the quay/);
    const author = acts.message(maraPage, 'We met at the quay').getByRole('button', { name: 'Inès of the quay' });
    await expect(author).toHaveAttribute('title', 'Ines · @ines');
    await acts.composer(maraPage).fill('@quay');
    await expect(maraPage.getByRole('option', { name: /Inès of the quay/ })).toContainText('@ines');
    await acts.composer(maraPage).press('Enter');
    await expect(acts.composer(maraPage)).toHaveValue('@ines ');
    await acts.composer(maraPage).fill('');
    expect(await brunoPage.locator('room-list').innerText()).toBe(before);
    await mara.call('PATCH', `/contacts/${inesId}`, { own_name: '' });
    await expect(acts.roomLink(maraPage, 'Ines')).toBeVisible(SOON);
    await expect(author).toHaveCount(0);
  });

  await test.step('what she noted of somebody and did not save is left only after a question', async () => {
    const inesId = await idOf(ines);
    const page = await maraPage.context().newPage();
    await page.goto(`${server.url}/people`);
    await page.getByRole('link', { name: 'Ines' }).click();
    await page.getByLabel('Your name for them').fill('Inès');
    await page.getByLabel('Note').fill('Owes me a rope.');
    const asked = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.dismiss();
    });
    for (const leave of [
      () => page.getByRole('link', { name: 'Contacts' }).click(),
      () => page.evaluate(() => history.back()),
      () => page.evaluate(() => setTimeout(() => location.reload())),
    ]) {
      const before = asked.length;
      await leave();
      await expect.poll(() => asked.length).toBe(before + 1);
      await expect(page.getByLabel('Note')).toHaveValue('Owes me a rope.');
    }
    expect(new Set(asked)).toEqual(new Set(['beforeunload']));
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await mara.call('GET', `/people/${inesId}`)).note).toBe('Owes me a rope.');
    await expect(page.getByRole('heading', { name: 'Inès', level: 1 })).toBeVisible();
    await page.reload();
    await expect(page.getByLabel('Note')).toHaveValue('Owes me a rope.');
    expect(asked).toHaveLength(3);
    await mara.call('PATCH', `/contacts/${inesId}`, { own_name: null, note: null });
    await page.close();
  });

  await test.step('a block takes effect in open tabs, and the blocked member’s view does not change', async () => {
    const general = await mara.room('general');
    const sardines = await bruno.say(general.id, 'Fresh sardines at the market');
    const two = await ines.say(general.id, 'I take two');
    await bruno.call('PUT', `/rooms/${general.id}/messages/${two.id}/reactions/🐟`);
    await olga.call('PUT', `/rooms/${general.id}/messages/${sardines.id}/pin`);
    await acts.openRoom(maraPage, 'general');
    await expect(acts.message(maraPage, 'Fresh sardines at the market')).toBeVisible();
    const fish = acts.message(maraPage, 'I take two').getByRole('group', { name: 'Reactions' }).getByRole('button', { name: /🐟/ });
    await expect(fish).toBeVisible();
    await maraPage.locator('room-header').getByRole('button', { name: 'More' }).click();
    await maraPage.getByRole('menuitem', { name: 'Pinned messages' }).click();
    const pinned = maraPage.locator('.panel').getByText('Fresh sardines at the market');
    await expect(pinned).toBeVisible();
    const before = await brunoPage.locator('room-list').getByRole('navigation').innerText();
    const profile = await maraPage.context().newPage();
    await profile.goto(`${server.url}/people/${brunoId}`);
    await profile.getByText('More', { exact: true }).click();
    await profile.getByRole('button', { name: 'Block' }).click();
    await profile.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
    await expect(profile.getByText('You block this member. They do not know it.')).toBeVisible();
    await profile.close();
    await expect(acts.message(maraPage, 'Fresh sardines at the market')).toHaveCount(0);
    await expect(acts.message(maraPage, 'I take two')).toBeVisible();
    await expect(fish).toHaveCount(0);
    await expect(pinned).toHaveCount(0);
    await expect(acts.roomLink(maraPage, 'Bruno')).toHaveCount(0);

    await acts.say(brunoPage, 'Are you there?');
    await bruno.say(general.id, 'The last of the sardines');
    await ines.say(general.id, 'Thank you');
    await acts.arrives(maraPage, 'Thank you');
    await expect(acts.message(maraPage, 'The last of the sardines')).toHaveCount(0);
    await expect(brunoPage.getByRole('heading', { name: 'Mara', level: 1 })).toBeVisible();
    await expect(acts.message(brunoPage, 'Are you there?')).toHaveCount(1);
    expect((await brunoPage.locator('room-list').getByRole('navigation').innerText()).replace(/\d+/g, '')).toBe(before.replace(/\d+/g, ''));
    await brunoPage.reload();
    await expect(acts.message(brunoPage, 'Hello again')).toBeVisible();
  });

  await test.step('with its end messages, reactions and pins are there again, all at once and in the open tab', async () => {
    const general = await mara.room('general');
    await bruno.call('PUT', `/rooms/${general.id}/messages/${(await ines.messages(general.id)).at(-1).id}/reactions/🐚`);
    await mara.call('DELETE', `/blocks/${brunoId}`);
    for (const text of ['Fresh sardines at the market', 'The last of the sardines']) await expect(acts.message(maraPage, text)).toHaveCount(1, SOON);
    const reactions = maraPage.getByRole('group', { name: 'Reactions' });
    for (const emoji of [/🐟/, /🐚/]) await expect(reactions.getByRole('button', { name: emoji })).toHaveCount(1);
    await expect(maraPage.locator('.panel').getByText('Fresh sardines at the market')).toBeVisible();
    await expect(acts.roomLink(maraPage, 'Bruno')).toBeVisible(SOON);
  });
});
