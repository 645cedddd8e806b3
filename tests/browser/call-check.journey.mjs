// The call check from a member's browser, the echo before a call, and the administrator's look from outside.
import { expect, test } from './support/journey.mjs';
import { chromiumArgs, chromiumPath } from './support/browsers.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder, rialto } from './support/server.mjs';
import * as acts from './support/acts.mjs';

// Everything stays on this machine's loopback.
test.use({ launchOptions: { executablePath: chromiumPath, args: [...chromiumArgs, '--allow-loopback-in-peer-connection'] } });
const DEVICES = { permissions: ['notifications', 'camera', 'microphone'] };

/** A community with one member beside its owner. @returns {Promise<any>} */
const town = async (start) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  return { server, data, ...(await community(server, 'mara')) };
};
const enter = async (someone, server, name) => {
  const { page } = await someone(name, DEVICES);
  await acts.signIn(page, server.url, name);
  return page;
};
const step = (page, name) => page.locator(`call-check [data-step=${name}]`);
const works = (page, name) => expect(step(page, name)).toHaveAttribute('data-state', 'works', { timeout: 20_000 });

test('a member checks calls, and hears themselves back', async ({ start, someone }) => {
  const { server } = await town(start);
  const page = await enter(someone, server, 'mara');
  await page.goto(`${server.url}/calls`);
  await page.getByRole('link', { name: 'Check whether calls work here' }).click();
  await page.getByRole('button', { name: 'Start the check' }).click();
  for (const name of ['microphone', 'camera', 'line', 'way', 'voice', 'quality']) await works(page, name);
  await expect(page.getByRole('status').filter({ hasText: 'Calls work here. You should hear yourself.' })).toBeVisible();
  await expect(step(page, 'quality')).toContainText('% lost');
  const sounds = await page.evaluate(() => {
    const audio = /** @type {HTMLAudioElement} */ (document.querySelector('call-check audio'));
    return [audio.paused, /** @type {MediaStream} */ (audio.srcObject).getAudioTracks()[0].readyState];
  });
  expect(sounds).toEqual([false, 'live']);
  await page.getByRole('button', { name: 'Stop the check' }).click();
  await expect(page.locator('call-check audio')).toHaveCount(0);
});

test('what the browser refuses is named, and how to mend it', async ({ start, someone }) => {
  const { server } = await town(start);
  const page = await enter(someone, server, 'mara');
  await page.addInitScript(() => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))));
  await page.goto(`${server.url}/calls/check`);
  await page.getByRole('button', { name: 'Start the check' }).click();
  await expect(step(page, 'microphone')).toContainText('Press the sign beside the address');
  await expect(step(page, 'microphone')).toHaveAttribute('data-state', 'fails');
  await works(page, 'line');
  await expect(page.getByText('Something keeps calls from working here')).toBeVisible();
});

test('a media server that is not reached is named', async ({ start, someone }) => {
  const { server } = await town(start);
  const page = await enter(someone, server, 'mara');
  // The answer sends the browser to a port where nobody is.
  await page.route('**/api/v1/calls/echo', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const answer = await route.fetch();
    const body = await answer.json();
    await route.fulfill({ response: answer, json: { ...body, sdp: body.sdp.replace(/(a=candidate:\S+ 1 (?:udp|tcp) \d+ \S+) \d+/gi, '$1 9') } });
  });
  await page.goto(`${server.url}/calls/check`);
  await page.getByRole('button', { name: 'Start the check' }).click();
  await expect(step(page, 'way')).toHaveAttribute('data-state', 'fails', { timeout: 20_000 });
  await expect(step(page, 'way')).toContainText('This network may block the port of calls');
});

test('before a call one hears oneself', async ({ start, someone }) => {
  const { server, olga } = await town(start);
  const general = await olga.room('general');
  await olga.call('PATCH', `/rooms/${general.id}`, { voice: true });
  await olga.call('PATCH', '/admin/settings', { calls_open_to: 'all_members' });
  const page = await enter(someone, server, 'mara');
  await acts.openRoom(page, 'general');
  await page.getByRole('button', { name: 'Start a call here' }).click();
  await page.getByRole('menuitem', { name: 'Start with video' }).click();
  const door = page.getByRole('region', { name: 'Before the call' });
  await door.getByRole('button', { name: 'Hear yourself' }).click();
  await expect(door.getByText('Speak: you should hear yourself. Nobody else does.')).toBeVisible({ timeout: 15_000 });
  await expect(door.getByRole('link', { name: 'Check whether calls work here' })).toBeVisible();
  const ended = page.waitForRequest((request) => request.method() === 'DELETE' && request.url().endsWith('/calls/echo'));
  await door.getByRole('button', { name: 'Start the call' }).click();
  await ended;
  await expect(page.getByRole('toolbar', { name: 'Call controls' })).toBeVisible();
});

test('the administrator and the doctor see that calls come through', async ({ start, someone }) => {
  const { server, data } = await town(start);
  const page = await enter(someone, server, 'olga');
  await page.goto(`${server.url}/admin`);
  const card = page.getByRole('region', { name: 'Calls from outside' });
  await expect(card).toContainText('Not tried since the program started.');
  await card.getByRole('button', { name: 'Check now' }).click();
  await expect(card.getByText(/Calls reach this community: \d+ ms there and back\./)).toBeVisible({ timeout: 30_000 });
  await expect(card.getByText(/Where no UDP passes, calls come in over TCP port \d+\./)).toBeVisible();
  await page.reload();
  await expect(card.getByText(/Calls reach this community/)).toBeVisible();
  await expect(card.getByText(/Where no UDP passes/)).toBeVisible();
  const said = rialto(['--data', data, 'doctor', '--call']);
  expect(said).toContain('ok    calls: Calls reach this community');
  expect(said).toContain('Where no UDP passes, calls come in over TCP port');
});
