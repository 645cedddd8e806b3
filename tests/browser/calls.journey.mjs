// A call between two people at two browsers, through the program's own media server: ring, accept, see, hear, share, hang up; and what is missed.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';
import { bar, callOf, conversation, counted, desk, DEVICES, door, endOf, enter, hears, launchOptions, moves, press, ring, seesAndHears, sheet, SOON, town } from './support/calls.mjs';

test.use({ launchOptions });

/** A button that says why it does nothing may be pressed all the same. */
const UNAVAILABLE = { force: true };

/** From the room's head, as a person does it. */
const start = async (page, name, kind) => {
  await acts.openRoom(page, name);
  await press(page, 'Start a call');
  await page.getByRole('menuitem', { name: kind, exact: true }).click();
};

test('two people call each other, see, hear, share and hang up; what is missed leads back', async ({ start: serve, someone }) => {
  test.setTimeout(180_000);
  const place = await town(serve, ['mara'], ['bruno']);
  const { server, accounts, ids, plan } = place;
  await conversation(place, 'mara', 'bruno');
  const mara = await enter(await someone('mara', DEVICES), server, 'mara');
  const reader = await someone('bruno', DEVICES);
  // Two browsers that encode and decode leave two cores so little that what his presses do may be drawn after more than half a second, and
  // counts as unasked: the rows of the room that he opens, and the small call above them.
  reader.expects(/layout shift 0\.[01]\d\d at \/r\/\d+ by div\.timeline-feed /);
  const bruno = await enter(reader, server, 'bruno');

  await test.step('mara rings, and bruno sees who', async () => {
    await start(mara, 'Bruno', 'Video call');
    await expect(callOf(mara).getByText('Ringing')).toBeVisible();
    await expect(sheet(bruno, 'Mara')).toContainText('is calling you with video');
    await expect(sheet(bruno, 'Mara')).toContainText('In your contacts');
  });

  await test.step('he accepts, and both see and hear without a standstill', async () => {
    await sheet(bruno).getByRole('button', { name: 'Accept', exact: true }).click();
    await Promise.all([seesAndHears(mara, 'Bruno'), seesAndHears(bruno, 'Mara')]);
    const frozen = await counted(bruno);
    await moves(bruno, 'Mara');
    expect((await counted(bruno)).frozen - frozen.frozen, 'seconds that stood still').toBeLessThan(1);
  });

  await test.step('bruno mutes himself, and mara sees it', async () => {
    await bar(bruno).getByRole('button', { name: 'Turn microphone off' }).click();
    await expect(mara.getByRole('article', { name: /Bruno.*microphone off/ })).toBeVisible();
    await bar(bruno).getByRole('button', { name: 'Turn microphone on' }).click();
    await expect(mara.getByRole('article', { name: /^Bruno$/ })).toBeVisible();
  });

  await test.step('mara shares her screen with its sound: bruno sees and hears it, and she is told that she shares', async () => {
    await bar(mara).getByRole('button', { name: 'Share screen' }).click();
    await moves(bruno, 'Screen of Mara', 'screen');
    await hears(bruno, 'screen_audio');
    await expect(mara.getByText('You are sharing your screen.')).toBeVisible();
    // Of the screen alone: a camera has a quality of the same name.
    const qualities = () =>
      desk(mara, async (it) => {
        const sender = it.connection.pc.getSenders().find((one) => one.getParameters().encodings?.some(({ rid }) => rid === 'l'));
        const reports = [...((await sender?.getStats())?.values() ?? [])].filter(({ type, framesEncoded }) => type === 'outbound-rtp' && framesEncoded > 0);
        return reports.map(({ rid }) => rid).sort();
      });
    await expect.poll(qualities, { message: 'in two qualities' }).toEqual(['h', 'l']);
    // What the browser is asked for: how large a picture is that it encodes just now follows its load.
    const sizes = await desk(mara, (it) => {
      const all = it.connection.pc.getSenders().map((sender) => sender.getParameters().encodings ?? []);
      return all.find((encodings) => encodings.some(({ rid }) => rid === 'l'))?.map((one) => one.scaleResolutionDownBy ?? 1);
    });
    expect(sizes, 'of one size').toEqual([1, 1]);
    await bar(mara).getByRole('button', { name: 'Stop sharing' }).click();
    await expect(bruno.getByRole('article', { name: 'Screen of Mara' })).toHaveCount(0);
  });

  await test.step('the call goes on while bruno reads', async () => {
    await press(bruno, 'Make the call small');
    await acts.openRoom(bruno, 'general');
    await moves(bruno, 'Mara');
    await press(bruno, 'Show the call with Mara');
  });

  await test.step('a page that is loaded anew finds back into its call', async () => {
    await bruno.reload();
    await Promise.all([moves(mara, 'Bruno'), moves(bruno, 'Mara')]);
  });

  await test.step('she hangs up, and it is over for both', async () => {
    await bar(mara).getByRole('button', { name: 'Leave call' }).click();
    await expect(callOf(mara)).toHaveCount(0);
    await expect(callOf(bruno)).toHaveCount(0);
    await expect(mara.getByRole('article', { name: /^Video call/ })).toBeVisible();
  });

  await test.step('declined: mara is told', async () => {
    await start(mara, 'Bruno', 'Call');
    await sheet(bruno, 'Mara').getByRole('button', { name: 'Decline' }).click();
    await expect(endOf(mara)).toContainText('Declined');
    await endOf(mara).getByRole('button', { name: 'Close' }).click();
  });

  await test.step('taken back: bruno missed it, and it counts in the rail', async () => {
    await start(mara, 'Bruno', 'Call');
    await expect(sheet(bruno, 'Mara')).toBeVisible();
    await callOf(mara).getByRole('button', { name: 'Cancel call' }).click();
    await expect(sheet(bruno)).toHaveCount(0, SOON);
    const news = bruno.getByRole('region', { name: 'Calls for you' });
    await expect(news.getByRole('heading', { name: 'Missed call' })).toBeVisible();
    await expect(bruno.getByRole('link', { name: /^Calls/ }).getByRole('img', { name: 'Missed call' })).toBeVisible();
    await news.getByRole('button', { name: 'Close' }).click();
    await acts.openRoom(bruno, 'Mara');
    await expect(bruno.getByRole('article', { name: /^Missed call/ })).toBeVisible();
  });

  await test.step('bruno is free: the way back shows the lock, why, and where the right is to be had', async () => {
    await bruno.getByRole('article', { name: /^Missed call/ }).getByRole('button', { name: 'Call back' }).click();
    await expect(bruno.getByText('Starting calls belongs to a plan')).toBeVisible();
    await expect(bruno.getByRole('button', { name: 'Ask for membership' })).toBeVisible();
    await bruno.keyboard.press('Escape');
    expect(await mara.locator('.ring').count(), 'nothing of it at the other side').toBe(0);
  });

  await test.step('with the right, he calls back from the card, and mara answers with a few words', async () => {
    await accounts.olga.call('POST', `/admin/members/${ids.bruno}/grants`, { plan, note: 'calls' });
    await expect(bruno.getByRole('button', { name: 'Start a call', exact: true })).toBeVisible();
    await bruno.getByRole('article', { name: /^Missed call/ }).getByRole('button', { name: 'Call back' }).click();
    await sheet(mara, 'Bruno').getByRole('button', { name: 'Reply with a message' }).click();
    await mara.getByRole('menuitem', { name: 'I will call you later.' }).click();
    await expect(endOf(bruno)).toContainText('Declined');
    await expect(acts.message(bruno, 'I will call you later.')).toBeVisible();
    await endOf(bruno).getByRole('button', { name: 'Close' }).click();
  });

  await test.step('the place of calls lists it, and it rings on that page too', async () => {
    await bruno.goto(`${server.url}/calls`);
    await expect(bruno.getByText('Calls ring while this community is open in a tab.')).toBeVisible();
    await expect(bruno.getByRole('listitem').filter({ hasText: 'Missed' }).first()).toContainText('Mara');
    await expect(bruno.getByRole('listitem').filter({ hasText: 'Answered' }).first()).toContainText('Mara');
    await ring(mara, ids.bruno, true);
    await sheet(bruno, 'Mara').getByRole('button', { name: 'Accept without video' }).click();
    await Promise.all([hears(mara), seesAndHears(bruno, 'Mara')]);
    await bar(bruno).getByRole('button', { name: 'Leave call' }).click();
    await expect(callOf(mara)).toHaveCount(0);
    await bruno.goto(server.url);
    await expect(bruno.getByRole('link', { name: /^Calls/ }).getByRole('img')).toHaveCount(0);
  });

  await test.step('a voice room: who is in is seen before joining', async () => {
    const general = await accounts.olga.room('general');
    await accounts.olga.call('PATCH', `/rooms/${general.id}`, { voice: true });
    for (const page of [mara, bruno]) await acts.openRoom(page, 'general');
    await press(mara, 'Start a call here');
    await mara.getByRole('menuitem', { name: 'Start with video' }).click();
    await expect(door(mara)).toContainText('Nobody is in the call yet.');
    await door(mara).getByRole('button', { name: 'Start the call' }).click();
    await expect(bar(mara)).toBeVisible();
    await bruno.getByRole('button', { name: /^Join/ }).click();
    await expect(door(bruno)).toContainText('Mara is in the call.');
    await door(bruno).getByRole('button', { name: 'Join', exact: true }).click();
    await Promise.all([seesAndHears(mara, 'Bruno'), seesAndHears(bruno, 'Mara')]);
  });
});

