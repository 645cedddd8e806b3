// Only the text of template literals becomes HTML.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markUp } from '../../../static/lib/html.js';

const strings = (parts, ..._holes) => parts;
const marks = (parts) => markUp('', parts).replaceAll('\uE000', '%');

test('holes are marked as comments between tags and as text inside them', () => {
  assert.equal(marks(strings`<p class="a ${1} b">${2}</p>`), '<p class="a %0% b"><!--%1%--></p>');
  assert.equal(marks(strings`${1}<b ?hidden=${2}>x</b>`), '<!--%0%--><b ?hidden=%1%>x</b>');
});

test('a value never becomes part of the template', () => {
  const evil = '<img src=x onerror=alert(1)>';
  assert.ok(!marks(strings`<p>${evil}</p>`).includes('img'));
});

test('nothing but a genuine template is accepted', () => {
  const parts = ['<img src=x>'];
  const forged = Object.freeze(Object.assign(['<img src=x>'], { raw: Object.freeze(['<img src=x>']) }));
  for (const other of [parts, forged, Object.freeze([...parts]), JSON.parse('["<p>"]'), '<p>', null, undefined, { raw: parts }]) {
    assert.throws(() => markUp('', other), TypeError);
  }
});
