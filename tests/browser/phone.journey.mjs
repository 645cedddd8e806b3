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
});