test('in a call that began with voices, pictures come where both let them, and the button says why where not', async ({ start: serve, someone }) => {
  test.setTimeout(180_000);
  const place = await town(serve, ['mara'], ['bruno', 'ines']);
  const { server, accounts, ids } = place;
  await conversation(place, 'mara', 'bruno');
  const mara = await enter(await someone('mara', DEVICES), server, 'mara');
  const bruno = await enter(await someone('bruno', DEVICES), server, 'bruno');
  const talks = async () => {
    await start(mara, 'Bruno', 'Call');
    await expect(sheet(bruno, 'Mara')).toContainText('is calling you');
    await sheet(bruno).getByRole('button', { name: 'Accept', exact: true }).click();
    await Promise.all([hears(mara), hears(bruno)]);
  };
  const leaves = async () => {
    await bar(mara).getByRole('button', { name: 'Leave call' }).click();
    for (const page of [mara, bruno]) await expect(callOf(page)).toHaveCount(0);
  };

  await test.step('mara may show pictures: each turns the camera on, and she shares her screen', async () => {
    await talks();
    for (const page of [mara, bruno]) await bar(page).getByRole('button', { name: 'Turn camera on' }).click();
    await Promise.all([moves(mara, 'Bruno'), moves(bruno, 'Mara')]);
    await bar(mara).getByRole('button', { name: 'Share screen' }).click();
    await moves(bruno, 'Screen of Mara', 'screen');
    await leaves();
  });

  await test.step('bruno lets her call, and not with video: both keep to voices, and read so', async () => {
    await accounts.bruno.call('PUT', '/me/reach', { video_call: { from: ['nobody'] } });
    await talks();
    for (const page of [mara, bruno]) {
      await bar(page).getByRole('button', { name: 'Turn camera on' }).click(UNAVAILABLE);
      await expect(page.getByText('This call stays with voices: no cameras, no screens.')).toBeVisible();
    }
    await expect(bruno.locator('.tile video')).toHaveCount(0);
    await leaves();
  });

  await test.step('her plan has no video: she reads that, he does not', async () => {
    await accounts.bruno.call('PUT', '/me/reach', { video_call: { from: ['contacts'] } });
    const { grants } = await accounts.olga.call('GET', `/admin/members/${ids.mara}/grants`);
    for (const grant of grants) await accounts.olga.call('POST', `/admin/grants/${grant.id}/revoke`, {});
    const voices = await accounts.olga.call('POST', '/admin/plans', { name: 'Voices', entitlements: { 'calls.start': true } });
    await accounts.olga.call('POST', `/admin/members/${ids.mara}/grants`, { plan: voices.id, note: 'calls' });
    await talks();
    await bar(mara).getByRole('button', { name: 'Turn camera on' }).click(UNAVAILABLE);
    await expect(mara.getByText('Calls with cameras belong to another plan than yours.')).toBeVisible();
    await bar(bruno).getByRole('button', { name: 'Turn camera on' }).click(UNAVAILABLE);
    await expect(bruno.getByText('This call stays with voices: no cameras, no screens.')).toBeVisible();
    await leaves();
  });

  await test.step('on a page beside the app too, more people are called in, found by name', async () => {
    const ines = await enter(await someone('ines', DEVICES), server, 'ines', '/people');
    await mara.goto(`${server.url}/people`);
    await ring(mara, ids.bruno);
    await sheet(bruno, 'Mara').getByRole('button', { name: 'Accept', exact: true }).click();
    await Promise.all([hears(mara), hears(bruno)]);
    await bar(mara).getByRole('button', { name: '2 people in the call' }).click();
    await press(mara, 'Add people');
    const dialog = mara.getByRole('dialog', { name: 'Add people' });
    await dialog.getByRole('searchbox').fill('ines');
    await dialog.getByRole('checkbox', { name: /Ines/ }).check();
    await dialog.getByRole('button', { name: 'Ring', exact: true }).click();
    await sheet(ines, 'Mara').getByRole('button', { name: 'Accept', exact: true }).click();
    await expect(bar(mara).getByRole('button', { name: '3 people in the call' })).toBeVisible();
    await hears(ines);
  });
});
