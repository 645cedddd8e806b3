// Somebody else's machine on the local network: https on a bare address, trusted by installing the printed authority.
import { chromium } from '@playwright/test';
import { expect, test } from './support/journey.mjs';
import { chromiumArgs, chromiumPath } from './support/browsers.mjs';
import { setUp } from './support/api.mjs';
import { dataFolder, Server } from './support/server.mjs';
import { TwoMachines } from './support/network.mjs';
import { Person } from './support/person.mjs';
import * as acts from './support/acts.mjs';

/** The two machines, or the reason why this one allows none. */
const machines = () => {
  try {
    return { network: new TwoMachines() };
  } catch (error) {
    return { reason: `no network namespaces here: ${String(error.stderr || error.message).trim()}` };
  }
};

test('a third person comes over https from another machine', async () => {
  const { network, reason } = machines();
  if (!network) {
    console.log(`    skipped: ${reason}`);
    test.info().annotations.push({ type: 'skipped', description: reason });
    return;
  }
  const data = dataFolder();
  setUp(data);
  const server = new Server(['--data', data, 'serve', '--lan', '--listen', '0.0.0.0:8443'], { data, through: network.onServer });
  const browsers = [];
  const visit = async (name) => {
    const browser = await chromium.launch({ executablePath: network.launcher(chromiumPath), args: chromiumArgs });
    browsers.push(browser);
    return Person.at(browser, name);
  };
  try {
    await server.ready();
    const url = `https://${network.address}:8443`;

    const wary = await visit('wary');
    await expect(wary.page.goto(url)).rejects.toThrow(/ERR_CERT_AUTHORITY_INVALID/);

    network.trust((await server.printed(/(\/\S+\.(?:pem|crt))/))[1]);
    const tess = await visit('tess');
    // The owner was made on the command line, so this is their first time in a browser.
    await acts.knock(tess.page, url, 'olga');
    await tess.page.getByRole('button', { name: 'Start talking' }).click();
    await expect(acts.composer(tess.page)).toBeVisible();
    expect(await tess.page.evaluate(() => isSecureContext)).toBe(true);
    await acts.openRoom(tess.page, 'general');
    await acts.say(tess.page, 'Hello over the cable.');
    expect(tess.troubles()).toEqual([]);
    expect(server.complaints()).toEqual([]);
  } finally {
    for (const browser of browsers) await browser.close();
    await server.stop();
    network.remove();
  }
});
