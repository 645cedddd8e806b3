// Cards of calls cover nothing of a page that somebody must press: one scrolls past who rings, and past what was missed.
import { expect, test } from './support/journey.mjs';
import { callOf, conversation, DEVICES, enter, launchOptions, ring, sheet, town } from './support/calls.mjs';

test.use({ launchOptions });

/** What one cannot press, having scrolled to it: something else lies over its middle. */
const covered = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll('body > :not(call-stage) :is(a[href], button, input, select, summary)')].filter(
      (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.matches('.visually-hidden, [type=hidden]'),
    );
    const hit = (element) => {
      element.scrollIntoView({ block: 'center', behavior: 'instant' });
      const box = element.getBoundingClientRect();
      if (box.width < 8 || box.height < 8) return true;
      const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      return found !== null && !found.closest('call-stage');
    };
    return shown.filter((element) => !hit(element)).map((element) => element.outerHTML.slice(0, 120));
  });

test('cards of calls lie over nothing that one must press', async ({ start, someone }) => {
  test.setTimeout(180_000);
  const place = await town(start, ['mara', 'bruno'], []);
  await conversation(place, 'mara', 'bruno');
  const { server, ids } = place;
  const mara = await enter(await someone('mara', DEVICES), server, 'mara');
  const bruno = await enter(await someone('bruno', DEVICES), server, 'bruno', '/people');
  await bruno.setViewportSize({ width: 1440, height: 900 });
  const widths = [[360, 740], [768, 900], [1440, 900]];

  await test.step('somebody rings: the directory can be used all the same', async () => {
    await ring(mara, ids.bruno);
    await expect(sheet(bruno, 'Mara')).toBeVisible();
    expect(await covered(bruno)).toEqual([]);
  });

  await test.step('what was missed covers nothing on a page, on a phone neither', async () => {
    await callOf(mara).getByRole('button', { name: 'Cancel call' }).click();
    await expect(bruno.getByRole('heading', { name: 'Missed call' })).toBeVisible();
    for (const [width, height] of widths) {
      await bruno.setViewportSize({ width, height });
      expect(await covered(bruno), `${width}`).toEqual([]);
    }
  });
});
