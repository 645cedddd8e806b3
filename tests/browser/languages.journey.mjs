// The same screens in French, and right-to-left text that keeps its direction inside any page.
import { expect, test } from './support/journey.mjs';
import * as acts from './support/acts.mjs';

test('a French browser gets French pages', async ({ startDemo, someone }) => {
  const server = await startDemo();
  const luce = await someone('luce', { locale: 'fr-FR' });
  await luce.page.goto(`${server.url}/sign-in`);
  await expect(luce.page.locator('html')).toHaveAttribute('lang', 'fr');
  await expect(luce.page.getByRole('button', { name: 'Se connecter' })).toBeVisible();

  // A member who asked for English keeps it in any browser, and may ask for French.
  await acts.enterDemo(luce.page, await server.demoAddress('free'));
  await expect(luce.page.locator('html')).toHaveAttribute('lang', 'en');
  await luce.page.goto(`${server.url}/settings/look`);
  await luce.page.getByLabel('Language').selectOption('fr');
  await luce.page.getByRole('button', { name: 'Save' }).click();
  await expect(luce.page.locator('html')).toHaveAttribute('lang', 'fr');
  await luce.page.goto(server.url);
  await expect(luce.page.locator('room-list')).toBeVisible();
  await expect(luce.page.getByRole('navigation', { name: 'Salons' })).toBeVisible();
  // No word is left out: a missing one would show its key.
  const text = await luce.page.locator('body').innerText();
  expect(text).not.toMatch(/\b(?:shell|members|chat|admin|setup|error)\.[a-z_]+\b/);
});

test('right-to-left text runs its own way', async ({ startDemo, someone }) => {
  const server = await startDemo();
  const owner = await someone('owner');
  await acts.enterDemo(owner.page, await server.demoAddress('owner'));
  await expect(owner.page.locator('room-list')).toBeVisible();
  const hebrewOrArabic = /[\u0590-\u06FF]/;
  await acts.openRoom(owner.page, acts.rightToLeftRoom);
  const spoken = acts.timeline(owner.page).getByRole('article').filter({ hasText: hebrewOrArabic }).first();
  await expect(spoken).toBeVisible();
  const direction = await spoken.evaluate((article) => {
    const walk = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      if (/[\u0590-\u06FF]{3}/.test(walk.currentNode.nodeValue)) return getComputedStyle(walk.currentNode.parentElement).direction;
    }
    return null;
  });
  expect(direction).toBe('rtl');
});
