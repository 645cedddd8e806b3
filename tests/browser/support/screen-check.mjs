// What stands on a timeline beside what the server has: rows that are missing, twice, out of order or different.

/** One message as it can be compared. @typedef {{id: string, seq: number, text: string, reactions: string}} Row */

/** The messages of an answer of the API, as rows, oldest first. @param {any[]} items newest first @returns {Row[]} */
export const stored = (items) =>
  items.toReversed().map(({ id, seq, body, edited_at, deleted, reactions }) => ({
    id,
    seq,
    text: deleted ? 'deleted' : `${body}${edited_at === null ? '' : ' (edited)'}`,
    reactions: reactions.map(({ emoji, members }) => `${emoji}${members.length}`).join(' '),
  }));

/** The rows that the page has drawn, in their order on the screen. @param {import('@playwright/test').Page} page @returns {Promise<Row[]>} */
export const drawn = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('[role=feed] article[data-seq]')].map((row) => {
      const { key, seq, deleted } = /** @type {HTMLElement} */ (row).dataset;
      const words = row.querySelector('.message-body').textContent.trim();
      const pressed = [...row.querySelectorAll('.reaction[aria-pressed]')];
      return {
        id: key.slice(1),
        seq: Number(seq),
        text: deleted === undefined ? `${words}${row.querySelector('span.message-mark') ? ' (edited)' : ''}` : 'deleted',
        reactions: pressed.map((each) => [...each.children].map((part) => part.textContent).join('')).join(' '),
      };
    }),
  );

/** Every row of the page, read on the way from its end to its beginning. @param {import('@playwright/test').Page} page @returns {Promise<Row[][]>} one list for each place where it was read */
export async function read(page) {
  const views = [];
  const scroller = page.locator('.timeline-scroll[tabindex]');
  await scroller.evaluate((it) => (it.scrollTop = it.scrollHeight));
  for (;;) {
    // Two frames: one in which the browser tells of the scrolling, one in which the rows are drawn.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.waitForFunction(() => document.querySelector('[role=feed]').getAttribute('aria-busy') !== 'true');
    views.push(await drawn(page));
    const isAtTop = await scroller.evaluate((it) => {
      const isThere = it.scrollTop < 1 && it.querySelector('.timeline-start') !== null;
      it.scrollTop -= it.clientHeight / 2;
      return isThere;
    });
    if (isAtTop) return views;
  }
}

/**
 * What is wrong with these rows, which should be a stretch of what is stored without a hole. `toEnd`: the stretch reaches the last one.
 * @param {Row[]} rows @param {Row[]} all @param {{toEnd?: boolean}} [options]
 * @returns {{kind: 'missing' | 'twice' | 'order' | 'phantom' | 'different', what: string}[]}
 */
export function faults(rows, all, { toEnd = false } = {}) {
  const found = [];
  const add = (kind, what) => void found.push({ kind, what });
  const known = new Map(all.map((row, at) => [row.id, { row, at }]));
  const seen = new Set();
  let last = null;
  for (const row of rows) {
    const one = known.get(row.id);
    if (!one) add('phantom', `${row.id} at ${row.seq} is not stored`);
    if (seen.has(row.id)) add('twice', `${row.id} at ${row.seq}`);
    seen.add(row.id);
    if (!one) continue;
    if (last !== null && one.at < last) add('order', `${row.id} stands after a later one`);
    if (last !== null && one.at > last + 1) add('missing', `${one.at - last - 1} before ${row.id}`);
    last = one.at;
    for (const part of ['seq', 'text', 'reactions']) {
      if (row[part] !== one.row[part]) add('different', `${part} of ${row.id}: ${row[part]} instead of ${one.row[part]}`);
    }
  }
  if (toEnd && last !== all.length - 1) add('missing', `${last === null ? all.length : all.length - 1 - last} at the end`);
  return found;
}
