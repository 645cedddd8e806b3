// Four people in a call: everyone sees and hears everyone, the host's office, hands, and a line that is lost for a while.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';
import { bar, callOf, counted, DEVICES, desk, door, endOf, enter, launchOptions, moves, press, seesAndHears, sheet, town } from './support/calls.mjs';

test.use({ launchOptions });

/** How long the line is gone. */
const GONE_MS = 20_000;

/** The live connections of a page, which can be taken away and given back. */
class Line {
  isCut = false;
  /** @type {Set<import('@playwright/test').WebSocketRoute>} */
  #open = new Set();

  /** @param {import('@playwright/test').Page} page */
  attach(page) {
    return page.routeWebSocket(/\/live$/, (socket) => {
      if (this.isCut) return void socket.close({ code: 1011 });
      const server = socket.connectToServer();
      this.#open.add(socket);
      socket.onClose(() => {
        this.#open.delete(socket);
        void server.close();
      });
      server.onClose(() => void socket.close({ code: 1011 }));
    });
  }

  cut() {
    this.isCut = true;
    for (const socket of this.#open) void socket.close({ code: 1011 });
  }

  mend() {
    this.isCut = false;
  }
}

test('four people in a call', async ({ start, someone }) => {
  test.setTimeout(240_000);
  const names = ['mara', 'bruno', 'ines', 'nils'];
  const place = await town(start, ['mara'], names.slice(1));
  const { server, accounts, ids } = place;
  const group = await accounts.mara.call('POST', '/rooms', { kind: 'group', name: 'Quay', members: names.slice(1).map((name) => ids[name]) });
  for (const name of names.slice(1)) {
    const { items } = await accounts[name].call('GET', '/requests');
    await accounts[name].call('POST', `/requests/${items.find(({ room }) => room === group.id).id}/accept`, {});
  }
  await accounts.mara.say(group.id, 'All four of us.');
  const line = new Line();
  const pages = {};
  for (const name of names) {
    const person = await someone(name, DEVICES);
    if (name === 'bruno') {
      await line.attach(person.page);
      person.expects(/WebSocket/);
    }
    pages[name] = await enter(person, server, name, `/r/${group.id}`);
    await expect(acts.message(pages[name], 'All four of us.')).toBeVisible();
  }
  const { mara, bruno, ines, nils } = pages;
  const called = (name) => name[0].toUpperCase() + name.slice(1);

  await test.step('mara calls the group: it rings for three, two of them come, and nils says no', async () => {
    await press(mara, 'Start a call');
    await mara.getByRole('menuitem', { name: 'Video call' }).click();
    for (const page of [bruno, ines]) await sheet(page, 'Mara').getByRole('button', { name: 'Accept', exact: true }).click();
    await sheet(nils, 'Mara').getByRole('button', { name: 'Decline' }).click();
    for (const page of [mara, bruno, ines]) await expect(bar(page).getByRole('button', { name: '3 people in the call' })).toBeVisible();
  });

  /** What nils does when he thinks better of it. */
  const comes = async () => {
    await nils.getByRole('button', { name: 'Join · 3' }).click();
    await expect(door(nils)).toContainText('are in the call.');
    await door(nils).getByRole('button', { name: 'Join', exact: true }).click();
  };
  const locks = async (act) => {
    await bar(mara).getByRole('button', { name: 'More' }).click();
    await mara.getByRole('menuitem', { name: act }).click();
  };

  await test.step('locked: nobody new comes, and is told why', async () => {
    await locks('Lock the call');
    for (const page of [mara, bruno, ines]) await expect(page.getByRole('img', { name: 'The call is locked' })).toBeVisible();
    await comes();
    await expect(endOf(nils)).toContainText('This call takes in nobody new.');
    await endOf(nils).getByRole('button', { name: 'Close' }).click();
  });

  await test.step('open again, he comes', async () => {
    await locks('Unlock the call');
    await comes();
    for (const page of Object.values(pages)) await expect(bar(page).getByRole('button', { name: '4 people in the call' })).toBeVisible();
  });

  await test.step('everyone sees and hears everyone', async () => {
    await Promise.all(names.map((name) => seesAndHears(pages[name], ...names.filter((other) => other !== name).map(called))));
  });

  await test.step('nils raises his hand, and the host sees it first in the list', async () => {
    await bar(nils).getByRole('button', { name: 'Raise hand' }).click();
    await bar(mara).getByRole('button', { name: '4 people in the call, 1 hand raised' }).click();
    const list = mara.getByRole('complementary', { name: '4 people in the call' });
    await expect(list.getByRole('listitem').first()).toContainText('Nils');
    await expect(list.getByRole('listitem').first()).toContainText('hand raised');
  });

  await test.step('the host turns a microphone off; whoever it is sees that, and cannot turn it on', async () => {
    await press(mara, 'What to do with Ines');
    await mara.getByRole('menuitem', { name: 'Turn their microphone off' }).click();
    const mic = bar(ines).getByRole('button', { name: 'A host has turned your microphone off' });
    await expect(mic).toHaveAttribute('aria-disabled', 'true');
    await expect(bruno.getByRole('article', { name: /Ines.*microphone off/ })).toBeVisible();
    await expect(bar(bruno).getByRole('button', { name: 'Turn microphone off' })).toBeVisible();
  });

  await test.step('bruno keeps nils large', async () => {
    await bruno.getByRole('article', { name: /^Nils/ }).hover();
    await press(bruno, 'Keep Nils large');
    await expect(bruno.locator('.tile-stage').getByRole('article', { name: /^Nils/ })).toBeVisible();
    await moves(bruno, 'Nils');
  });

  await test.step('the line to the server is lost for 20 s: pictures and sound go on, and he is back by himself', async () => {
    line.cut();
    const since = Date.now();
    await expect(bruno.getByText('The line to the server is lost. You still hear each other.').first()).toBeVisible();
    const before = await counted(bruno);
    await expect.poll(() => Date.now() - since, { timeout: GONE_MS + 5_000, intervals: [500] }).toBeGreaterThan(GONE_MS);
    const after = await counted(bruno);
    expect(after.frames, 'pictures came all the while').toBeGreaterThan(before.frames + 60);
    expect(after.packets, 'and sound').toBeGreaterThan(before.packets + 300);
    await expect(mara.getByRole('article', { name: /^Bruno/ })).toBeVisible();
    await moves(mara, 'Bruno');
    line.mend();
    await expect.poll(() => desk(bruno, (it) => it.current?.phase), { timeout: 20_000 }).toBe('live');
    await seesAndHears(bruno, 'Mara');
    expect(await desk(bruno, (it) => it.connection.negotiation.generation), 'nothing was set up anew').toBe(1);
  });

  await test.step('ines is removed, and is told by whom', async () => {
    await press(mara, 'What to do with Ines');
    await mara.getByRole('menuitem', { name: 'Remove from the call' }).click();
    await mara.getByRole('dialog').getByRole('button', { name: 'Remove from the call' }).click();
    await expect(endOf(ines)).toContainText('A host removed you from the call.');
    await expect(bar(mara).getByRole('button', { name: '3 people in the call' })).toBeVisible();
  });

  await test.step('the host ends it for all', async () => {
    await locks('End for all');
    await mara.getByRole('dialog').getByRole('button', { name: 'End for all' }).click();
    await expect(endOf(bruno)).toContainText('The host ended the call for all.');
    for (const page of [mara, bruno, nils]) await expect(callOf(page)).toHaveCount(0);
    await expect(bruno.getByRole('article', { name: /^Video call/ })).toBeVisible();
  });
});
