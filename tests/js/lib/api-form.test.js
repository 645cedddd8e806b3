// A form that is sent again with the same content is the same wish: its key stays until the answer is good.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from './support.js';

/** As little of a page as the element needs. */
class Stand extends EventTarget {
  childNodes = [];
  parentNode = null;
  get nextSibling() {
    return this.parentNode?.childNodes[this.parentNode.childNodes.indexOf(this) + 1] ?? null;
  }
  insertBefore(node, before) {
    const at = before ? this.childNodes.indexOf(before) : this.childNodes.length;
    this.childNodes.splice(at, 0, node);
    node.parentNode = this;
    return node;
  }
  replaceChildren = () => void (this.childNodes = []);
  dataset = {};
  attributes = new Map();
  ariaBusy = null;
  noValidate = false;
  elements = [];
  getAttribute = (name) => this.attributes.get(name) ?? null;
  hasAttribute = (name) => this.attributes.has(name);
  setAttribute = (name, value) => void this.attributes.set(name, value);
  removeAttribute = (name) => void this.attributes.delete(name);
  toggleAttribute = () => undefined;
  querySelector = () => null;
  querySelectorAll = () => [];
  append = () => undefined;
  prepend = () => undefined;
}

const made = new Map();
const nothing = class extends Stand {};
Object.assign(globalThis, {
  HTMLElement: Stand,
  HTMLButtonElement: nothing,
  HTMLFieldSetElement: nothing,
  HTMLSelectElement: nothing,
  Comment: nothing,
  Element: nothing,
  Node: Stand,
  document: { documentElement: { dataset: {}, lang: 'en' }, getElementById: () => null, createElement: () => Object.assign(new Stand(), { content: new Stand() }), createComment: () => new Stand(), importNode: () => new Stand() },
  location: { assign: () => undefined, reload: () => undefined },
  customElements: { define: (name, kind) => made.set(name, kind) },
  navigator: { languages: ['en'], language: 'en' },
});

/** What was asked, and how the next requests end. */
const asked = [];
let answers = [];
globalThis.fetch = async (path, options) => {
  /** @type {any} */
  const { headers, body } = options;
  asked.push({ path, key: headers['Idempotency-Key'], body });
  const status = answers.shift() ?? 200;
  if (status === 0) throw new TypeError('gone');
  return new Response(status === 200 ? '{}' : '{"code":"billing.refund_under_way"}', { status });
};

await import('../../../static/lib/api-form.js');

/** A form with one field, and how it is sent. */
function form(...attributes) {
  const Element = made.get('api-form');
  const element = new Element();
  const field = Object.assign(new Stand(), { name: 'amount', type: 'text', value: '200', defaultValue: '200', required: true, disabled: false, closest: () => null, checkValidity: () => true, focus: () => undefined });
  const inner = Object.assign(new Stand(), { elements: [field] });
  element.setAttribute('action', '/api/v1/admin/payments/1/refund');
  for (const name of ['data-stay', ...attributes]) element.setAttribute(name, '');
  element.querySelectorAll = () => [inner];
  element.connectedCallback();
  const send = async () => {
    const event = new Event('submit', { cancelable: true });
    Object.defineProperties(event, { target: { value: inner }, submitter: { value: null } });
    element.dispatchEvent(event);
    for (let turn = 0; turn < 20; turn += 1) await settle();
    assert.equal(inner.ariaBusy, null, 'it is over');
  };
  return { element, field, send };
}

test('pressed again after an answer that was lost or a refusal that passes, it is the same wish', async () => {
  const { send } = form();
  asked.length = 0;
  answers = [0, 503, 200, 200];
  for (let press = 0; press < 4; press += 1) await send();
  const keys = asked.map((one) => one.key);
  assert.equal(keys.length, 4);
  assert.ok(/^[0-9a-f]{32}$/.test(keys[0]));
  assert.equal(keys[1], keys[0]);
  assert.equal(keys[2], keys[0]);
  assert.notEqual(keys[3], keys[0], 'what was answered well is over: pressed again it is another wish');
});

test('other content is another wish', async () => {
  const { field, send } = form();
  asked.length = 0;
  answers = [503, 503];
  await send();
  field.value = '300';
  await send();
  assert.equal(asked.length, 2);
  assert.notEqual(asked[1].key, asked[0].key);
  assert.deepEqual(asked.map((one) => JSON.parse(one.body).amount), ['200', '300']);
});

test('who leaves a guarded form with something unsaved is asked, and nobody else', async () => {
  const before = globalThis.addEventListener;
  const heard = [];
  globalThis.addEventListener = /** @type {any} */ ((kind, listener, { signal }) => void heard.push({ kind, listener, signal }));
  form();
  assert.equal(heard.length, 0, 'one that is not guarded asks nobody');
  const { element, field, send } = form('data-guarded');
  assert.deepEqual(heard.map(({ kind }) => kind), ['beforeunload']);
  const isAsked = () => {
    const event = new Event('beforeunload', { cancelable: true });
    if (!heard[0].signal.aborted) heard[0].listener(event);
    return event.defaultPrevented;
  };
  assert.equal(isAsked(), false);
  field.value = '300';
  assert.equal(isAsked(), true);
  field.value = '200';
  assert.equal(isAsked(), false, 'what is as it was loses nothing');
  field.value = '300';
  answers = [503];
  await send();
  assert.equal(isAsked(), true, 'what was refused is not saved');
  element.disconnectedCallback();
  assert.equal(isAsked(), false, 'a form that is gone holds nobody');
  globalThis.addEventListener = before;
});
