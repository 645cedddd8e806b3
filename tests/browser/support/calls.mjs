// What journeys of calls share: a town of people who may ring each other, its browsers, and what is seen and heard in a call.
import { expect } from '@playwright/test';
import { chromiumArgs, chromiumPath } from './browsers.mjs';
import { community, PASSWORD, setUp } from './api.mjs';
import { dataFolder } from './server.mjs';
import { roomLink } from './acts.mjs';

/** Everything stays on this machine's loopback, and a camera of few pictures leaves it time for several people. */
export const callArgs = [...chromiumArgs, '--allow-loopback-in-peer-connection', '--use-fake-device-for-media-stream=fps=10'];
export const launchOptions = { executablePath: chromiumPath, args: callArgs };
/** What a person allows their browser. */
export const DEVICES = { permissions: ['notifications', 'camera', 'microphone'] };
/** What is promised in a second, on a machine that several browsers share. */
export const SOON = { timeout: 1_500 };

/** The call, large or small. */
export const callOf = (page) => page.getByRole('region', { name: 'Call', exact: true });
export const bar = (page) => page.getByRole('toolbar', { name: 'Call controls' });
/** Who rings. */
export const sheet = (page, name) => page.getByRole('alertdialog', name ? { name } : {});
export const endOf = (page) => page.getByRole('status', { name: 'End of the call' });
/** Before the call. */
export const door = (page) => page.getByRole('region', { name: 'Before the call' });
export const press = (page, name, exact = true) => page.getByRole('button', { name, exact }).click();

/**
 * A community whose members are each other's contacts.
 * @param {(options: object) => Promise<import('./server.mjs').Server>} start
 * @param {string[]} paying who may begin calls; the first one is mara
 * @param {string[]} free who may not
 */
export const town = async (start, paying, free) => {
  const data = dataFolder();
  setUp(data);
  const server = await start({ data });
  const names = [...paying, ...free];
  const accounts = await community(server, ...names);
  const { items: plans } = await accounts.olga.call('GET', '/admin/plans');
  const ids = Object.fromEntries(await Promise.all(Object.entries(accounts).map(async ([name, account]) => [name, (await account.call('GET', '/me')).id])));
  for (const name of paying) await accounts.olga.call('POST', `/admin/members/${ids[name]}/grants`, { plan: plans[0].id, note: 'calls' });
  for (const name of names) for (const other of names) if (other !== name) await accounts[name].call('PUT', `/contacts/${ids[other]}`);
  return { server, accounts, ids, plan: plans[0].id };
};

/** A conversation of two, with a word in it, so that both have it in their list. */
export const conversation = async ({ accounts, ids }, from, to) => {
  const room = await accounts[from].call('POST', '/rooms', { kind: 'direct', members: [ids[to]] });
  await accounts[from].say(room.id, 'Are you there?');
  return room.id;
};

/**
 * Signs somebody in at a browser of their own and opens a page of it: the rooms, or another one.
 * @param {import('./person.mjs').Person} person
 */
export const enter = async (person, server, username, path = '/') => {
  const answer = await person.context.request.post(`${server.url}/api/v1/sign-in`, { data: { username, password: PASSWORD }, headers: { origin: server.url } });
  expect(answer.ok(), `${username} signs in`).toBe(true);
  await person.page.goto(server.url + path);
  if (path === '/') await expect(roomLink(person.page, '').first()).toBeVisible();
  return person.page;
};

/** The calls of the tab, and its state: of the element that brings them, once its script has run. */
export const desk = (page, run, argument) =>
  page.evaluate(`(async () => {
    const bringer = document.querySelector('rialto-app, call-bell');
    await customElements.whenDefined(bringer.localName);
    return (${run})(await bringer.calls(), ${JSON.stringify(argument ?? null)});
  })()`);

/** Rings somebody as the buttons do, from wherever one is. */
export const ring = (page, to, video = false) => desk(page, (it, wish) => void it.start({ call: null, kind: 'direct', room: null, ...wish }), { to, video });

/** Frames of somebody's picture that were drawn, which must grow. */
export const moves = async (page, name, source = 'cam') => {
  const drawn = () =>
    page.evaluate(([who, what]) => {
      const tile = [...document.querySelectorAll(`.tile[data-source="${what}"]`)].find((each) => each.getAttribute('aria-label')?.includes(who));
      return /** @type {HTMLVideoElement | null} */ (tile?.querySelector('video'))?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    }, [name, source]);
  await expect.poll(drawn, { message: `${name} is seen`, timeout: 20_000 }).toBeGreaterThan(0);
  const before = await drawn();
  await expect.poll(drawn, { message: `${name} moves`, timeout: 20_000 }).toBeGreaterThan(before + 8);
};

/** What the browser itself counted of what came in: of everything, or of one source. */
export const counted = (page, source = null) =>
  desk(page, async (it, wanted) => {
    const slots = Object.values(it.current?.slots ?? {}).filter((slot) => slot.source === wanted).map((slot) => slot.slot);
    const all = it.connection ? [...(await it.connection.pc.getStats()).values()] : [];
    const reports = all.filter((each) => each.type === 'inbound-rtp' && (wanted === null || slots.includes(each.mid)));
    const sum = (kind, field) => reports.filter((each) => each.kind === kind).reduce((total, each) => total + (each[field] ?? 0), 0);
    return { frames: sum('video', 'framesDecoded'), frozen: sum('video', 'totalFreezesDuration'), energy: sum('audio', 'totalAudioEnergy'), packets: sum('audio', 'packetsReceived') };
  }, source);

/** Sound comes, and is not silence: of everything, or of one source. */
export const hears = async (page, source = null) => {
  const energy = async () => (await counted(page, source)).energy;
  await expect.poll(energy, { message: 'sound comes', timeout: 20_000 }).toBeGreaterThan(0);
  const before = await energy();
  await expect.poll(energy, { message: 'sound goes on', timeout: 20_000 }).toBeGreaterThan(before);
};

/** Picture and sound both come. */
export const seesAndHears = async (page, ...names) => {
  for (const name of names) await moves(page, name);
  await hears(page);
};

/** Whether anything rang on this page since it was loaded; asked at the end. Before the first page is loaded. */
export const listenForRings = (page) =>
  page.addInitScript(() => {
    const seen = () => document.querySelector('.ring') && Object.assign(window, { rang: true });
    new MutationObserver(seen).observe(document, { childList: true, subtree: true });
  });
export const hasRung = (page) => page.evaluate(() => 'rang' in window);
