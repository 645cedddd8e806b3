// Signals are said once: what was said between the writing of a page and its connection, or during a break, shows all the same.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';
import { conversation, DEVICES, enter, launchOptions, town } from './support/calls.mjs';

test.use({ launchOptions });

/** The page's way to the server's live connections, which is shut and opened. */
class Gate {
  #isOpen;
  /** Connections that the browser takes for open, and of which the server hears nothing yet. */
  #held = [];
  #through = [];

  /** @param {boolean} isOpen */
  constructor(isOpen) {
    this.#isOpen = isOpen;
  }

  /** @param {import('@playwright/test').Page} page */
  async stand(page) {
    await page.routeWebSocket(/\/live$/, (socket) => (this.#isOpen ? this.#pass(socket) : void this.#held.push(socket)));
    return this;
  }

  #pass(socket) {
    this.#through.push({ socket, server: socket.connectToServer() });
  }

  /** Until somebody stands before the gate. */
  knocked() {
    return expect.poll(() => this.#held.length).toBeGreaterThan(0);
  }

  open() {
    this.#isOpen = true;
    this.#held.splice(0).forEach((socket) => this.#pass(socket));
  }

  /** Ends what is through, and lets nobody in. */
  async shut() {
    this.#isOpen = false;
    for (const { socket, server } of this.#through.splice(0)) await Promise.all([server.close(), socket.close({ code: 4009 })]);
  }
}

test('a page that connects after a signal, and one that was away, show what it said', async ({ start, someone }) => {
  const place = await town(start, ['mara', 'bruno'], []);
  const { server, accounts, ids } = place;
  const { olga } = accounts;
  await conversation(place, 'mara', 'bruno');
  const person = await someone('mara', DEVICES);
  // Buttons and rows that go leave their place to what stands below them.
  person.expects(/layout shift .* at \/(people|calls|r)/);
  const appGate = await new Gate(true).stand(person.page);
  const app = await enter(person, server, 'mara');
  await acts.openRoom(app, 'Bruno');
  const inHeader = app.locator('room-header [data-call]');
  await expect(inHeader).toBeVisible();
  const openBehindGate = async (path) => {
    const page = await person.newPage();
    const gate = await new Gate(false).stand(page);
    await page.goto(server.url + path);
    await gate.knocked();
    return { page, gate };
  };
  const contacts = await openBehindGate('/people?list=contacts');
  const board = await openBehindGate('/calls');
  const row = contacts.page.locator(`#person-${ids.bruno}`);
  const rings = board.page.getByRole('button', { name: /^Call Bruno/ });
  await expect(row).toBeVisible();
  await expect(rings.first()).toBeVisible();
  await appGate.shut();
  await appGate.knocked();

  await olga.call('POST', `/admin/members/${ids.bruno}/ban`, { reason: 'spam' });
  await olga.call('PATCH', '/admin/settings', { community_name: 'Quay and Tide' });
  await expect(row).not.toContainText('Shut out');
  await expect(rings.first()).toBeVisible();
  await expect(inHeader).toBeVisible();

  contacts.gate.open();
  await expect(row).toContainText('Shut out of the community');
  board.gate.open();
  await expect(rings).toHaveCount(0);
  appGate.open();
  await expect(inHeader).toHaveCount(0);
  await expect(app.locator('.sidebar-head')).toContainText('Quay and Tide');
});
