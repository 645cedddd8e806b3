/** Tagged templates that become DOM: parsed once per call site, updated in place, lists keyed. */

/**
 * Holes in a template:
 *   <p>${child}</p>            text, a node, another template, an array or keyed(…); null and false draw nothing
 *   <p class="a ${b}">         attribute; null, undefined and false (as the only value) take it away
 *   <input ?checked=${yes}>    attribute that is there or not
 *   <input .value=${text}>     property
 *   <button @click=${listen}>  listener
 * Nothing but the text of the templates themselves is ever parsed as HTML.
 */

/** What `html` returns: a call site and its values. */
export class View {
  /** @param {TemplateStringsArray} strings @param {unknown[]} values */
  constructor(strings, values) {
    this.strings = strings;
    this.values = values;
  }
}

/** A list whose rows keep their nodes as long as their key stays. */
class Keyed {
  /** @param {[unknown, unknown][]} rows pairs of key and drawing */
  constructor(rows) {
    this.rows = rows;
  }
}

/** @param {TemplateStringsArray} strings @param {unknown[]} values */
export const html = (strings, ...values) => new View(strings, values);

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {(item: T) => unknown} key
 * @param {(item: T) => unknown} draw
 */
export function keyed(items, key, draw) {
  return new Keyed(Array.from(items, (item) => [key(item), draw(item)]));
}

/** Draws `value` as the content of `container`; the same container may be drawn again and again.
 * @param {unknown} value @param {Element | DocumentFragment} container */
export function render(value, container) {
  let slot = roots.get(container);
  if (!slot) {
    container.replaceChildren();
    slot = new Slot(container, null);
    roots.set(container, slot);
  }
  slot.set(value);
}

/** @type {WeakMap<Node, Slot>} */
const roots = new WeakMap();

const MARK = "\uE000";
const HOLE = new RegExp(`${MARK}(\\d+)${MARK}`);

/** A string array that only the JavaScript parser makes: frozen, with a frozen `raw` that does not show.
 * @param {unknown} strings */
function isTemplate(strings) {
  const raw = Object.getOwnPropertyDescriptor(strings ?? {}, "raw");
  return Array.isArray(strings) && Object.isFrozen(strings) && raw !== undefined && !raw.enumerable && !raw.writable
    && Array.isArray(raw.value) && Object.isFrozen(raw.value);
}

/**
 * The templates' text with a mark in every hole: what the policy does, and all that it accepts.
 * @param {string} _ @param {unknown} strings @returns {string}
 */
export function markUp(_, strings) {
  if (!isTemplate(strings)) throw new TypeError("only a template literal may become HTML");
  const [first, ...rest] = /** @type {readonly string[]} */ (strings);
  let text = first ?? "";
  rest.forEach((part, at) => {
    const mark = `${MARK}${at}${MARK}`;
    text += (isInsideTag(text) ? mark : `<!--${mark}-->`) + part;
  });
  return text;
}

/** @type {{createHTML(input: string, strings: unknown): any}} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("rialto-template", { createHTML: markUp })
  ?? { createHTML: markUp };

/** @param {string} text */
const isInsideTag = (text) => text.lastIndexOf("<") > text.lastIndexOf(">");

/** @typedef {{path: number[], name: string, from: number, statics: string[] | null}} Hole */
/** @type {WeakMap<TemplateStringsArray, {content: DocumentFragment, holes: Hole[]}>} */
const parsed = new WeakMap();

/** @param {TemplateStringsArray} strings */
function parse(strings) {
  let known = parsed.get(strings);
  if (known) return known;
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML("", strings);
  /** @type {Hole[]} */
  const holes = [];
  findHoles(template.content, [], strings, holes);
  known = { content: template.content, holes };
  parsed.set(strings, known);
  return known;
}

