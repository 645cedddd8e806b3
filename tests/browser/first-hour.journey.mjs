// The first hour of a community: the wizard, an invite, a second person, and the two of them talking.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';

test('the first hour', async ({ start, someone }) => {
  const server = await start();
  const setUpAddress = await server.setUpAddress();
  const olga = await someone('olga');
  await acts.wizard(olga.page, setUpAddress, { community: 'Harbour', owner: 'olga', name: 'Olga' });

  await test.step('the set-up address works once', async () => {
    const late = await someone('late');
    late.expects(/status of (403|404|410)/);
    const answer = await late.page.goto(setUpAddress);
    expect(answer.status()).toBeGreaterThanOrEqual(403);
    await late.page.close();
  });

  const bruno = await someone('bruno');
  await test.step('a second browser signs up by the invite', async () => {
    const address = await acts.invite(olga.page, server.url);
    await olga.page.getByRole('link', { name: 'Harbour' }).first().click();
    await bruno.page.goto(address);
    await expect(bruno.page.getByText('Olga invites you to Harbour.')).toBeVisible();
    await acts.join(bruno.page, { username: 'bruno', name: 'Bruno', rooms: ['square', 'questions'] });
  });

  await test.step('both talk', async () => {
    await acts.openRoom(olga.page, 'square');
    await acts.openRoom(bruno.page, 'square');
    await acts.say(bruno.page, 'The ferry was late, but I am here.');
    await acts.arrives(olga.page, 'The ferry was late, but I am here.');
    await acts.say(olga.page, 'Welcome to the harbour.');
    await acts.arrives(bruno.page, 'Welcome to the harbour.');
  });

  await test.step('a reply shows what it answers', async () => {
    await acts.reply(olga.page, 'The ferry was late', 'It always is on Tuesdays.');
    await acts.arrives(bruno.page, 'It always is on Tuesdays.');
    const shown = acts.message(bruno.page, 'It always is on Tuesdays.');
    await expect(shown.getByRole('link')).toContainText('The ferry was late');
  });

  await test.step('a reaction is seen and counted', async () => {
    await acts.react(bruno.page, 'Welcome to the harbour.', '👍');
    const pill = (page) => acts.message(page, 'Welcome to the harbour.').getByRole('button', { name: /^👍, 1/ });
    await expect(pill(bruno.page)).toHaveAttribute('aria-pressed', 'true');
    await expect(pill(olga.page)).toHaveAttribute('aria-pressed', 'false');
  });

  await test.step('an edit is seen as one', async () => {
    await acts.edit(bruno.page, 'The ferry was late, but I am here.', 'The ferry was early for once.');
    await acts.arrives(olga.page, 'The ferry was early for once.');
    await expect(acts.message(olga.page, 'The ferry was early for once.')).toContainText('edited');
  });

  await test.step('a deleted message leaves its place', async () => {
    await acts.say(bruno.page, 'Wrong room, sorry.');
    await acts.arrives(olga.page, 'Wrong room, sorry.');
    await acts.remove(bruno.page, 'Wrong room, sorry.');
    await expect(acts.message(olga.page, 'Wrong room, sorry.')).toHaveCount(0);
    await expect(acts.timeline(olga.page).getByText(/deleted/i)).toBeVisible();
  });

  await test.step('a mention is counted in another room', async () => {
    await acts.openRoom(olga.page, 'questions');
    await acts.say(bruno.page, '@olga are you at the quay?');
    await expect(acts.roomLink(olga.page, 'square')).toContainText('1');
    await expect(olga.page).toHaveTitle(/\(1\)/);
    await acts.openRoom(olga.page, 'square');
    await expect(olga.page).not.toHaveTitle(/\(1\)/);
  });
});
