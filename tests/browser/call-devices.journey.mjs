// A call with what not everybody has: no camera, a microphone that is refused, no mouse, a narrow window.
import { chromium } from '@playwright/test';
import { expect, test } from './support/journey.mjs';
import { chromiumPath } from './support/browsers.mjs';
import { measure } from './support/measure.mjs';
import { Person } from './support/person.mjs';
import * as acts from './support/acts.mjs';
import { bar, callArgs, callOf, conversation, counted, DEVICES, enter, hears, launchOptions, moves, ring, sheet, town } from './support/calls.mjs';

test.use({ launchOptions });

test('a call without a camera, without a microphone, without a mouse', async ({ start, someone }) => {
  test.setTimeout(180_000);
  const place = await town(start, ['mara'], ['bruno', 'ines']);
  const { server, ids } = place;
  await conversation(place, 'mara', 'bruno');
  const mara = await enter(await someone('mara', DEVICES), server, 'mara');
  const browsers = [];
  /** Somebody at a browser that was started otherwise. */
  const otherwise = async (name, args, options) => {
    const browser = await chromium.launch({ executablePath: chromiumPath, args });
    browsers.push(browser);
    const person = await Person.at(browser, name, options);
    // A browser that has only just started opens its media for the first time, on a machine that runs three of them.
    person.expects(/long task/);
    return person;
  };
  try {
    const blind = await otherwise('bruno', [...callArgs.filter((each) => !each.startsWith('--use-fake-device')), '--use-fake-device-for-media-stream=device-count=0'], DEVICES);
    const bruno = await enter(blind, server, 'bruno');

    await test.step('with the keyboard alone: to who rings, accepted, muted, left, and back to where one was', async () => {
      await acts.openRoom(bruno, 'Mara');
      await acts.composer(bruno).focus();
      await ring(mara, ids.bruno, true);
      await expect(sheet(bruno, 'Mara')).toBeVisible();
      await expect(acts.composer(bruno), 'whoever writes is not torn out of it').toBeFocused();
      await bruno.keyboard.press('Control+Shift+Enter');
      await expect(sheet(bruno).getByRole('button', { name: 'Accept', exact: true })).toBeFocused();
      await bruno.keyboard.press('Enter');
      await moves(bruno, 'Mara');
      await expect(callOf(bruno).getByRole('heading', { name: 'Mara' }), 'the call has the focus').toBeFocused();
      await bruno.keyboard.press('Control+Shift+Enter');
      const mic = bar(bruno).getByRole('button', { name: 'Turn microphone off' });
      await expect(mic).toBeFocused();
      await bruno.keyboard.press('Enter');
      await expect(mara.getByRole('article', { name: /Bruno.*microphone off/ })).toBeVisible();
      await bruno.keyboard.press('Control+Shift+Space');
      await expect(mara.getByRole('article', { name: /Bruno.*microphone off/ })).toHaveCount(0);
    });

    await test.step('there is no camera: the call goes on with the voice, and it says so', async () => {
      await expect(bruno.getByText('No camera was found. Plug one in and try again.').first()).toBeVisible();
      await hears(mara);
      expect((await counted(mara)).frames, 'no picture of him').toBe(0);
    });

    await test.step('at 320 px everything is there, large enough, and nothing moves that need not', async () => {
      await bruno.emulateMedia({ reducedMotion: 'reduce' });
      await bruno.setViewportSize({ width: 320, height: 640 });
      expect(await measure(bruno, true)).toEqual([]);
      expect(await bruno.evaluate(() => document.getAnimations().filter((each) => each.playState === 'running').length)).toBe(0);
      await bruno.setViewportSize({ width: 1280, height: 800 });
    });

    await test.step('the bar is one stop: arrows lead through it, and the last button leaves', async () => {
      await bruno.keyboard.press('Control+Shift+Enter');
      await bruno.keyboard.press('End');
      await expect(bar(bruno).getByRole('button', { name: 'Leave call' })).toBeFocused();
      await bruno.keyboard.press('Enter');
      await expect(callOf(bruno)).toHaveCount(0);
      await expect(callOf(mara)).toHaveCount(0);
      await expect(acts.composer(bruno), 'back to where one was').toBeFocused();
    });

    const refused = await otherwise('ines', callArgs.filter((each) => each !== '--use-fake-ui-for-media-stream'), { permissions: ['notifications'] });
    const ines = await enter(refused, server, 'ines');

    await test.step('the browser refuses the microphone: one hears the others, and how to mend it is said', async () => {
      await ring(mara, ids.ines);
      await sheet(ines, 'Mara').getByRole('button', { name: 'Accept', exact: true }).click();
      await hears(ines);
      await expect(ines.getByText('The browser does not let this page use the microphone').first()).toBeVisible();
      await expect(mara.getByRole('article', { name: /Ines.*microphone off/ })).toBeVisible();
    });

    await test.step('allowed after all, it is used at once', async () => {
      await refused.context.grantPermissions(['microphone', 'notifications'], { origin: server.url });
      await ines.getByRole('status').filter({ hasText: 'The browser does not let this page use the microphone' }).getByRole('button', { name: 'Try again' }).click();
      await hears(mara);
      await expect(ines.getByText('The browser does not let this page use the microphone')).toHaveCount(0);
      await bar(ines).getByRole('button', { name: 'Leave call' }).click();
      await expect(callOf(mara)).toHaveCount(0);
    });
    expect([...blind.troubles(), ...refused.troubles()], 'what these two met').toEqual([]);
  } finally {
    for (const browser of browsers) await browser.close();
  }
});
