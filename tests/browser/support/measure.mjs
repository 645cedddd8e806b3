// What is measured on a screen: overflow, clipped text, covered or overlapping controls, small targets, axe's findings.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/**
 * Runs in the page: geometry that a person would stumble over.
 * @param {{smallest: number}} limits the least width and height of a target, in CSS pixels
 */
const geometry = ({ smallest }) => {
  const found = [];
  const width = document.documentElement.clientWidth;
  const height = document.documentElement.clientHeight;
  const name = (el) => {
    const text = (el.getAttribute('aria-label') || el.innerText || el.getAttribute('name') || '').trim().replace(/\s+/g, ' ').slice(0, 40);
    const classes = (el.getAttribute('class') ?? '').trim().split(/\s+/).filter(Boolean).map((c) => `.${c}`).join('');
    return `<${el.localName}${classes}> “${text}”`;
  };
  // What a dialog, a menu or somebody who rings lies over is not aimed at.
  const scope = document.querySelector(':popover-open') ?? document.querySelector('dialog:modal') ?? document.querySelector('[role=alertdialog]') ?? document.body;
  const seen = (el) => {
    if (!el.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) || el.closest('[inert]')) return false;
    const box = el.getBoundingClientRect();
    // One pixel or a clip is how text for screen readers is kept off the screen.
    return box.width > 2 && box.height > 2 && getComputedStyle(el).clipPath === 'none';
  };

  // Less than half of it is left by the boxes that it scrolls in, or it waits above the page for the focus.
  const isScrolledAway = (el) => {
    const box = el.getBoundingClientRect();
    let [top, bottom, left, right] = [box.top, box.bottom, box.left, box.right];
    for (let up = el.parentElement; up && up !== document.body; up = up.parentElement) {
      if (getComputedStyle(up).overflow === 'visible') continue;
      const edge = up.getBoundingClientRect();
      [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
      [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
    }
    const shown = Math.max(0, bottom - top) * Math.max(0, right - left);
    const scrolls = getComputedStyle(el).position !== 'fixed';
    return shown < (box.width * box.height) / 2 || box.bottom + (scrolls ? scrollY : 0) <= 0;
  };

  if (document.documentElement.scrollWidth > width) {
    const widest = [...document.body.querySelectorAll('*')]
      .filter((el) => seen(el) && el.getBoundingClientRect().right > width + 1)
      .map(name);
    found.push(`overflow: the page is ${document.documentElement.scrollWidth} px wide on ${width}: ${widest.slice(-3).join('; ')}`);
  }

  for (const el of scope.querySelectorAll('*')) {
    const own = [...el.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim());
    if (!own || el.closest('svg') || !seen(el)) continue;
    const style = getComputedStyle(el);
    if (style.display === 'inline' || style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none') continue;
    const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
    if (!scrolls && el.scrollWidth > el.clientWidth + 1 && el.clientWidth > 0) {
      found.push(`clipped: ${name(el)} needs ${el.scrollWidth} px and has ${el.clientWidth}`);
    } else if (/hidden|clip/.test(style.overflowY) && el.scrollHeight > el.clientHeight + 1) {
      found.push(`clipped: ${name(el)} needs ${el.scrollHeight} px of height and has ${el.clientHeight}`);
    }
  }

  const controls = [
    ...scope.querySelectorAll(
      'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab], [role=switch], [role=menuitem]',
    ),
  ].filter((el) => seen(el) && !isScrolledAway(el));
  const boxes = controls.map((el) => {
    const label = el.matches('input') ? el.closest('label') : null;
    return { el, box: el.getBoundingClientRect(), target: (label ?? el).getBoundingClientRect() };
  });
  // A target is too small when it is less than the smallest size and a pointer aimed at its middle could meet
  // another one instead: the rule of WCAG 2.5.8, with a finger's size where fingers point.
  const reach = smallest / 2;
  const reachable = (el, x, y) => {
    const hit = document.elementFromPoint(x, y);
    return hit !== null && (el === hit || el.contains(hit));
  };
  // A link inside a sentence is exempt: its size is that of the text.
  const inSentence = (el) =>
    el.matches('a') && getComputedStyle(el).display === 'inline' && el.parentElement.innerText.trim() !== el.innerText.trim();
  // What floats over a list covers nothing for good, when the list can still be scrolled to bring it out.
  const comesOut = (el, cover) => {
    for (let up = el.parentElement; up; up = up.parentElement) {
      if (up.contains(cover) && getComputedStyle(cover).position !== 'sticky') return false;
      if (up.scrollHeight <= up.clientHeight || !/auto|scroll/.test(getComputedStyle(up).overflowY)) continue;
      const [box, over] = [el.getBoundingClientRect(), cover.getBoundingClientRect()];
      return over.bottom - box.top <= up.scrollTop || box.bottom - over.top <= up.scrollHeight - up.clientHeight - up.scrollTop;
    }
    return false;
  };
  /** What it stands in, where that floats over the page. */
  const floats = (el) => el.closest('call-stage > *');
  const covered = new Map();
  for (const { el, box } of boxes) {
    const x = box.x + box.width / 2;
    const y = box.y + box.height / 2;
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const hit = document.elementFromPoint(x, y);
    const label = hit?.closest('label');
    if (hit && hit !== el && !el.contains(hit) && !hit.contains(el) && label?.control !== el) {
      const cover = hit.closest('dialog, aside, [popover], header, nav, [role=status]') ?? hit;
      if (comesOut(el, cover)) continue;
      covered.set(cover, [...(covered.get(cover) ?? []), el]);
    }
  }
  for (const [cover, under] of covered) {
    const names = under.slice(0, 3).map(name).join(', ');
    found.push(`covered: ${names}${under.length > 3 ? ` and ${under.length - 3} more` : ''} by ${name(cover)}`);
  }
  const isCovered = (el) => [...covered.values()].some((under) => under.includes(el));
  for (const { el, target } of boxes) {
    if (inSentence(el) || isCovered(el) || (target.width >= smallest - 0.5 && target.height >= smallest - 0.5)) continue;
    const [cx, cy] = [target.x + target.width / 2, target.y + target.height / 2];
    const grown =
      reachable(el, cx - reach + 1, cy) && reachable(el, cx + reach - 1, cy) && reachable(el, cx, cy - reach + 1) && reachable(el, cx, cy + reach - 1);
    const near = boxes.find(({ el: other, box: its }) => {
      if (other === el || other.contains(el) || el.contains(other) || inSentence(other) || isCovered(other) || comesOut(el, other)) return false;
      const dx = Math.max(its.left - cx, 0, cx - its.right);
      const dy = Math.max(its.top - cy, 0, cy - its.bottom);
      return Math.hypot(dx, dy) < reach;
    });
    if (!grown && near) {
      found.push(`target: ${name(el)} is ${Math.round(target.width)} × ${Math.round(target.height)} and beside ${name(near.el)}`);
    }
  }
  for (let i = 0; i < boxes.length; i++) {
    for (let j = i + 1; j < boxes.length; j++) {
      const [a, b] = [boxes[i], boxes[j]];
      if (a.el.contains(b.el) || b.el.contains(a.el) || a.el.closest('label')?.contains(b.el)) continue;
      if (isCovered(a.el) || isCovered(b.el)) continue;
      if ([[a, b], [b, a]].some(([under, over]) => floats(over.el) && comesOut(under.el, floats(over.el)))) continue;
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (wide <= 2 || high <= 2) continue;
      const x = Math.max(a.box.left, b.box.left) + wide / 2;
      const y = Math.max(a.box.top, b.box.top) + high / 2;
      // Both are really there: what a scrolling box cuts off is not.
      const hits = document.elementsFromPoint(x, y);
      if ([a, b].every(({ el }) => hits.some((hit) => el.contains(hit)))) found.push(`overlap: ${name(a.el)} and ${name(b.el)}`);
    }
  }
  return [...new Set(found)];
};

/**
 * Everything measurable that is wrong with the page as it stands.
 * @param {import('@playwright/test').Page} page
 * @param {boolean} coarse whether a finger points
 * @returns {Promise<string[]>}
 */
export const measure = async (page, coarse) => {
  const found = await page.evaluate(geometry, { smallest: coarse ? 44 : 24 });
  return [...found, ...(await accessibility(page))];
};

/**
 * What axe finds, one line for each element.
 * @param {import('@playwright/test').Page} page
 * @returns {Promise<string[]>}
 */
export const accessibility = async (page) => {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(`${axe};void 0`);
  const { violations } = await page.evaluate((rules) => window['axe'].run(document, { runOnly: rules }), RULES);
  return violations.flatMap((violation) =>
    violation.nodes.slice(0, 4).map((node) => `axe ${violation.id}: ${node.target.join(' ')} ${node.any[0]?.message ?? violation.help}`),
  );
};
