// The page of who may reach me: it sends what was touched and nothing else, loses nothing that is not saved without asking, and says what is wrong where it is.
import { expect, test } from './support/journey.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

/** How long it may take until an open page shows what happened. */
const SOON = { timeout: 2_000 };

test('who may reach me is chosen row by row', async ({ start, someone }) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const { olga, mara } = await community(server, 'mara');
  const role = await olga.call('POST', '/admin/roles', { name: 'Crew', permissions: [] });
  const person = await someone('mara');
  await acts.signIn(person.page, server.url, 'mara');
  // What is wrong is sent once, to be told so.
  person.expects(/status of 422/);
  const page = await person.newPage();
  await page.goto(`${server.url}/settings/reach`);
  const way = (act) => page.locator(`[data-act=${act}]`);
  const box = (act, name) => way(act).getByRole('checkbox', { name, exact: true });
  const open = async (act) => {
    if (!(await way(act).evaluate((fold) => fold.open))) await way(act).locator('summary').click();
  };
  const save = page.getByRole('button', { name: 'Save' });
  const reach = () => mara.call('GET', '/me/reach');

  await test.step('what another tab chose meanwhile stays', async () => {
    await open('call');
    await box('call', 'Verified members').check();
    await mara.call('PUT', '/me/reach', { message: { from: ['contacts'] }, mention: { from: ['nobody'] }, quiet: { from: 60, to: 120 } });
    await save.click();
    await expect(way('call').getByText('Not saved yet')).toBeHidden();
    const now = await reach();
    expect([now.call.from, now.message.from, now.mention.from, now.quiet]).toEqual([['contacts', 'people_i_follow', 'verified'], ['contacts'], ['nobody'], { from: 60, to: 120 }]);
    await expect(way('message').locator('[data-sentence]')).toContainText('Your contacts', SOON);
  });

  await test.step('a tick that is not saved stays with its choice when others come and go', async () => {
    await open('call');
    await box('call', 'A role').check();
    await box('call', 'Crew').check();
    await olga.call('POST', '/admin/roles', { name: 'Anchors', permissions: [] });
    await mara.call('PUT', '/me/reach', { asks_before_follow: true });
    await expect(page.locator('[name=asks_before_follow]')).toBeChecked(SOON);
    await expect(box('call', 'Anchors')).toHaveCount(1);
    await expect(box('call', 'Anchors')).not.toBeChecked();
    await expect(box('call', 'Crew')).toBeChecked();
    await expect(way('call').getByText('Not saved yet')).toBeVisible();
  });

  await test.step('whoever leaves with it is asked first', async () => {
    const asked = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.dismiss();
    });
    await page.getByRole('link', { name: 'Who may reach me' }).first().click();
    await expect.poll(() => asked).toEqual(['beforeunload']);
    await expect(box('call', 'Crew')).toBeChecked();
    await save.click();
    await expect(way('call').getByText('Not saved yet')).toBeHidden();
    expect((await reach()).call).toEqual({ from: ['contacts', 'people_i_follow', 'verified', 'roles'], roles: [role.id], plans: [] });
    await page.reload();
    expect(asked).toHaveLength(1);
  });

  await test.step('what is wrong is said at its field, which has the focus', async () => {
    await open('invite');
    await box('invite', 'Everyone').uncheck();
    await box('invite', 'A role').check();
    await open('mention');
    await save.click();
    const first = way('invite').locator('[data-names=roles] input').first();
    await expect(first).toBeFocused();
    await expect(first).toHaveAttribute('aria-invalid', 'true');
    await expect(first).toHaveAccessibleDescription(/Name at least one/);
    await box('invite', 'Crew').check();
    await expect(first).not.toHaveAttribute('aria-invalid');
    await expect(first).toHaveAccessibleDescription('');
    await page.locator('[name=quiet_from]').fill('');
    await save.click();
    await expect(page.locator('[name=quiet_from]')).toBeFocused();
    await expect(page.locator('[name=quiet_from]')).toHaveAttribute('aria-invalid', 'true');
    await page.locator('[name=quiet_from]').fill('02:30');
    await page.locator('[name=quiet_from]').press('Tab');
    await save.click();
    await expect(way('invite').getByText('Not saved yet')).toBeHidden();
    const now = await reach();
    expect([now.invite.roles, now.quiet]).toEqual([[role.id], { from: 150, to: 120 }]);
  });

  await test.step('what a bound leaves without effect says why, to the keyboard and to a screen reader, and can be taken away', async () => {
    await olga.call('PATCH', '/admin/settings', { reach_ceiling_call: ['contacts'] });
    await open('call');
    const bounded = box('call', 'Verified members');
    await expect(bounded).toHaveAccessibleDescription('What is grey has no effect: the administrators of this community allow less. You can take it away.', SOON);
    await box('call', 'My contacts').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await expect(bounded).toBeFocused();
    await page.keyboard.press('Space');
    await expect(bounded).not.toBeChecked();
    await save.click();
    await expect(way('call').getByText('Not saved yet')).toBeHidden();
    await expect(bounded).toHaveCount(0, SOON);
    expect((await reach()).call.from).toEqual(['contacts', 'people_i_follow', 'roles']);
  });
  await page.close();
});