/** @param {Node} node @param {number[]} path @param {TemplateStringsArray} strings @param {Hole[]} holes */
function findHoles(node, path, strings, holes) {
  if (node instanceof Comment) {
    const at = HOLE.exec(node.data);
    if (at) holes.push({ path, name: "", from: Number(at[1]), statics: null });
  } else if (node instanceof Element) {
    for (const { name, value } of [...node.attributes]) {
      const at = HOLE.exec(value);
      if (!at) continue;
      node.removeAttribute(name);
      // The parser lowers the case of names; the call site still has the name as it was written.
      const written = /([^\s"'<>=]+)\s*=\s*(?:"[^"]*|'[^']*|[^\s"'>]*)$/.exec(strings[Number(at[1])] ?? "")?.[1] ?? name;
      if (/^(on|srcdoc$|style$)/i.test(written)) throw new TypeError(`no hole may stand in ${written}`);
      holes.push({ path, name: written, from: Number(at[1]), statics: value.split(/\uE000\d+\uE000/) });
    }
  }
  node.childNodes.forEach((child, index) => findHoles(child, [...path, index], strings, holes));
}

/** One drawing of a template: its nodes and the parts that change. */
class Instance {
  /** @param {TemplateStringsArray} strings */
  constructor(strings) {
    const { content, holes } = parse(strings);
    this.strings = strings;
    this.fragment = document.importNode(content, true);
    // Every place is found before any part is made, since parts add nodes and paths count them.
    const places = holes.map((hole) => hole.path.reduce((node, index) => /** @type {Node} */ (node.childNodes[index]), /** @type {Node} */ (this.fragment)));
    this.parts = holes.map((hole, at) => {
      const place = /** @type {Node} */ (places[at]);
      return place instanceof Comment ? { from: hole.from, slot: Slot.at(place) } : { from: hole.from, attribute: new Attribute(/** @type {Element} */ (place), hole) };
    });
  }

  /** @param {unknown[]} values */
  update(values) {
    for (const { from, slot, attribute } of this.parts) {
      if (slot) slot.set(values[from]);
      else attribute?.set(values);
    }
  }
}

class Attribute {
  /** @type {unknown[]} */
  last = [];
  /** @param {Element} element @param {Hole} hole */
  constructor(element, hole) {
    this.element = element;
    this.from = hole.from;
    this.statics = /** @type {string[]} */ (hole.statics);
    this.kind = /^[.?@]/.test(hole.name) ? hole.name[0] : "";
    this.name = this.kind ? hole.name.slice(1) : hole.name;
  }

  /** @param {unknown[]} values */
  set(values) {
    const now = values.slice(this.from, this.from + this.statics.length - 1);
    const [value] = now;
    const target = /** @type {any} */ (this.element);
    if (this.kind === ".") {
      // Compared with what is there, not with what was drawn: people type into fields.
      if (this.name === "value" || this.name === "checked" ? target[this.name] !== value : this.last[0] !== value || !this.last.length) target[this.name] = value;
    } else if (this.last.length && now.every((each, at) => each === this.last[at])) {
      return;
    } else if (this.kind === "?") {
      this.element.toggleAttribute(this.name, Boolean(value));
    } else if (this.kind === "@") {
      if (!this.last.length) this.element.addEventListener(this.name, this);
    } else if (this.statics.join("") === "" && now.length === 1 && (value === null || value === undefined || value === false)) {
      this.element.removeAttribute(this.name);
    } else {
      this.element.setAttribute(this.name, this.statics.reduce((text, part, at) => text + (now[at - 1] === true || now[at - 1] === null || now[at - 1] === undefined || now[at - 1] === false ? "" : String(now[at - 1])) + part));
    }
    this.last = now;
  }

  /** @param {globalThis.Event} event */
  handleEvent(event) {
    const listen = this.last[0];
    if (typeof listen === "function") listen.call(this.element, event);
  }
}

/** A place between two comments whose content changes. */
class Slot {
  /** @type {Instance | null} */
  instance = null;
  /** @type {Map<unknown, Slot> | null} */
  rows = null;
  /** @type {unknown} */
  value = null;

  /** @param {Node} parent @param {Node | null} before */
  constructor(parent, before) {
    this.start = parent.insertBefore(document.createComment(""), before);
    this.end = parent.insertBefore(document.createComment(""), before);
  }

  /** @param {Comment} place a hole's comment, which gives way to the slot */
  static at(place) {
    const slot = new Slot(/** @type {Node} */ (place.parentNode), place);
    place.remove();
    return slot;
  }

  get parent() {
    return /** @type {Node} */ (this.end.parentNode);
  }

  /** @param {unknown} value */
  set(value) {
    if (value instanceof View) this.setView(value);
    else if (value instanceof Keyed) this.setRows(value.rows);
    else if (Array.isArray(value)) this.setRows(value.map((each, at) => [at, each]));
    else if (value instanceof Node) {
      if (this.value !== value || this.start.nextSibling !== value) this.fill(value);
    } else this.setText(value === null || value === undefined || value === false || value === true ? "" : String(value));
    this.value = value instanceof Node ? value : null;
  }

  /** @param {View} view */
  setView({ strings, values }) {
    if (this.instance?.strings === strings) return this.instance.update(values);
    const instance = new Instance(strings);
    instance.update(values);
    this.fill(instance.fragment);
    this.instance = instance;
  }

  /** @param {string} text */
  setText(text) {
    const only = this.start.nextSibling;
    if (!this.instance && !this.rows && only instanceof Text && only.nextSibling === this.end) {
      if (only.data !== text) only.data = text;
    } else if (text || only !== this.end) this.fill(text ? document.createTextNode(text) : null);
  }

  /** @param {[unknown, unknown][]} rows */
  setRows(rows) {
    if (!this.rows) this.fill(null);
    const old = this.rows ?? new Map();
    const now = new Map(rows);
    if (now.size !== rows.length) throw new Error("two rows of a list have the same key");
    for (const [key, slot] of old) if (!now.has(key)) slot.remove();
    /** @type {Map<unknown, Slot>} */
    const kept = new Map();
    let next = /** @type {Node} */ (this.start.nextSibling);
    for (const [key, value] of now) {
      const slot = old.get(key) ?? new Slot(this.parent, next);
      if (slot.start === next) next = /** @type {Node} */ (slot.end.nextSibling);
      else if (old.has(key)) slot.moveBefore(next);
      kept.set(key, slot);
      slot.set(value);
    }
    this.rows = kept;
  }

  /** @param {Node | null} content */
  fill(content) {
    while (this.start.nextSibling !== this.end) /** @type {ChildNode} */ (this.start.nextSibling).remove();
    this.instance = null;
    this.rows = null;
    if (content) this.parent.insertBefore(content, this.end);
  }

  /** @param {Node} next */
  moveBefore(next) {
    const parent = this.parent;
    for (let node = /** @type {Node} */ (this.start); ;) {
      const after = node.nextSibling;
      parent.insertBefore(node, next);
      if (node === this.end) return;
      node = /** @type {Node} */ (after);
    }
  }

  remove() {
    this.fill(null);
    this.start.remove();
    this.end.remove();
  }
}
