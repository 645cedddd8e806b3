// A rule is tried on what was written, made, and holds: what it refuses comes back into the field with its sentence.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('a rule is tried out, made, and keeps what it refuses in the field', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { bruno: account } = await community(server, 'bruno');
  const general = await account.room('general');
  await account.say(general.id, 'Buy my pontoon, free money!');
  const olga = await someone('olga');
  const bruno = await someone('bruno');
  await acts.signIn(olga.page, server.url, 'olga');
  const admin = olga.page;

  await test.step('the rule is tried on last week before it holds', async () => {
    await admin.goto(`${server.url}/admin/automod`);
    await admin.getByRole('link', { name: 'Words', exact: true }).click();
    const card = admin.getByRole('region', { name: 'A new rule: Words' });
    await card.getByLabel('Name').fill('No selling');
    await card.getByLabel('Words, one a line').fill('free money\npontoon\nPONTOON');
    await card.getByLabel('What the author reads').fill('Nothing is sold in this harbour.');
    await card.getByRole('button', { name: 'Try on last week' }).click();
    await expect(card.getByRole('status')).toContainText('it would have found 1');
    await expect(card.getByRole('status')).toContainText('Buy my pontoon, free money!');
    await card.getByRole('button', { name: 'Save' }).click();
    await expect(admin.getByText('One line stood there twice and was left out.')).toBeVisible();
    await expect(admin.getByRole('link', { name: 'Change No selling' })).toBeVisible();
  });

  await test.step('what it refuses is not lost', async () => {
    await acts.signIn(bruno.page, server.url, 'bruno');
    await acts.openRoom(bruno.page, 'general');
    await acts.composer(bruno.page).fill('A pon**too**n, anybody?');
    await acts.composer(bruno.page).press('Enter');
    await expect(bruno.page.getByRole('alert').filter({ hasText: 'Nothing is sold in this harbour.' })).toBeVisible();
    await expect(acts.composer(bruno.page)).toHaveValue('A pon**too**n, anybody?');
    await expect(acts.message(bruno.page, 'A pontoon, anybody?')).toHaveCount(0);
    await acts.say(bruno.page, 'A boat, anybody?');
  });
});
