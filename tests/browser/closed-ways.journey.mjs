// What administrators close, and who is gone, in tabs that stand open: buttons go and words change within two seconds, and whoever presses what was there a moment ago is told.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';
import { callOf, conversation, DEVICES, endOf, enter, launchOptions, ring, town } from './support/calls.mjs';

test.use({ launchOptions });

/** How long it may take until an open tab shows what happened. */
const SOON = { timeout: 2_000 };
const BOUNDS = ['message', 'call', 'video_call', 'invite', 'mention'];

test('a way that is closed for everybody, and members who are gone, in open tabs', async ({ start, someone }) => {
  test.setTimeout(120_000);
  const place = await town(start, ['mara', 'bruno'], ['ines', 'vera']);
  const { server, accounts, ids } = place;
  const { olga, mara, bruno, ines } = accounts;
  const talk = await conversation(place, 'mara', 'bruno');
  await bruno.say(talk, 'I am');
  const person = await someone('mara', DEVICES);
  // Buttons and rows that go leave their place to what stands below them.
  person.expects(/layout shift .* at \/(people|settings\/reach|calls|r)/);
  const app = await enter(person, server, 'mara');
  await acts.openRoom(app, 'Bruno');
  const open = async (path) => {
    const page = await person.newPage();
    await page.goto(server.url + path);
    return page;
  };
  const [ofBruno, ofVera, reach, board] = [await open(`/people/${ids.bruno}`), await open(`/people/${ids.vera}`), await open('/settings/reach'), await open('/calls')];
  const close = (...closed) => olga.call('PATCH', '/admin/settings', Object.fromEntries(BOUNDS.map((way) => [`reach_ceiling_${way}`, [closed.includes(way) ? 'nobody' : 'everyone']])));
  const inHeader = app.locator('room-header [data-call]');
  const ways = (page) => page.locator('.person-calls').getByRole('button');
  const message = (page) => page.locator('.person-acts').getByRole('button', { name: 'Message' });
  const ringsBruno = board.getByRole('button', { name: /^Call Bruno/ });
  const sentence = reach.locator('[data-act=call] [data-sentence]');

  await test.step('before, everything stands there', async () => {
    await expect(inHeader).toBeVisible();
    await expect(ways(ofBruno)).toHaveCount(2);
    await expect(message(ofVera)).toBeVisible();
    await expect(ringsBruno.first()).toBeVisible();
    await expect(sentence).toContainText('can ring you.');
  });

  await test.step('calls and first messages are switched off', async () => {
    await close('message', 'call', 'video_call');
    await Promise.all([
      expect(inHeader).toHaveCount(0, SOON),
      expect(ways(ofBruno)).toHaveCount(0, SOON),
      expect(message(ofVera)).toHaveCount(0, SOON),
      expect(ringsBruno).toHaveCount(0, SOON),
      expect(sentence).toHaveText('This community has switched off calls between members.', SOON),
    ]);
    await expect(message(ofBruno)).toBeVisible();
    await acts.say(app, 'We can still write');
  });

  await test.step('whoever rings from a tab that does not know it yet is told', async () => {
    await ring(app, ids.bruno);
    await expect(endOf(app)).toContainText('This community has switched off calls between members.');
    await endOf(app).getByRole('button', { name: 'Close' }).click();
    await expect(callOf(app)).toHaveCount(0);
  });

  await test.step('voices alone are let through again', async () => {
    await close('video_call');
    await Promise.all([expect(inHeader).toBeVisible(SOON), expect(ways(ofBruno)).toHaveCount(1, SOON), expect(message(ofVera)).toBeVisible(SOON)]);
    const only = 'Voice calls only: this community has switched off video calls between members.';
    await expect(reach.locator('[data-act=video_call] [data-sentence]')).toHaveText(only, SOON);
    await expect(board.getByRole('region', { name: 'Who may call me' })).toContainText(`can ring you. ${only}`, SOON);
    await inHeader.click();
    await expect(app.getByRole('menuitem')).toHaveCount(1);
    await app.keyboard.press('Escape');
    await close();
    await Promise.all([expect(ways(ofBruno)).toHaveCount(2, SOON), expect(sentence).toContainText('can ring you.', SOON)]);
  });

  await test.step('somebody who is shut out of the community is shown so, and offers nothing that does nothing', async () => {
    await mara.call('PUT', `/me/always/${ids.bruno}`);
    const row = reach.locator(`#always-${ids.bruno}`);
    await expect(row).toBeVisible(SOON);
    const contacts = await open('/people?list=contacts');
    const everyone = await open('/people');
    await expect(everyone.locator(`#person-${ids.bruno}`)).toBeVisible();
    await olga.call('POST', `/admin/members/${ids.bruno}/ban`, { reason: 'spam' });
    await Promise.all([
      expect(everyone.locator(`#person-${ids.bruno}`)).toHaveCount(0, SOON),
      expect(board.getByRole('region', { name: 'People to call' }).getByText('Bruno')).toHaveCount(0, SOON),
      expect(inHeader).toHaveCount(0, SOON),
      expect(ways(ofBruno)).toHaveCount(0, SOON),
      expect(message(ofBruno)).toHaveCount(0, SOON),
      expect(ringsBruno).toHaveCount(0, SOON),
      expect(row).toContainText('Shut out of the community', SOON),
      expect(contacts.locator(`#person-${ids.bruno}`)).toContainText('Shut out of the community', SOON),
    ]);
    await row.getByRole('button', { name: 'Take off the list' }).click();
    await expect(row).toHaveCount(0);
    await ofBruno.getByText('More', { exact: true }).click();
    await ofBruno.getByRole('button', { name: 'Remove from contacts' }).click();
    await expect(contacts.locator(`#person-${ids.bruno}`)).toHaveCount(0, SOON);
    await contacts.close();
    await everyone.close();
  });

  await test.step('of somebody who deletes their account nothing waits and nothing is listed', async () => {
    await mara.call('PUT', '/me/reach', { message: { from: ['nobody'] }, asks_before_follow: true });
    await ines.call('PUT', `/follows/${ids.mara}`);
    const requests = await open('/people/requests');
    const contacts = await open('/people?list=contacts');
    await expect(requests.getByRole('article', { name: /Ines/ })).toBeVisible();
    await olga.call('DELETE', `/admin/members/${ids.ines}`, { reason: 'asked for it' });
    await Promise.all([
      expect(requests.getByRole('heading', { name: 'Nothing waits for your answer' })).toBeVisible(SOON),
      expect(contacts.locator(`#person-${ids.ines}`)).toHaveCount(0, SOON),
    ]);
  });
});
