// Notices of the browser's own: only for whoever let it show them, and only where nobody looks.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { isNews, mayNotice, showNotice } from '../../../static/lib/desktop-notice.js';

const shown = [];
class Shown {
  static permission = 'granted';
  isClosed = false;
  constructor(title, options) {
    Object.assign(this, { title, options });
    shown.push(this);
  }
  close() {
    this.isClosed = true;
  }
}
/** The tab, as it is looked at or not. */
const tab = { visibilityState: 'visible', hasFocus: () => tab.isInFront, isInFront: false };
let focused = 0;

beforeEach(() => {
  Object.assign(globalThis, { window: { Notification: Shown, focus: () => focused++ }, Notification: Shown, document: tab });
  Object.assign(tab, { visibilityState: 'visible', isInFront: false });
  Shown.permission = 'granted';
});

test('one is shown where nobody looks, and the browser may', () => {
  assert.equal(mayNotice(), true, 'another window is in front');
  tab.isInFront = true;
  assert.equal(mayNotice(), false, 'I look at it');
  tab.visibilityState = 'hidden';
  assert.equal(mayNotice(), true, 'the tab is behind another');
  for (const permission of ['default', 'denied']) {
    Shown.permission = permission;
    assert.equal(mayNotice(), false, permission);
  }
  Object.assign(globalThis, { window: {} });
  assert.equal(mayNotice(), false, 'a browser that has none');
});

test('pressed it brings the tab to the front and does its one act', () => {
  let pressed = 0;
  showNotice('Marta', { tag: '7', body: 'Hello', press: () => pressed++ });
  const [notice] = shown;
  assert.deepEqual([notice.title, notice.options], ['Marta', { body: 'Hello', tag: 'rialto-7', dir: 'auto' }]);
  notice.onclick();
  assert.deepEqual([focused, pressed, notice.isClosed], [1, 1, true]);
});

test('what is older than a minute is no news', () => {
  assert.deepEqual([isNews(Date.now()), isNews(Date.now() - 61_000)], [true, false]);
});

test('a browser that lets only service workers show them stops nothing', () => {
  class Illegal {
    static permission = 'granted';
    constructor() {
      throw new TypeError('Illegal constructor.');
    }
  }
  Object.assign(globalThis, { window: { Notification: Illegal }, Notification: Illegal });
  assert.equal(mayNotice(), true);
  showNotice('Marta', { tag: '7' });
});
