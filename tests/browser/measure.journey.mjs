// The measuring itself: each fault that bin/screens looks for is put on a page and must be found, and a sound page passes.
import { expect, test } from '@playwright/test';
import { measure } from './support/measure.mjs';
import { Person } from './support/person.mjs';

const page = (body) => `<!doctype html><html lang="en"><title>Measured</title><link rel="icon" href="data:,">
<style>body { margin: 16px; font: 16px/1.5 sans-serif; color: #111; background: #fff }
button { min-width: 44px; height: 44px }</style><main><h1>Measured</h1>${body}</main></html>`;

const faults = {
  'nothing wrong': ['<p>Text with <a href="#x">a link</a> in it.</p><button>Go</button>', null],
  'a page wider than the screen': ['<p><span style="display:inline-block;width:2000px">wide</span></p>', /^overflow: .*2\d{3} px/],
  'text cut off': ['<p style="width:60px;overflow:hidden;white-space:nowrap">A sentence that is cut</p>', /^clipped: .*A sentence/],
  'text taller than its box': ['<p style="height:10px;overflow:hidden">Tall<br>text</p>', /^clipped: .*of height/],
  'a small target beside another': [
    '<button style="min-width:0;width:20px;height:20px;padding:0">x</button><button style="min-width:0;width:20px;height:20px;padding:0">y</button>',
    /^target: .*20 × 20 and beside/,
  ],
  'a covered control': [
    '<button>Under</button><div style="position:fixed;inset:0;background:#eee"></div>',
    /^covered: <button> “Under”/,
  ],
  'two controls on one spot': ['<button>One</button><button style="margin-inline-start:-20px">Two</button>', /^overlap: .*One.*Two/],
  'low contrast': ['<p style="color:#bbb">Faint words</p>', /^axe color-contrast/],
  'a field without a name': ['<input style="width:200px;height:44px">', /^axe label/],
};

for (const [name, [body, expected]] of Object.entries(faults)) {
  test(`measures ${name}`, async ({ page: tab }) => {
    await tab.setContent(page(body));
    const found = await measure(tab, false);
    if (expected === null) expect(found).toEqual([]);
    else expect(found).toContainEqual(expect.stringMatching(expected));
  });
}

test('a person notices what the browser notices', async ({ browser }) => {
  const person = await Person.at(browser, 'watcher');
  await person.page.route('http://watched.test/', (route) =>
    route.fulfill({
      contentType: 'text/html',
      headers: { 'content-security-policy': "default-src 'none'; script-src 'nonce-a'" },
      body: `<!doctype html><title>Watched</title>${"<p>A line that will be moved down.</p>".repeat(9)}<img src="/x.png" alt="">
        <script nonce="a">
          console.error('said aloud');
          requestAnimationFrame(() => setTimeout(() => {
            const end = performance.now() + 1_200; while (performance.now() < end);
            const tall = document.createElement('hr'); tall.width = 1; document.body.prepend(tall);
            for (let i = 0; i < 9; i++) document.body.prepend(document.createElement('hr'));
            setTimeout(() => { throw new Error('thrown') }, 0);
          }, 100));
        </script>`,
    }),
  );
  await person.page.goto('http://watched.test/');
  for (const trouble of [/content security policy: img-src/, /said aloud/, /page error: .*thrown/, /layout shift/, /long task of/]) {
    await expect.poll(() => person.troubles()).toContainEqual(expect.stringMatching(trouble));
  }
  person.expects(/said aloud/);
  expect(person.troubles().filter((trouble) => /said aloud/.test(trouble))).toEqual([]);
  await person.context.close();
});
