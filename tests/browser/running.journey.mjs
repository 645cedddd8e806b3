// The program as it runs: a light that is amber leads to the work that was set aside, which runs again; the log and the figures; at a desk
// and on a phone, and nothing that axe finds.
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from './support/journey.mjs';
import { Account, PASSWORD, community, setUp } from './support/api.mjs';
import { measure } from './support/measure.mjs';
import { dataFolder, rialto } from './support/server.mjs';
import * as acts from './support/acts.mjs';

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** A mail server that takes every letter; `letter` is the first one, once it is there. */
const mailServer = async () => {
  let taken;
  const letter = new Promise((resolve) => (taken = resolve));
  const server = createServer((socket) => {
    let [text, isData] = ['', false];
    socket.on('error', () => {});
    socket.write('220 here\r\n');
    socket.setEncoding('utf8').on('data', (more) => {
      text += more;
      if (isData && !text.includes('\r\n.\r\n')) return;
      if (isData) {
        taken(text);
        [text, isData] = ['', false];
        socket.write('250 taken\r\n');
        return;
      }
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const command = text.slice(0, end).toUpperCase();
        text = text.slice(end + 2);
        isData = command === 'DATA';
        socket.write(isData ? '354 go on\r\n' : command === 'QUIT' ? '221 bye\r\n' : '250 yes\r\n');
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { port, letter, close: () => server.close() };
};

/** A community that was restored from a backup while a letter waited: its job is set aside. */
const restored = async (start) => {
  const data = dataFolder();
  setUp(data);
  const before = await start({ data, args: ['--smtp-url', 'smtp://127.0.0.1:1', '--mail-from', 'harbour@example.org'] });
  const { bruno } = await community(before, 'bruno');
  const general = await bruno.room('general');
  for (const words of ['Ahoy', 'Who sails today?', 'I do']) await bruno.say(general.id, words);
  const vera = { username: 'vera', display_name: 'Vera', password: PASSWORD, email: 'vera@example.org' };
  await new Account(before.url, '').call('POST', '/sign-up', vera);
  await new Account(before.url, '').call('POST', '/password-resets', { username_or_email: 'vera' });
  const file = path.join(dataFolder(), 'backup.tar');
  rialto(['--data', data, 'backup', file]);
  const again = dataFolder();
  rialto(['--data', again, 'restore', file]);
  return again;
};

for (const [where, options] of [['at a desk', undefined], ['on a phone', phone]]) {
  test(`a light leads to the work that was set aside, and it runs again ${where}`, async ({ start, someone }) => {
    const data = await restored(start);
    const mail = await mailServer();
    const server = await start({ data, args: ['--smtp-url', `smtp://127.0.0.1:${mail.port}`, '--mail-from', 'harbour@example.org'] });
    const olga = await someone('olga', options);
    const { page } = olga;
    const isFine = async () => {
      // Whatever a press scrolled to lies under the bar of the page for as long as it stays there.
      await page.evaluate(() => scrollTo(0, 0));
      expect(await measure(page, options !== undefined)).toEqual([]);
    };
    await acts.signIn(page, server.url, 'olga');
    const health = page.getByRole('region', { name: 'Health' });
    const jobs = health.getByRole('listitem').filter({ hasText: /^\s*Jobs/ });

    await test.step('the front page has a light for each part, and one asks for somebody', async () => {
      await page.goto(`${server.url}/admin`);
      await expect(health.getByRole('listitem')).toHaveCount(9);
      await expect(jobs).toHaveAttribute('data-light', 'amber');
      await expect(jobs).toContainText('One job was set aside after its last attempt.');
      await expect(health.getByRole('listitem').filter({ hasText: 'Payments by card' })).toHaveAttribute('data-light', 'grey');
      await isFine();
      await jobs.getByRole('link', { name: 'See the jobs' }).click();
      await expect(page.getByRole('heading', { level: 1, name: 'Jobs' })).toBeVisible();
    });

    await test.step('it runs again with the password, and not without', async () => {
      olga.expects(/status of 422/);
      const job = page.getByRole('listitem').filter({ hasText: 'Send a letter' });
      await job.getByText('Run again or give up').click();
      await isFine();
      const field = job.getByLabel('Password').first();
      await field.fill('not the password');
      await job.getByRole('button', { name: 'Run again' }).click();
      await expect(field).toHaveAttribute('aria-invalid', 'true');
      await field.fill(PASSWORD);
      await job.getByRole('button', { name: 'Run again' }).click();
      await expect(page.getByText('It runs again.')).toBeVisible();
      expect(await mail.letter).toContain('vera@example.org');
      await expect(page.getByRole('heading', { name: 'Nothing here' })).toBeVisible();
    });

    await test.step('the light is green, and the log of acts knows of it', async () => {
      await expect(async () => {
        await page.goto(`${server.url}/admin`);
        await expect(jobs).toHaveAttribute('data-light', 'green', { timeout: 500 });
      }).toPass({ timeout: 10_000 });
      await page.goto(`${server.url}/admin/audit?act=jobs.`);
      await expect(page.locator('tbody tr').filter({ hasText: 'Job let run again' })).toHaveCount(1);
      await isFine();
    });

    await test.step('figures are drawn, and stand there in numbers', async () => {
      await page.goto(`${server.url}/admin/figures`);
      const chart = page.getByRole('region', { name: 'Messages' });
      await expect(chart.getByRole('img', { name: /^Messages from .* at most 3\./ })).toBeVisible();
      await chart.getByText('Numbers').click();
      await expect(chart.getByRole('row').nth(1)).toContainText('so far');
      await expect(chart.getByRole('row').nth(1).getByRole('cell').last()).toHaveText('3');
      await isFine();
      await page.getByRole('link', { name: '90 days' }).click();
      await expect(page.getByRole('region', { name: 'Members' }).getByText('3', { exact: true }).first()).toBeVisible();
      await isFine();
    });

    await test.step('the log is looked through, and what to tell others is copied', async () => {
      await page.goto(`${server.url}/admin/logs`);
      await page.getByRole('searchbox').fill('nobody says this');
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      await expect(page).toHaveURL(/q=nobody/);
      await expect(page.getByRole('heading', { name: 'Nothing to look at' })).toBeVisible();
      await page.getByText('Show what is copied').click();
      await expect(page.getByText('"version"')).toBeVisible();
      await isFine();
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
      await page.getByRole('button', { name: 'Copy diagnostics' }).click();
      await expect(page.getByText('Copied.')).toBeVisible();
      const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
      expect(copied.health).toHaveLength(9);
      expect(JSON.stringify(copied)).not.toMatch(/olga|vera|harbour|127\.0\.0\.1/i);
    });
    mail.close();
  });
}
