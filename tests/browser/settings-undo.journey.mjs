// A setting is found, changed, seen as changed and set back; two administrators do not overwrite each other; several members are dealt with at once.
import { readFile } from 'node:fs/promises';
import { expect, test } from './support/journey.mjs';
import { PASSWORD, community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** Presses something and waits for the page that comes back. */
const reloaded = async (page, act) => {
  const shownAgain = page.waitForEvent('load');
  await act();
  await shownAgain;
};

test('settings are found, undone, and not overwritten unawares', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga: owner, hanna } = await community(server, 'hanna');
  const [{ id }, { items: roles }] = await Promise.all([hanna.call('GET', '/me'), owner.call('GET', '/admin/roles')]);
  await owner.call('PUT', `/admin/members/${id}/roles`, { roles: [roles.find((role) => role.kind === 'administrator').id] });
  const olga = await someone('olga');
  const other = await someone('hanna');
  await acts.signIn(olga.page, server.url, 'olga');
  await acts.signIn(other.page, server.url, 'hanna');
  const { page } = olga;

  await test.step('the search leaves only what was looked for', async () => {
    await page.goto(`${server.url}/admin/settings`);
    await page.getByRole('searchbox', { name: 'Find a setting' }).fill('reports in a day');
    await expect(page.getByRole('region', { name: 'Community' })).toBeHidden();
    await page.getByRole('searchbox', { name: 'Find a setting' }).fill('reports per day');
    await expect(page.locator('[name=reports_per_day]')).toBeVisible();
    await expect(page.locator('[name=requests_per_day]')).toBeHidden();
    // What was looked for is found again once the page is there.
    olga.expects(/layout shift .* at \/admin\/settings/);
    await page.reload();
    await expect(page.locator('[name=requests_per_day]')).toBeHidden();
  });

  await test.step('what is changed says so, and leads to its history', async () => {
    await page.goto(`${server.url}/admin/settings`);
    const card = page.getByRole('region', { name: 'Community' });
    await card.getByRole('textbox', { name: 'Name' }).fill('Old Harbour');
    await reloaded(page, () => card.getByRole('button', { name: 'Save' }).click());
    await expect(page.getByRole('region', { name: 'Community' }).getByRole('link', { name: /changed/ }).first()).toBeVisible();
  });

  await test.step('another administrator’s older page does not put it back', async () => {
    // Both see the page as it is; then one changes the sentence, and the other the name and the sentence.
    await other.page.goto(`${server.url}/admin/settings`);
    await page.goto(`${server.url}/admin/settings`);
    const mine = page.getByRole('region', { name: 'Community' });
    await mine.getByLabel('Sentence').fill('Between two rivers.');
    await reloaded(page, () => mine.getByRole('button', { name: 'Save' }).click());
    const theirs = other.page.getByRole('region', { name: 'Community' });
    other.expects(/status of 422/);
    await theirs.getByLabel('Sentence').fill('Under the bridge.');
    await theirs.getByRole('button', { name: 'Save' }).click();
    await expect(theirs.getByText('Somebody changed this meanwhile.').first()).toBeVisible();
    const settings = await owner.call('GET', '/admin/settings');
    expect(settings.community_sentence).toBe('Between two rivers.');
    // What they left as they saw it is nobody's change.
    await other.page.goto(`${server.url}/admin/settings`);
    await owner.call('PATCH', '/admin/settings', { community_hue: 300 });
    const fresh = other.page.getByRole('region', { name: 'Community' });
    await fresh.getByRole('textbox', { name: 'Name' }).fill('New Harbour');
    await reloaded(other.page, () => fresh.getByRole('button', { name: 'Save' }).click());
    const after = await owner.call('GET', '/admin/settings');
    expect([after.community_name, after.community_hue]).toEqual(['New Harbour', 300]);
  });

  await test.step('the history undoes the last change, once', async () => {
    await page.goto(`${server.url}/admin/settings/history?name=community_name`);
    const rows = page.getByRole('row').filter({ hasText: 'Harbour' });
    await expect(rows.first()).toContainText('New Harbour');
    await expect(rows.first()).toContainText('Hanna');
    await expect(page.getByRole('button', { name: 'Undo' })).toHaveCount(1);
    await reloaded(page, () => page.getByRole('button', { name: 'Undo' }).click());
    await expect(rows.first()).toContainText('olga');
    expect((await owner.call('GET', '/admin/settings')).community_name).toBe('Old Harbour');
  });

  await test.step('undoing what somebody changed meanwhile is refused', async () => {
    await page.goto(`${server.url}/admin/settings/history?name=community_name`);
    await owner.call('PATCH', '/admin/settings', { community_name: 'Third Harbour' });
    olga.expects(/status of 409/);
    await page.getByRole('button', { name: 'Undo' }).first().click();
    await expect(page.getByText('Somebody changed this meanwhile.').first()).toBeVisible();
    expect((await owner.call('GET', '/admin/settings')).community_name).toBe('Third Harbour');
  });
});

test('several members at once: said first, told one by one', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga: owner, bruno } = await community(server, 'bruno', 'vera');
  await bruno.call('PATCH', '/me', { display_name: '=1+1' });
  const olga = await someone('olga');
  await acts.signIn(olga.page, server.url, 'olga');
  const { page } = olga;
  await page.goto(`${server.url}/admin/members`);
  const confirm = async (name) => {
    const dialog = page.getByRole('dialog', { name });
    await dialog.getByLabel('Password').fill(PASSWORD);
    await dialog.getByRole('button', { name }).click();
  };

  await test.step('a table for a spreadsheet, in which no name is a formula', async () => {
    await page.getByRole('checkbox', { name: 'Choose all of this page' }).check();
    await expect(page.getByText('3 members chosen')).toBeVisible();
    await page.getByRole('button', { name: 'Export' }).click();
    const saved = page.waitForEvent('download');
    await confirm('Export');
    const table = await readFile(await (await saved).path(), 'utf8');
    expect(table).toContain("'=1+1");
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  });

  await test.step('who cannot be suspended is named, and the others are', async () => {
    await page.getByRole('button', { name: 'Suspend' }).click();
    const dialog = page.getByRole('dialog', { name: 'Suspend' });
    await expect(dialog).toContainText('These 3 members are signed out everywhere at once');
    await dialog.getByLabel('For how long').selectOption('One week');
    await dialog.getByLabel('Reason').fill('Moving house');
    await confirm('Suspend');
    await expect(page.getByRole('dialog')).toContainText('Done for 2 members.');
    await reloaded(page, () => page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click());
    const { items } = await owner.call('GET', '/admin/members?state=banned');
    expect(items).toHaveLength(2);
  });
});
