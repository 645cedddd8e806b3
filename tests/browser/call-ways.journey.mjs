// What a call offers beside seeing and hearing: an answer in words, one picture kept large, a picture of its own window, a screen that stays awake.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';
import { bar, callOf, conversation, DEVICES, endOf, enter, launchOptions, moves, press, ring, sheet, town } from './support/calls.mjs';

test.use({ launchOptions });

/** What the page asks of the system is written down. */
const listen = () => {
  const asked = [];
  Object.assign(window, { asked });
  const sentinel = { release: () => (asked.push('may sleep'), Promise.resolve()) };
  Object.defineProperty(navigator, 'wakeLock', { configurable: true, value: { request: (kind) => (asked.push(`${kind} stays awake`), Promise.resolve(sentinel)) } });
  Object.defineProperty(document, 'pictureInPictureEnabled', { configurable: true, value: true });
  HTMLVideoElement.prototype.requestPictureInPicture = function () {
    asked.push(`a window with ${this.closest('.tile')?.getAttribute('aria-label')}`);
    return Promise.reject(new DOMException('', 'NotAllowedError'));
  };
};
const asked = (page) => page.evaluate(() => /** @type {any} */ (window).asked);

/** Mara and Bruno, who know each other. */
const two = async (start, someone) => {
  const place = await town(start, ['mara'], ['bruno']);
  await conversation(place, 'mara', 'bruno');
  const people = [await someone('mara', DEVICES), await someone('bruno', DEVICES)];
  await people[0].page.addInitScript(listen);
  const [mara, bruno] = [await enter(people[0], place.server, 'mara'), await enter(people[1], place.server, 'bruno')];
  return { ...place, mara, bruno };
};

test('whoever cannot talk now answers in words, ready or their own', async ({ start, someone }) => {
  const { mara, bruno, ids } = await two(start, someone);
  await acts.openRoom(mara, 'Bruno');
  const reply = async (choose) => {
    await ring(mara, ids.bruno);
    await sheet(bruno, 'Mara').getByRole('button', { name: 'Reply with a message' }).click();
    await choose();
    await expect(endOf(mara)).toContainText('Declined');
    await expect(sheet(bruno)).toHaveCount(0);
    await endOf(mara).getByRole('button', { name: 'Close' }).click();
  };
  await reply(() => bruno.getByRole('menuitem', { name: 'I will call you later.' }).click());
  await expect(acts.message(mara, 'I will call you later.')).toHaveCount(1);
  await reply(async () => {
    await bruno.getByRole('menuitem', { name: 'Write something else' }).click();
    const dialog = bruno.getByRole('dialog', { name: 'Message to Mara' });
    await expect(dialog.getByRole('button', { name: 'Send and decline' })).toBeDisabled();
    await dialog.getByLabel('Your message').fill('On the ladder, ten minutes.');
    await dialog.getByRole('button', { name: 'Send and decline' }).click();
  });
  await expect(acts.message(mara, 'On the ladder, ten minutes.')).toHaveCount(1);
});

test('in a call the screen stays awake, a picture can have its own window, and one is kept large', async ({ start, someone }) => {
  const { mara, bruno, ids } = await two(start, someone);
  await ring(mara, ids.bruno, true);
  await sheet(bruno, 'Mara').getByRole('button', { name: 'Accept', exact: true }).click();
  await moves(mara, 'Bruno');
  expect(await asked(mara)).toEqual(['screen stays awake']);

  await bar(mara).getByRole('button', { name: 'More' }).click();
  await mara.getByRole('menuitem', { name: 'Picture in picture' }).click();
  await expect.poll(() => asked(mara)).toContain('a window with Bruno');

  // Two are equally large until one is chosen.
  const large = callOf(mara).locator('.tile[data-stage]');
  await expect(large).toHaveCount(2);
  await mara.getByRole('article', { name: 'Bruno' }).hover();
  await press(mara, 'Keep Bruno large');
  await expect(large).toHaveAttribute('aria-label', 'Bruno');
  await moves(mara, 'Bruno');
  await mara.getByRole('article', { name: 'Bruno' }).hover();
  await press(mara, 'Do not keep Bruno large');
  await expect(large).toHaveCount(2);

  await bar(mara).getByRole('button', { name: 'Leave call' }).click();
  await expect.poll(() => asked(mara)).toContain('may sleep');
});
