// A message is reported, answered, told, appealed and lifted; and who is banned finds the way to their appeal at the door. On a phone and on a desk.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** @type {import('@playwright/test').BrowserContextOptions} */
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** Nothing is wider than the phone. */
const fits = async (page) => {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
};

test('a report is looked into, both are told, and an appeal lifts what was done', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga: owner, bruno: reported, mo: keeper } = await community(server, 'bruno', 'vera', 'mo');
  const [{ id: mo }, { items: roles }] = await Promise.all([keeper.call('GET', '/me'), owner.call('GET', '/admin/roles')]);
  await owner.call('PUT', `/admin/members/${mo}/roles`, { roles: [roles.find((role) => role.kind === 'moderator').id] });
  const general = await reported.room('general');
  await reported.say(general.id, 'Good morning, harbour.');
  await reported.say(general.id, 'Buy my pontoon, now!');
  const vera = await someone('vera');
  const bruno = await someone('bruno', phone);
  const moderator = await someone('mo', phone);
  const olga = await someone('olga');
  for (const [person, name] of [[vera, 'vera'], [bruno, 'bruno'], [moderator, 'mo'], [olga, 'olga']]) await acts.signIn(person.page, server.url, name);
  // What is told while somebody looks at their rooms pushes these down, once.
  for (const person of [vera, bruno]) person.expects(/layout shift .* at \/r?/);

  await test.step('a message is reported from its menu', async () => {
    await acts.openRoom(vera.page, 'general');
    await acts.onMessage(vera.page, 'Buy my pontoon, now!', 'More');
    await vera.page.getByRole('menuitem', { name: 'Report' }).click();
    const dialog = vera.page.getByRole('dialog', { name: 'Report' });
    await dialog.getByLabel('In your words').fill('Every day the same.');
    await dialog.getByRole('button', { name: 'Send report' }).click();
    await expect(vera.page.getByText('Your report is with those who keep the peace.')).toBeVisible();
  });

  await test.step('the case shows what surrounds it, and one press mutes', async () => {
    const { page } = moderator;
    await page.goto(`${server.url}/admin/reports`);
    await page.getByRole('link', { name: 'Look into it' }).tap();
    const around = page.getByRole('region', { name: 'What was said around it' });
    await expect(around.getByText('Good morning, harbour.')).toBeVisible();
    await expect(around.locator('[data-reported]')).toContainText('Buy my pontoon, now!');
    await fits(page);
    const what = page.getByRole('region', { name: 'What to do' });
    await what.getByLabel('Why, for the member').fill('One offer a week is enough.');
    // Enter decides nothing: a report that is closed could not be answered any more.
    await what.getByLabel('Why, for the member').press('Enter');
    await expect(what.getByRole('button', { name: 'Something was done' })).toBeVisible();
    await what.getByLabel('Mute for').selectOption('One hour');
    await what.getByRole('button', { name: 'Mute' }).tap();
    const left = page.waitForURL(/admin\/reports$/);
    await page.getByRole('dialog').getByRole('button', { name: 'Mute' }).tap();
    await left;
    await expect(page.getByRole('heading', { name: 'No report waits' })).toBeVisible();
    await fits(page);
  });

  await test.step('both are told at once, and the reporter not what was done', async () => {
    await expect(vera.page.getByText('Those who keep the peace have a notice for you.')).toBeVisible();
    await vera.page.getByRole('link', { name: 'Read' }).click();
    await expect(vera.page.getByText('Your report of Bruno was looked at. Thank you.')).toBeVisible();
    await expect(vera.page.getByText('One offer a week')).toHaveCount(0);
    await expect(bruno.page.getByText('Those who keep the peace have a notice for you.')).toBeVisible();
    await fits(bruno.page);
  });

  await test.step('the member reads why and until when, and appeals', async () => {
    const { page } = bruno;
    await page.getByRole('link', { name: 'Read' }).tap();
    const notice = page.getByRole('region', { name: 'You may not write for a time' });
    await expect(notice).toContainText('One offer a week is enough.');
    await expect(notice.getByText('Until', { exact: true })).toBeVisible();
    await notice.getByLabel('What do you say to it?').fill('It was the first this month.');
    await fits(page);
    await notice.getByRole('button', { name: 'Send appeal' }).tap();
    await expect(page.getByText('Your appeal waits for an answer.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Send appeal' })).toHaveCount(0);
    await page.goto(server.url);
    await expect(acts.roomLink(page, 'general')).toBeVisible();
    await expect(page.getByText('Those who keep the peace have a notice for you.')).toHaveCount(0);
  });

  await test.step('whoever did it does not decide, the owner does', async () => {
    await moderator.page.goto(`${server.url}/admin/reports?show=appeals`);
    await expect(moderator.page.getByText('You did this yourself: somebody else decides.')).toBeVisible();
    await fits(moderator.page);
    const { page } = olga;
    await page.goto(`${server.url}/admin`);
    await page.goto(`${server.url}/admin/reports?show=appeals`);
    const card = page.getByRole('article', { name: /Bruno/ });
    await expect(card).toContainText('It was the first this month.');
    await card.getByLabel('Answer, for the member').fill('True. Sorry.');
    await card.getByRole('button', { name: 'Lift it' }).click();
    await expect(page.getByRole('heading', { name: 'No appeal waits' })).toBeVisible();
  });

  await test.step('the member is told and writes again', async () => {
    const { page } = bruno;
    await expect(page.getByText('Those who keep the peace have a notice for you.')).toBeVisible();
    await page.getByRole('link', { name: 'Read' }).tap();
    await expect(page.getByText('Your appeal was looked at: you may write again.')).toBeVisible();
    await expect(page.getByText('True. Sorry.')).toBeVisible();
    await fits(page);
    await page.goto(`${server.url}/r/${general.id}`);
    await acts.composer(page).fill('Thank you.');
    await page.getByRole('button', { name: 'Send' }).tap();
    await expect(acts.message(page, 'Thank you.')).toBeVisible();
  });
});

