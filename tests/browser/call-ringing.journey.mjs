// Who is rung, where, and for how long: three devices, both at once, callers and callees who are not there, and those whom nobody lets through.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';
import { bar, callOf, conversation, desk, DEVICES, door, endOf, enter, hasRung, hears, launchOptions, listenForRings, ring, sheet, SOON, town } from './support/calls.mjs';

test.use({ launchOptions });

/** Since when this call has rung, and until when, as the server says. */
const rings = (page) => desk(page, (it) => ({ id: it.current?.call?.id ?? null, state: it.current?.call?.state ?? null, until: it.current?.call?.expires_at ?? null }));
/** The id of the call of a page, which it may hear of a moment after the ring. */
const ringId = async (page) => {
  await expect.poll(async () => (await rings(page)).id, { message: 'the call is known' }).not.toBeNull();
  return (await rings(page)).id;
};
const inCall = (page) => expect(bar(page)).toBeVisible();
const leave = async (...pages) => {
  await bar(pages[0]).getByRole('button', { name: 'Leave call' }).click();
  for (const page of pages) await expect(callOf(page)).toHaveCount(0);
};

test('a ring is one on all devices, and ends by itself', async ({ start, someone }) => {
  test.setTimeout(180_000);
  const place = await town(start, ['mara', 'bruno'], ['ines']);
  const { server, accounts, ids } = place;
  await conversation(place, 'mara', 'bruno');
  const caller = await someone('mara', DEVICES);
  const mara = await enter(caller, server, 'mara');
  const devices = await Promise.all(['bruno', 'bruno at the desk', 'bruno on the train'].map((name) => someone(name, DEVICES)));
  const [bruno, desktop, train] = await Promise.all(devices.map((person, at) => enter(person, server, 'bruno', at === 1 ? '/people' : '/')));

  await test.step('on three devices: accepted on one, the others fall silent within a second, and nothing is missed', async () => {
    await ring(mara, ids.bruno);
    for (const page of [bruno, desktop, train]) await expect(sheet(page, 'Mara')).toBeVisible();
    await sheet(desktop, 'Mara').getByRole('button', { name: 'Accept', exact: true }).click();
    await Promise.all([bruno, train].map((page) => expect(sheet(page)).toHaveCount(0, SOON)));
    await Promise.all([hears(mara), hears(desktop)]);
    for (const page of [bruno, train]) await expect(page.getByText('Missed call')).toHaveCount(0);
  });

  await test.step('busy: whoever rings one of them is told so at once, and only they', async () => {
    const ines = await enter(await someone('ines', DEVICES), server, 'ines');
    await accounts.olga.call('POST', `/admin/members/${ids.ines}/grants`, { plan: place.plan, note: 'calls' });
    await ring(ines, ids.mara);
    await expect(endOf(ines)).toContainText('They are in another call.');
    await expect(sheet(mara)).toHaveCount(0);
    await inCall(mara);
    const { items } = await accounts.mara.call('GET', '/calls?missed=true');
    expect(items.map(({ starter, fate }) => [starter, fate])).toEqual([[ids.ines, 'busy']]);
    await ines.close();
  });

  await test.step('another device of bruno takes the call over, and the first one lets it go', async () => {
    await train.goto(`${server.url}/calls`);
    await train.getByRole('region', { name: 'Now' }).getByRole('button', { name: 'Move the call with Mara here' }).click();
    await expect(door(train)).toContainText('You are in this call in another tab');
    await expect(door(train)).toContainText('Mara is in the call.');
    await door(train).getByRole('button', { name: 'Move the call here' }).click();
    await hears(train);
    await expect(endOf(desktop)).toContainText('You go on in another tab or on another device.');
    await hears(mara);
    await leave(train, mara);
  });

  await test.step('both ring at once: one call, and both are in it', async () => {
    await Promise.all([ring(mara, ids.bruno), ring(bruno, ids.mara)]);
    await Promise.all([hears(mara), hears(bruno)]);
    expect(await ringId(mara)).toBe(await ringId(bruno));
    for (const page of [mara, bruno, desktop, train]) await expect(sheet(page)).toHaveCount(0);
    await leave(mara, bruno);
  });

  await test.step('the caller loads the page anew while it rings: it rings on, and the answer finds them', async () => {
    await ring(mara, ids.bruno);
    await expect(sheet(bruno, 'Mara')).toBeVisible();
    const id = await ringId(mara);
    await mara.reload();
    await expect(callOf(mara).getByText('Ringing')).toBeVisible();
    await sheet(bruno, 'Mara').getByRole('button', { name: 'Accept', exact: true }).click();
    await Promise.all([hears(mara), hears(bruno)]);
    expect(await ringId(mara)).toBe(id);
    await leave(bruno, mara);
  });

  await test.step('the caller is gone while it rings: it stops on all devices, and is missed', async () => {
    await ring(mara, ids.bruno);
    for (const page of [bruno, desktop, train]) await expect(sheet(page, 'Mara')).toBeVisible();
    await mara.close();
    await Promise.all([bruno, desktop, train].map((page) => expect(sheet(page)).toHaveCount(0, { timeout: 13_000 })));
    for (const page of [bruno, desktop, train]) await expect(page.getByRole('heading', { name: /missed call/i })).toBeVisible();
  });

  await test.step('and it rings for nobody who comes afterwards, who sees what was missed', async () => {
    const late = await devices[0].newPage();
    await listenForRings(late);
    await late.goto(server.url);
    await acts.openRoom(late, 'Mara');
    await expect(late.getByRole('article', { name: /^Missed call/ }).last()).toBeVisible();
    expect(await hasRung(late)).toBe(false);
  });
});

