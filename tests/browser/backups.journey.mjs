// Backups from the dashboard: made, rehearsed, downloaded, and a schedule of one's own; at a desk and on a phone.
import { readFileSync, statSync } from 'node:fs';
import { expect, test } from './support/journey.mjs';
import { PASSWORD, community, setUp } from './support/api.mjs';
import { dataFolder, rialto } from './support/server.mjs';
import * as acts from './support/acts.mjs';

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

for (const [where, options] of [['at a desk', undefined], ['on a phone', phone]]) {
  test(`a backup is made, rehearsed and downloaded ${where}`, async ({ start, someone }) => {
    const data = dataFolder();
    setUp(data);
    const server = await start({ data });
    await community(server, 'bruno');
    const olga = await someone('olga', options);
    const { page } = olga;
    await acts.signIn(page, server.url, 'olga');
    const newest = page.locator('.items > [id^=backup-]').first();

    await test.step('the front page says that there is none, and leads there', async () => {
      await page.goto(`${server.url}/admin`);
      const facts = page.getByRole('region', { name: 'The program' });
      await expect(facts).toContainText('never');
      await facts.getByRole('link', { name: 'Backups' }).click();
      await expect(page.getByRole('heading', { level: 1, name: 'Backups' })).toBeVisible();
      await expect(page.getByText('The first backup is not due yet.')).toBeVisible();
    });

    await test.step('one is made at the press of a button', async () => {
      await page.getByRole('button', { name: 'Make a backup now' }).click();
      await expect(newest).toHaveAttribute('data-state', 'made');
      await expect(page.getByText('There is a backup to rely on.')).toBeVisible();
    });

    await test.step('its rehearsal says what is in it', async () => {
      await newest.locator('summary').click();
      await newest.getByRole('button', { name: 'Rehearse' }).click();
      await expect(newest.getByText('Can be restored')).toBeVisible();
      await newest.locator('summary').click();
      await expect(newest.getByText(/In it: members 2, /)).toBeVisible();
    });

    await test.step('it comes down with the password, and not without', async () => {
      olga.expects(/status of 422/);
      const field = newest.getByLabel('Password').first();
      const button = newest.getByRole('button', { name: 'Download' });
      await field.fill('not the password');
      await button.click();
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await field.fill(PASSWORD);
      const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
      expect(download.suggestedFilename()).toMatch(/^rialto-\d{4}-\d\d-\d\d-\d{6}\.tar$/);
      const file = await download.path();
      expect(statSync(file).size).toBeGreaterThan(100_000);
      expect(readFileSync(file).subarray(0, 13).toString()).toBe('manifest.json');
      const said = rialto(['restore', '--rehearse', file]);
      expect(said).toContain('2 members');
    });

    await test.step('the schedule is changed', async () => {
      await page.getByLabel('Days between backups').fill('7');
      await page.getByRole('button', { name: 'Save' }).click();
      await expect(page.getByText('changed, usually 1')).toBeVisible();
    });

    await test.step('it is deleted, and the log knows of everything', async () => {
      await newest.locator('summary').click();
      await newest.getByLabel('Password').last().fill(PASSWORD);
      await newest.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await expect(page.getByRole('heading', { name: 'No backups yet' })).toBeVisible();
      await page.goto(`${server.url}/admin/audit?act=backups.`);
      for (const act of ['Backup made', 'Backup rehearsed', 'Backup downloaded', 'Backup deleted']) {
        await expect(page.locator('tbody tr').filter({ hasText: act })).toHaveCount(1);
      }
    });
  });
}