test('who is banned appeals at the door, on a phone', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga: owner, bruno: banned } = await community(server, 'bruno');
  const { id } = await banned.call('GET', '/me');
  await owner.call('POST', `/admin/members/${id}/ban`, { reason: 'Sold the same compass twice' });
  const bruno = await someone('bruno', phone);
  bruno.expects(/status of (403|401)/);
  const { page } = bruno;

  await test.step('the refusal leads to why, and to the appeal', async () => {
    await acts.knock(page, server.url, 'bruno');
    await page.getByRole('button', { name: 'Why, and appeal' }).tap();
    await expect(page.getByRole('heading', { name: 'You are banned from Harbour' })).toBeVisible();
    await expect(page.getByText('Sold the same compass twice')).toBeVisible();
    await fits(page);
    await page.getByLabel('What do you say to it?').fill('They were two compasses.');
    await page.getByRole('button', { name: 'Send appeal' }).tap();
    await expect(page.getByText('Your appeal waits for an answer.')).toBeVisible();
  });

  await test.step('the owner, who is alone, decides it', async () => {
    const olga = await someone('olga');
    await acts.signIn(olga.page, server.url, 'olga');
    await olga.page.goto(`${server.url}/admin/reports?show=appeals`);
    const card = olga.page.getByRole('article', { name: /Bruno/ });
    await expect(card).toContainText('They were two compasses.');
    await card.getByRole('button', { name: 'Lift it' }).click();
    await expect(olga.page.getByRole('heading', { name: 'No appeal waits' })).toBeVisible();
  });

  await test.step('and the door is open again', async () => {
    await acts.signIn(page, server.url, 'bruno');
    await page.getByRole('link', { name: 'Read' }).tap();
    await expect(page.getByText('Your appeal was looked at: you may come in again.')).toBeVisible();
    await expect(page.getByText('The same person decided who had done it')).toBeVisible();
    await fits(page);
  });
});
