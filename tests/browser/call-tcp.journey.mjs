// A network that lets no UDP through: a call all the same, over TCP, with somebody who has UDP.
import { chromium } from '@playwright/test';
import { expect, test } from './support/journey.mjs';
import { callArgs, DEVICES, bar, desk, door, press, seesAndHears } from './support/calls.mjs';
import { chromiumPath } from './support/browsers.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder, serve, Server } from './support/server.mjs';
import { TwoMachines } from './support/network.mjs';
import { Person } from './support/person.mjs';
import * as acts from './support/acts.mjs';

/** So long it may take until media flows where UDP is tried in vain. */
const IN_CALL_MS = 6_000;

/** The two machines, or the reason why this one allows none. */
const machines = () => {
  try {
    return { network: new TwoMachines() };
  } catch (error) {
    return { reason: `no network namespaces here: ${String(error.stderr || error.message).trim()}` };
  }
};

/** A community with a room for voices, left as its program found it. */
const village = async () => {
  const data = dataFolder();
  setUp(data);
  const server = await serve({ data });
  const { olga } = await community(server, 'mara');
  await olga.call('PATCH', '/admin/settings', { calls_open_to: 'all_members' });
  const room = await olga.room('general');
  await olga.call('PATCH', `/rooms/${room.id}`, { voice: true });
  await server.stop({ keepData: true });
  return data;
};

/** Over what the media of a page travels, as its browser says. */
const travels = (page) =>
  desk(page, async (it) => {
    const all = [...(await it.connection.pc.getStats()).values()];
    const pair = all.find((each) => each.type === 'candidate-pair' && each.nominated && each.state === 'succeeded');
    return all.find((each) => each.id === pair?.localCandidateId)?.protocol;
  });

const enters = async (page, url, name) => {
  await acts.signIn(page, url, name);
  await acts.openRoom(page, 'general');
  const starts = page.getByRole('button', { name: 'Start a call here' });
  await expect(starts.or(page.getByRole('button', { name: /^Join/ })).first()).toBeVisible();
  if (await starts.isVisible()) {
    await starts.click();
    await page.getByRole('menuitem', { name: 'Start with video' }).click();
  } else {
    await page.getByRole('button', { name: /^Join/ }).first().click();
  }
  await door(page).getByRole('button', { name: /^(Join|Start the call)$/ }).click();
  await expect(bar(page)).toBeVisible();
};

test('without UDP a member is in the call over TCP, and the operator sees it', async () => {
  const { network, reason } = machines();
  if (!network) {
    console.log(`    skipped: ${reason}`);
    test.info().annotations.push({ type: 'skipped', description: reason });
    return;
  }
  network.withoutUdp();
  const data = await village();
  const server = new Server(['--data', data, 'serve', '--lan', '--listen', '0.0.0.0:8443'], { data, through: network.onServer });
  const browsers = [];
  const visit = async (name, machine) => {
    const browser = await chromium.launch({ executablePath: network.launcher(chromiumPath, machine), args: callArgs });
    browsers.push(browser);
    return Person.at(browser, name, DEVICES);
  };
  try {
    await server.ready();
    const url = `https://${network.address}:8443`;
    network.trust((await server.printed(/(\/\S+\.(?:pem|crt))/))[1]);
    const olga = await visit('olga', network.server);
    await enters(olga.page, url, 'olga');
    const mara = await visit('mara', network.visitor);
    await enters(mara.page, url, 'mara');
    const pressed = Date.now();
    await expect.poll(() => travels(mara.page), { timeout: IN_CALL_MS, intervals: [50] }).toBe('tcp');
    console.log(`    in the call over TCP after ${Date.now() - pressed} ms`);
    await seesAndHears(mara.page, 'olga');
    await seesAndHears(olga.page, 'Mara');
    expect(await travels(olga.page)).toBe('udp');

    const board = await olga.context.newPage();
    await board.goto(`${url}/admin/calls`);
    const row = (name) => board.getByRole('row').filter({ hasText: name });
    // What it says of their media came with the statistics of a moment before.
    await expect(async () => {
      await board.reload();
      await expect(row('mara')).toContainText('TCP', { timeout: 500 });
      await expect(row('olga')).toContainText('UDP', { timeout: 500 });
    }).toPass({ timeout: 10_000 });
    await press(bar(mara.page), 'Leave call');

    await mara.page.goto(`${url}/calls/check`);
    await press(mara.page, 'Start the check');
    await expect(mara.page.locator('call-check [data-step=way]')).toContainText('over TCP, since this network lets no UDP through', { timeout: 20_000 });
    await expect(mara.page.getByText('Calls work here. You should hear yourself.')).toBeVisible({ timeout: 20_000 });
    expect([...olga.troubles(), ...mara.troubles()]).toEqual([]);
    expect(server.complaints()).toEqual([]);
  } finally {
    for (const browser of browsers) await browser.close();
    await server.stop();
    network.remove();
  }
});
