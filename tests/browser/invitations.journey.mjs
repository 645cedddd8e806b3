// Whoever is brought into a room is invited: everybody in it sees that, who asked may take it back, and a yes brings them in.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

test('a group fills as those who are invited say yes', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { mara, bruno, ines } = await community(server, 'mara', 'bruno', 'ines', 'cleo');
  const at = async (name) => {
    const { page } = await someone(name);
    await acts.signIn(page, server.url, name);
    return page;
  };
  const [maraPage, inesPage] = [await at('mara'), await at('ines')];
  await inesPage.goto(`${server.url}/people/requests`);
  const openMembers = (page) => page.getByRole('button', { name: 'Members', exact: true }).click();
  const invited = (page) => page.getByRole('region', { name: /^Invited/ });

  await test.step('mara begins a group, and sees for whom it waits', async () => {
    const idOf = async (account) => (await account.call('GET', '/me')).id;
    const ids = await Promise.all([bruno, ines].map(idOf));
    await mara.call('POST', '/rooms', { kind: 'group', members: ids });
    await acts.roomLink(maraPage, 'Bruno').click();
    await expect(maraPage.locator('room-header')).toContainText('Waiting for Bruno and Ines');
    await openMembers(maraPage);
    await expect(invited(maraPage).getByRole('listitem')).toHaveText([/Bruno\s*@bruno · You invited them/, /Ines\s*@ines · You invited them/]);
  });

  await test.step('bruno says yes, and the open panel follows', async () => {
    const page = await at('bruno');
    await page.goto(`${server.url}/people/requests`);
    await page.getByRole('article', { name: /Mara/ }).getByRole('button', { name: 'Accept', exact: true }).click();
    await expect(maraPage.getByRole('heading', { name: 'Invited · 1' })).toBeVisible();
    await expect(maraPage.locator('.panel').getByRole('button', { name: 'Bruno' })).toBeVisible();
    await page.goto(server.url);
    await acts.roomLink(page, 'Mara').click();
    await openMembers(page);
    await expect(invited(page)).toContainText('Mara invited them');
    await expect(invited(page).getByRole('button')).toHaveCount(0);
    await expect(page.locator('room-header')).toContainText('Waiting for Ines');
    await page.getByRole('button', { name: 'Invite members' }).click();
    await page.getByRole('dialog').getByRole('checkbox', { name: 'Cleo' }).check();
    await expect(page.getByRole('dialog').getByRole('checkbox', { name: 'Ines' })).toHaveCount(0);
    await page.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
    await expect(page.getByRole('status')).toContainText('1 member invited.');
    await expect(invited(page).getByRole('button', { name: 'Take back the invitation of Cleo' })).toBeVisible();
    await expect(maraPage.getByRole('heading', { name: 'Invited · 2' })).toBeVisible();
  });

  await test.step('mara takes back what ines was asked, by keyboard, and nothing waits for ines any more', async () => {
    await expect(inesPage.getByRole('article', { name: /Mara/ })).toBeVisible();
    await maraPage.getByRole('button', { name: 'Take back the invitation of Ines' }).focus();
    await maraPage.keyboard.press('Enter');
    await expect(maraPage.getByRole('status')).toContainText('Ines is not invited any more.');
    await expect(maraPage.getByRole('heading', { name: 'Invited · 1' })).toBeVisible();
    // Bruno asked Cleo, so that nothing is left here that mara could take back: the focus goes to the head of the list.
    await expect(invited(maraPage).getByRole('button')).toHaveCount(0);
    await expect(maraPage.getByRole('button', { name: 'Invite members' })).toBeFocused();
    await expect(inesPage.getByRole('heading', { name: 'Nothing waits for your answer' })).toBeVisible();
  });
});
