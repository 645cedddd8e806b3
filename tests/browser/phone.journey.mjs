// The phone: 360 pixels wide, a finger instead of a mouse, one column at a time.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';

test('one hand is enough', async ({ startDemo, someone }) => {
  const server = await startDemo();
  const phone = await someone('phone', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const { page } = phone;
  await acts.enterDemo(page, await server.demoAddress('free'));
  await expect(page.locator('room-list')).toBeVisible();

  await test.step('a room opens over the list, and back leads to it', async () => {
    const first = page.locator('room-list').getByRole('link').first();
    await first.tap();
    await expect(acts.composer(page)).toBeVisible();
    await expect(page.locator('room-list')).toBeHidden();
    await page.goBack();
    await expect(page.locator('room-list')).toBeVisible();
    await page.goForward();
    await expect(acts.composer(page)).toBeVisible();
  });

  await test.step('one can write and send with the button', async () => {
    await acts.composer(page).fill('Sent from the bridge.');
    await page.getByRole('button', { name: 'Send' }).tap();
    await expect(acts.message(page, 'Sent from the bridge.')).toBeVisible();
    await expect(acts.composer(page)).toHaveValue('');
  });

  await test.step('back closes the panel over a room before it leaves the room', async () => {
    const address = page.url();
    const members = page.locator('room-header').getByRole('button', { name: 'Members' });
    await members.tap();
    await expect(page.getByRole('heading', { name: 'Members', level: 2 })).toBeFocused();
    // What lies under it is out of reach, for the keyboard too.
    await expect(page.locator('rialto-app > [inert]')).toHaveCount(3);
    await page.goBack();
    await expect(page.locator('rialto-app > [inert]')).toHaveCount(0);
    await expect(page.locator('.panel')).toBeHidden();
    await expect(acts.composer(page)).toBeVisible();
    expect(page.url()).toBe(address);
    await members.tap();
    await page.getByRole('button', { name: 'Close' }).tap();
    await expect(page.locator('.panel')).toBeHidden();
    await page.goBack();
    await expect(page.locator('room-list')).toBeVisible();
    await page.goForward();
  });

  await test.step('Tab does not go behind an open menu', async () => {
    const more = page.locator('room-header').getByRole('button', { name: 'More' });
    await more.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('menu')).toBeVisible();
    await page.keyboard.press('Tab');
    await expect(page.getByRole('menu')).toBeHidden();
    await expect(more).toBeFocused();
  });

  await test.step('nothing runs out of the screen', async () => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
  });

  await test.step('nor do names of sixty letters without a space, wherever they stand', async () => {
    await page.goto(`${server.url}/about`);
    const people = await page.evaluate(async () => {
      const ask = async (method, path, body) => {
        const answer = await fetch(`/api/v1${path}`, { method, headers: { 'Content-Type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
        return answer.status === 204 ? null : answer.json();
      };
      const me = await ask('GET', '/me');
      const others = (await ask('GET', '/members?limit=200')).items.filter(({ id }) => id !== me.id);
      await ask('PATCH', '/me', { display_name: 'Wilhelminathea'.repeat(5).slice(0, 60) });
      // Each letter another one, so that nobody is taken for somebody else.
      for (const [n, { id }] of others.entries()) await ask('PATCH', `/contacts/${id}`, { own_name: `${String.fromCharCode(65 + (n % 26))}${'wolkenstein'.repeat(6)}`.slice(0, 60) });
      const [one, blocked] = [others[0].id, others.at(-1).id];
      for (const list of ['blocks', 'mutes', 'me/never']) await ask('PUT', `/${list}/${blocked}`);
      for (const list of ['follows', 'me/always']) await ask('PUT', `/${list}/${one}`);
      const called = (await ask('GET', '/calls')).items.find(({ kind, room }) => kind === 'direct' && room);
      return { me: me.id, one, blocked, talk: called?.room };
    });
    expect(people.talk, 'a conversation with a call in it').toBeTruthy();
    const stickingOut = () => page.evaluate(() => [document.documentElement, ...document.querySelectorAll('main, .page-main, .timeline-scroll, .sidebar-scroll, .panel-scroll, dialog')]
      .filter((each) => each.checkVisibility() && each.scrollWidth > Math.min(each.clientWidth, 360) + 1)
      .map((each) => `${each.localName}.${each.className} is ${each.scrollWidth} px wide: ${[...each.querySelectorAll('*')].filter((inner) => inner.getBoundingClientRect().right > 361).slice(-3).map((inner) => `${inner.localName}.${inner.className}`).join(', ')}`));
    const lists = ['', '?list=contacts', '?list=following', '?list=followers', '?list=blocked', '?list=muted', '?list=always', '?list=never', '/requests', `/${people.me}`, `/${people.one}`, `/${people.blocked}`];
    for (const path of [...lists.map((list) => `/people${list}`), '/settings', '/settings/reach', '/calls', '/welcome']) {
      await page.goto(server.url + path);
      if (path === '/calls') await expect(page.getByRole('heading', { name: 'Recent calls' })).toBeVisible();
      expect(await stickingOut(), path).toEqual([]);
    }
    for (const path of ['/', `/r/${people.talk}`]) {
      await page.goto(server.url + path);
      await expect(path === '/' ? page.locator('room-list').getByRole('link').first() : page.locator('.call-card').first()).toBeVisible();
      expect(await stickingOut(), path).toEqual([]);
    }
    await page.goto(server.url);
    await page.locator('room-list').getByRole('link').first().tap();
    await page.locator('room-header').getByRole('button', { name: 'Members' }).tap();
    await expect(page.locator('.panel-scroll').getByRole('button', { name: /wolkenstein/ }).first()).toBeVisible();
    expect(await stickingOut(), 'the members of a room').toEqual([]);
    await page.locator('.panel-scroll').getByRole('button', { name: /wolkenstein/ }).first().tap();
    await expect(page.locator('.profile')).toBeVisible();
    expect(await stickingOut(), 'somebody in the panel').toEqual([]);
  });
});
