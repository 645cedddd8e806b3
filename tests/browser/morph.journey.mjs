// A part of a page that is brought up to its newer copy keeps what people have in hand.
import { readFile } from 'node:fs/promises';
import { expect, test } from './support/journey.mjs';

/** A page of nothing but the module: `change(html)` brings what stands there up to that. */
async function bare(page) {
  await page.route('http://parts.test/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/morph.js') return route.fulfill({ contentType: 'text/javascript', body: await readFile('static/lib/morph.js', 'utf8') });
    return route.fulfill({ contentType: 'text/html', body: '<!doctype html><html lang="en"><title>Parts</title><main></main></html>' });
  });
  await page.goto('http://parts.test/');
  await page.evaluate(async () => {
    const { morph } = await import(/** @type {any} */ ('/morph.js'));
    const main = () => document.querySelector('main');
    Object.assign(globalThis, {
      begin: (html) => Object.assign(main(), { innerHTML: html }),
      change: (html) => morph(main(), Object.assign(document.createElement('main'), { innerHTML: html })),
      html: () => main().innerHTML,
      at: (id) => document.getElementById(id),
    });
  });
}

test('what people have in hand stays when a page is brought up to date', async ({ someone }) => {
  const { page } = await someone('nobody');
  await bare(page);
  const said = (run) => page.evaluate(run);

  await test.step('a field that was changed keeps its words, one that was not follows', async () => {
    const found = await said(() => {
      globalThis.begin('<input id="a" value="old"><input id="b" value="old"><input id="c" type="checkbox"><textarea id="d">old</textarea>');
      globalThis.at('a').value = 'mine';
      globalThis.at('c').checked = true;
      globalThis.change('<input id="a" value="new"><input id="b" value="new"><input id="c" type="checkbox" data-x="1"><textarea id="d">new</textarea>');
      return ['a', 'b', 'd'].map((id) => globalThis.at(id).value).concat(String(globalThis.at('c').checked));
    });
    expect(found).toEqual(['mine', 'new', 'new', 'true']);
  });

  await test.step('the focus stays on its row when others come above it and go', async () => {
    const row = (id) => `<li id="${id}"><button>${id}</button></li>`;
    await page.evaluate((html) => globalThis.begin(html), `<ul>${['a', 'b'].map(row).join('')}</ul>`);
    await page.getByRole('button', { name: 'b' }).focus();
    for (const rows of [['c', 'a', 'b'], ['c', 'b'], ['d', 'c', 'b', 'a'], ['b', 'd', 'a', 'c'], ['a', 'c', 'd', 'b'], ['a', 'e', 'b', 'c', 'd'], ['b']]) {
      await page.evaluate((html) => globalThis.change(html), `<ul>${rows.map(row).join('')}</ul>`);
      expect(await said(() => [...document.querySelectorAll('li')].map((each) => each.id))).toEqual(rows);
    }
    await expect(page.getByRole('button', { name: 'b' })).toBeFocused();
  });

  await test.step('what was opened stays open, and errors are their form’s to say', async () => {
    const found = await said(() => {
      globalThis.begin('<details id="more"><summary>More</summary><p>old</p></details><form><div data-errors></div></form>');
      globalThis.at('more').open = true;
      document.querySelector('[data-errors]').textContent = 'Wrong.';
      globalThis.change('<details id="more"><summary>More</summary><p>new</p></details><form><div data-errors></div></form>');
      return [globalThis.at('more').open, document.querySelector('p').textContent, document.querySelector('[data-errors]').textContent];
    });
    expect(found).toEqual([true, 'new', 'Wrong.']);
  });

  await test.step('an element that finished itself is made anew only where the server says something else', async () => {
    const found = await said(() => {
      globalThis.begin('<time-ago id="t" datetime="1"></time-ago>');
      const first = globalThis.at('t');
      first.textContent = 'a moment ago';
      globalThis.change('<time-ago id="t" datetime="1"></time-ago><p>more</p>');
      const kept = globalThis.at('t') === first && first.textContent;
      globalThis.change('<time-ago id="t" datetime="2"></time-ago><p>more</p>');
      return [kept, globalThis.at('t') === first];
    });
    expect(found).toEqual(['a moment ago', false]);
  });

  await test.step('in the end it is the newer copy', async () => {
    for (const html of ['<p>a</p>text<b>c</b>', '<b id="x">c</b><p>a</p>', '', '<section aria-labelledby="h"><h2 id="h">T</h2></section><i>x</i>', '<i>x</i>']) {
      await page.evaluate((to) => globalThis.change(to), html);
      expect(await said(() => globalThis.html())).toBe(html);
    }
  });
});