test('whom nobody lets through hears it ring, and nobody answers', async ({ start, someone }) => {
  test.setTimeout(180_000);
  const callers = ['mara', 'ines', 'nils', 'freya'];
  const place = await town(start, callers, ['bruno', 'otto']);
  const { server, accounts, ids } = place;
  const { bruno } = accounts;
  // Mara calls at a quiet hour, Ines is one of those who never may, Nils is blocked; Freya calls Otto, who lets her, and is not there.
  const minute = Math.floor((Date.now() / 60_000) % 1_440);
  await bruno.call('PATCH', '/me', { time_zone: 'UTC' });
  await bruno.call('PUT', '/me/reach', { quiet: { from: (minute + 1_380) % 1_440, to: (minute + 120) % 1_440 } });
  await bruno.call('PUT', `/me/never/${ids.ines}`);
  await bruno.call('PUT', `/blocks/${ids.nils}`);
  const pages = await Promise.all(callers.map(async (name) => enter(await someone(name, DEVICES), server, name)));
  const callee = await someone('bruno', DEVICES);
  await listenForRings(callee.page);
  const at = await enter(callee, server, 'bruno');
  const absent = await someone('otto', DEVICES);
  await listenForRings(absent.page);

  await test.step('to all of them it rings', async () => {
    await Promise.all(pages.map((page, n) => ring(page, n === 3 ? ids.otto : ids.bruno)));
    for (const page of pages) await expect(callOf(page).getByText('Ringing')).toBeVisible();
  });

  await test.step('who comes as it ends sees that it was missed, and it does not ring', async () => {
    const { until } = await rings(pages[3]);
    await expect.poll(() => Date.now(), { timeout: 60_000, intervals: [100] }).toBeGreaterThan(until - 2_900);
    const otto = await enter(absent, server, 'otto');
    await expect(otto.getByRole('link', { name: /^Calls/ }).getByRole('img', { name: 'Missed call' })).toBeVisible();
    expect(await hasRung(otto), 'it rang too late').toBe(false);
  });

  await test.step('nobody answered, each of them is told, and no more', async () => {
    for (const page of pages) await expect(endOf(page)).toContainText('No answer');
    const told = await Promise.all(pages.map((page) => endOf(page).locator('.item-text small').innerText()));
    expect(new Set(told).size, `the same to each: ${told}`).toBe(1);
  });

  await test.step('bruno heard nothing; his list has what came in his quiet hours', async () => {
    await expect(at.getByRole('link', { name: /^Calls/ }).getByRole('img', { name: 'Missed call' })).toBeVisible();
    expect(await hasRung(at)).toBe(false);
    await at.goto(`${server.url}/calls`);
    const recents = at.getByRole('region', { name: 'Recent calls' }).getByRole('listitem');
    await expect(recents).toHaveCount(1);
    await expect(recents).toContainText('Mara');
    await expect(recents).toContainText('Did not ring');
  });

  await test.step('whom he blocks he is not offered to call back, on the page that stands open', async () => {
    const entry = at.getByRole('region', { name: 'Recent calls' }).getByRole('listitem');
    const back = entry.getByRole('button', { name: 'Call back: Mara' });
    await expect(back).toBeVisible();
    const before = await accounts.mara.call('GET', '/calls');
    await bruno.call('PUT', `/blocks/${ids.mara}`);
    await expect(back).toHaveCount(0, { timeout: 2_000 });
    await expect(entry.getByRole('link', { name: 'You block them' })).toHaveAttribute('href', `/people/${ids.mara}`);
    expect(await accounts.mara.call('GET', '/calls')).toEqual(before);
    await bruno.call('DELETE', `/blocks/${ids.mara}`);
    await expect(back).toBeVisible({ timeout: 2_000 });
  });

  await test.step('who may not begin calls sees the lock and why, before anything reaches anybody', async () => {
    await at.goto(`${server.url}/people/${ids.mara}`);
    await at.getByRole('button', { name: 'Call', exact: true }).click();
    await expect(at.getByText('Starting calls belongs to a plan')).toBeVisible();
    await expect(at.getByRole('button', { name: 'Ask for membership' })).toBeVisible();
    await expect(sheet(pages[0])).toHaveCount(0);
  });

  await test.step('whoever blocks is told that it is their own doing', async () => {
    await accounts.olga.call('POST', `/admin/members/${ids.bruno}/grants`, { plan: place.plan, note: 'calls' });
    await at.goto(server.url);
    await ring(at, ids.nils);
    await expect(endOf(at)).toContainText('You block');
    await expect(sheet(pages[2])).toHaveCount(0);
  });
});
