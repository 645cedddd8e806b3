// From the first start to a call, in the browser alone: the wizard, two who come by an invite, a plan by the administrator's hand, and the call.
// And the demo: its paying member calls its free one.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';
import { bar, callOf, desk, DEVICES, launchOptions, seesAndHears, sheet } from './support/calls.mjs';

test.use({ launchOptions });

const talks = async (caller, called, names) => {
  await caller.getByRole('button', { name: 'Start a call', exact: true }).click();
  await caller.getByRole('menuitem', { name: 'Video call', exact: true }).click();
  await sheet(called, names.caller).getByRole('button', { name: 'Accept', exact: true }).click();
  await Promise.all([seesAndHears(caller, names.called), seesAndHears(called, names.caller)]);
  await bar(called).getByRole('button', { name: 'Leave call' }).click();
  for (const page of [caller, called]) await expect(callOf(page)).toHaveCount(0);
};

test('a community of an hour: two members call each other, and nobody has touched a shell', async ({ start, someone }) => {
  test.setTimeout(120_000);
  const server = await start();
  const { page: olga } = await someone('olga');
  await acts.wizard(olga, await server.setUpAddress(), { community: 'Harbour', owner: 'olga', name: 'Olga' });
  const members = { bruno: 'Bruno', vera: 'Vera' };
  const pages = {};
  for (const [username, name] of Object.entries(members)) {
    await test.step(`${username} comes by an invite`, async () => {
      const address = await acts.invite(olga, server.url);
      const { page } = await someone(username, DEVICES);
      await page.goto(address);
      await acts.join(page, { username, name, rooms: [] });
      pages[username] = page;
    });
  }
  const { bruno, vera } = pages;

  await test.step('each has the other as a contact', async () => {
    await bruno.goto(`${server.url}/people?q=vera`);
    await bruno.getByRole('link', { name: 'Vera' }).first().click();
    await bruno.getByRole('button', { name: 'Add to contacts' }).click();
    await vera.goto(`${server.url}/people/requests`);
    await vera.getByRole('article', { name: /Bruno/ }).getByRole('button', { name: 'Accept', exact: true }).click();
    await expect(vera.getByRole('article', { name: /Bruno/ })).toHaveCount(0);
  });

  await test.step('without a plan bruno sees the lock and why', async () => {
    await bruno.getByRole('button', { name: 'Message' }).click();
    await expect(bruno.getByRole('heading', { name: 'Vera', level: 1 })).toBeVisible();
    await acts.say(bruno, 'I will call you in a minute.');
    expect(await bruno.evaluate(() => /** @type {any} */ (document.querySelector('rialto-app')).client.state.entitlements['calls.start'])).toBe(false);
  });

  await test.step('the owner gives him the plan of the community at the dashboard', async () => {
    await olga.goto(`${server.url}/admin/members?q=bruno`);
    await olga.getByRole('link', { name: 'Open Bruno' }).click();
    const card = olga.getByRole('region', { name: 'Give a plan' });
    await card.getByLabel('Plan').selectOption({ label: 'Member' });
    await card.getByLabel('Note').fill('Paid at the quay');
    await card.getByRole('button', { name: 'Give' }).click();
    await expect(olga.getByRole('region', { name: 'Membership' })).toContainText('Paid at the quay');
  });

  await test.step('he calls her, without having loaded anything anew', async () => {
    await vera.goto(server.url);
    await acts.openRoom(vera, 'Bruno');
    await talks(bruno, vera, { caller: 'Bruno', called: 'Vera' });
  });
});

test('in the demo the paying member calls the free one, who sees a lock where a call would begin', async ({ startDemo, someone }) => {
  test.setTimeout(120_000);
  const server = await startDemo();
  const { page: paying } = await someone('paying', DEVICES);
  const { page: free } = await someone('free', DEVICES);
  await acts.enterDemo(paying, await server.demoAddress('paying'));
  await acts.enterDemo(free, await server.demoAddress('free'));
  const me = (page) => page.evaluate(async () => (await fetch('/api/v1/me').then((answer) => answer.json())));
  const [payer, guest] = [await me(paying), await me(free)];
  await acts.openRoom(paying, guest.display_name);
  await acts.openRoom(free, payer.display_name);

  await test.step('whoever has no plan is told so', async () => {
    await free.getByRole('button', { name: 'Start a call: needs a plan' }).click();
    await expect(free.getByText('Starting calls belongs to a plan')).toBeVisible();
    await free.keyboard.press('Escape');
    expect(await desk(paying, (it) => it.state.rings.length), 'nothing of it at the other side').toBe(0);
  });

  await test.step('whoever pays calls', async () => {
    await talks(paying, free, { caller: payer.display_name, called: guest.display_name });
  });
});
