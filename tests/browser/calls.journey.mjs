// A call between two people at two browsers, through the program's own media server: ring, accept, see, hear, share, hang up; and what is refused.
import { expect, test } from './support/journey.mjs';
import { chromiumArgs, chromiumPath } from './support/browsers.mjs';
import { community, setUp } from './support/api.mjs';
import { dataFolder } from './support/server.mjs';
import * as acts from './support/acts.mjs';

// Everything stays on this machine's loopback.
test.use({ launchOptions: { executablePath: chromiumPath, args: [...chromiumArgs, '--allow-loopback-in-peer-connection'] } });
const DEVICES = { permissions: ['notifications', 'camera', 'microphone'] };

const callOf = (page) => page.getByRole('region', { name: 'Call', exact: true });
const bar = (page) => page.getByRole('toolbar', { name: 'Call controls' });
/** Frames of somebody's picture that were drawn, which must grow. */
const moves = async (page, name, source = 'cam') => {
  const drawn = () => page.evaluate(([who, what]) => {
    const tile = [...document.querySelectorAll(`.tile[data-source="${what}"]`)].find((each) => each.getAttribute('aria-label')?.includes(who));
    return /** @type {HTMLVideoElement | null} */ (tile?.querySelector('video'))?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
  }, [name, source]);
  await expect.poll(drawn, { timeout: 15_000 }).toBeGreaterThan(0);
  const before = await drawn();
  await expect.poll(drawn).toBeGreaterThan(before + 10);
};
/** What the browser itself counted of what came in. */
const counted = (page) =>
  page.evaluate(async () => {
    const app = /** @type {any} */ (document.querySelector('rialto-app, call-bell'));
    const desk = await app.calls();
    const reports = [...(await desk.connection.pc.getStats()).values()].filter((each) => each.type === 'inbound-rtp');
    const sum = (kind, field) => reports.filter((each) => each.kind === kind).reduce((total, each) => total + (each[field] ?? 0), 0);
    return { frames: sum('video', 'framesDecoded'), freezes: sum('video', 'freezeCount'), energy: sum('audio', 'totalAudioEnergy'), packets: sum('audio', 'packetsReceived') };
  });
/** Picture and sound both come. */
const seesAndHears = async (page, name) => {
  await moves(page, name);
  await expect.poll(async () => (await counted(page)).energy, { timeout: 15_000 }).toBeGreaterThan(0);
  const before = await counted(page);
  await expect.poll(async () => (await counted(page)).frames).toBeGreaterThan(before.frames + 10);
};

/**
 * A community in which mara may start calls and is a contact of bruno, who is free.
 * @returns {Promise<any>}
 */
const town = async (start) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const accounts = await community(server, 'mara', 'bruno', 'ines');
  const { olga, mara, bruno } = accounts;
  const idOf = async (account) => (await account.call('GET', '/me')).id;
  const [maraId, brunoId] = [await idOf(mara), await idOf(bruno)];
  const { items: plans } = await olga.call('GET', '/admin/plans');
  await olga.call('POST', `/admin/members/${maraId}/grants`, { plan: plans[0].id, note: 'calls' });
  await mara.call('PUT', `/contacts/${brunoId}`);
  await bruno.call('PUT', `/contacts/${maraId}`);
  const room = await mara.call('POST', '/rooms', { kind: 'direct', members: [brunoId] });
  await mara.say(room.id, 'Are you there?');
  return { server, ...accounts, maraId, brunoId };
};
const enter = async (someone, server, name) => {
  const { page } = await someone(name, DEVICES);
  await acts.signIn(page, server.url, name);
  return page;
};

test('two people call each other, and see and hear', async ({ start, someone }) => {
  const { server } = await town(start);
  const [mara, bruno] = [await enter(someone, server, 'mara'), await enter(someone, server, 'bruno')];

  await test.step('mara rings, and bruno sees who', async () => {
    await acts.openRoom(mara, 'Bruno');
    await mara.getByRole('button', { name: 'Start a call', exact: true }).click();
    await mara.getByRole('menuitem', { name: 'Video call' }).click();
    await expect(callOf(mara).getByText('Ringing')).toBeVisible();
    const sheet = bruno.getByRole('alertdialog', { name: 'Mara' });
    await expect(sheet).toContainText('is calling you with video');
    await expect(sheet).toContainText('In your contacts');
  });

  await test.step('he accepts, and both see and hear', async () => {
    await bruno.getByRole('alertdialog').getByRole('button', { name: 'Accept', exact: true }).click();
    await Promise.all([seesAndHears(mara, 'Bruno'), seesAndHears(bruno, 'Mara')]);
  });

  await test.step('bruno mutes himself, and mara sees it', async () => {
    await bar(bruno).getByRole('button', { name: 'Turn microphone off' }).click();
    await expect(mara.getByRole('article', { name: /Bruno.*microphone off/ })).toBeVisible();
    await bar(bruno).getByRole('button', { name: 'Turn microphone on' }).click();
    await expect(mara.getByRole('article', { name: /^Bruno$/ })).toBeVisible();
  });

  await test.step('mara shares her screen', async () => {
    await bar(mara).getByRole('button', { name: 'Share screen' }).click();
    await moves(bruno, 'Screen of Mara', 'screen');
    await bar(mara).getByRole('button', { name: 'Stop sharing' }).click();
    await expect(bruno.getByRole('article', { name: 'Screen of Mara' })).toHaveCount(0);
  });

  await test.step('the call goes on while bruno reads', async () => {
    await bruno.getByRole('button', { name: 'Make the call small' }).click();
    await acts.openRoom(bruno, 'general');
    await moves(bruno, 'Mara');
    await bruno.getByRole('button', { name: 'Show the call with Mara' }).click();
  });

  await test.step('she hangs up, and it is over for both', async () => {
    await bar(mara).getByRole('button', { name: 'Leave call' }).click();
    await expect(callOf(mara)).toHaveCount(0);
    await expect(callOf(bruno)).toHaveCount(0);
    await expect(mara.getByRole('article', { name: /^Video call/ })).toBeVisible();
  });
});

test('a call that nobody takes is missed, with the way back', async ({ start, someone }) => {
  const { server } = await town(start);
  const [mara, bruno] = [await enter(someone, server, 'mara'), await enter(someone, server, 'bruno')];
  const ring = async () => {
    await acts.openRoom(mara, 'Bruno');
    await mara.getByRole('button', { name: 'Start a call', exact: true }).click();
    await mara.getByRole('menuitem', { name: 'Call', exact: true }).click();
    await expect(bruno.getByRole('alertdialog', { name: 'Mara' })).toBeVisible();
  };

  await test.step('declined: mara is told', async () => {
    await ring();
    await bruno.getByRole('alertdialog').getByRole('button', { name: 'Decline' }).click();
    await expect(mara.getByRole('status', { name: 'End of the call' })).toContainText('Declined');
    await mara.getByRole('status', { name: 'End of the call' }).getByRole('button', { name: 'Close' }).click();
  });

  await test.step('taken back: bruno missed it, and the place of calls lists it', async () => {
    await ring();
    await callOf(mara).getByRole('button', { name: 'Cancel call' }).click();
    await expect(bruno.getByRole('alertdialog')).toHaveCount(0, { timeout: 2_000 });
    await expect(bruno.getByRole('heading', { name: 'Missed call' })).toBeVisible();
    await bruno.goto(`${server.url}/calls`);
    await expect(bruno.getByText('Calls ring while this community is open in a tab.')).toBeVisible();
    await expect(bruno.getByRole('listitem').filter({ hasText: 'Missed' }).first()).toContainText('Mara');
  });

  await test.step('bruno is free: he sees the lock, why, and where the right is to be had', async () => {
    await bruno.getByRole('button', { name: /^Call Mara back/ }).first().click();
    await expect(bruno.getByText('Starting calls belongs to a plan').first()).toBeVisible();
    await expect(bruno.getByRole('link', { name: 'See plans' }).first()).toBeVisible();
  });

  await test.step('it rings on that page too, and he answers there', async () => {
    await acts.openRoom(mara, 'Bruno');
    await mara.getByRole('button', { name: 'Start a call', exact: true }).click();
    await mara.getByRole('menuitem', { name: 'Video call' }).click();
    await bruno.getByRole('alertdialog', { name: 'Mara' }).getByRole('button', { name: 'Accept', exact: true }).click();
    await Promise.all([seesAndHears(mara, 'Bruno'), seesAndHears(bruno, 'Mara')]);
    await bar(bruno).getByRole('button', { name: 'Leave call' }).click();
    await expect(callOf(mara)).toHaveCount(0);
  });
});

test('accepted in one tab, the other falls silent within a second', async ({ start, someone }) => {
  const { server } = await town(start);
  const mara = await enter(someone, server, 'mara');
  const person = await someone('bruno', DEVICES);
  await acts.signIn(person.page, server.url, 'bruno');
  const other = await person.newPage();
  await other.goto(`${server.url}/people`);
  await acts.openRoom(mara, 'Bruno');
  await mara.getByRole('button', { name: 'Start a call', exact: true }).click();
  await mara.getByRole('menuitem', { name: 'Call', exact: true }).click();
  await expect(other.getByRole('alertdialog', { name: 'Mara' })).toBeVisible();
  await person.page.getByRole('alertdialog', { name: 'Mara' }).getByRole('button', { name: 'Accept', exact: true }).click();
  await expect(other.getByRole('alertdialog')).toHaveCount(0, { timeout: 1_000 });
  await expect(other.getByText('Missed call')).toHaveCount(0);
});

test('a page that is loaded anew finds back into its call', async ({ start, someone }) => {
  const { server } = await town(start);
  const [mara, bruno] = [await enter(someone, server, 'mara'), await enter(someone, server, 'bruno')];
  await acts.openRoom(mara, 'Bruno');
  await mara.getByRole('button', { name: 'Start a call', exact: true }).click();
  await mara.getByRole('menuitem', { name: 'Video call' }).click();
  await bruno.getByRole('alertdialog').getByRole('button', { name: 'Accept', exact: true }).click();
  await seesAndHears(bruno, 'Mara');
  await bruno.reload();
  await Promise.all([moves(mara, 'Bruno'), moves(bruno, 'Mara')]);
});

test('a voice room: who is in is seen before joining', async ({ start, someone }) => {
  const { server, olga } = await town(start);
  const general = await olga.room('general');
  await olga.call('PATCH', `/rooms/${general.id}`, { voice: true });
  const [mara, bruno] = [await enter(someone, server, 'mara'), await enter(someone, server, 'bruno')];
  for (const page of [mara, bruno]) await acts.openRoom(page, 'general');
  await mara.getByRole('button', { name: 'Start a call here' }).click();
  await mara.getByRole('menuitem', { name: 'Start with video' }).click();
  const door = (page) => page.getByRole('region', { name: 'Before the call' });
  await expect(door(mara)).toContainText('Nobody is in the call yet.');
  await door(mara).getByRole('button', { name: 'Start the call' }).click();
  await expect(bar(mara)).toBeVisible();
  await bruno.getByRole('button', { name: /^Join/ }).click();
  await expect(door(bruno)).toContainText('Mara is in the call.');
  await door(bruno).getByRole('button', { name: 'Join', exact: true }).click();
  await Promise.all([seesAndHears(mara, 'Bruno'), seesAndHears(bruno, 'Mara')]);
});
