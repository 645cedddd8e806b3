/** Brings a part of a page up to a newer copy of it and leaves alone what people have in hand: the focus, fields, what they opened. */

/** What scripts and people put on elements: a copy from the server never has it. */
const OURS = new Set(["aria-busy", "aria-expanded", "aria-invalid", "data-busy", "novalidate", "open", "tabindex"]);
/** Elements that finish what the server wrote: only what the server said of them counts. */
const FINISHED = "call-buttons, time-ago, verified-sign";

/**
 * @param {Element} old in the page
 * @param {Element} now the same element as the server writes it by now; it is read and not changed
 */
export function morph(old, now) {
  if (old.isEqualNode(now)) return;
  if (old.matches(FINISHED)) {
    if ([...now.attributes].some(({ name, value }) => old.getAttribute(name) !== value)) old.replaceWith(copy(now));
    return;
  }
  // What is wrong with a form is its element's to say.
  if (old.hasAttribute("data-errors")) return;
  const isTouched = old instanceof HTMLInputElement || old instanceof HTMLTextAreaElement || old instanceof HTMLSelectElement ? touched(old) : false;
  dress(old, now);
  morphChildren(old, now);
  if (!isTouched) fill(old, now);
}

/** Has somebody changed the field? @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} field */
function touched(field) {
  if (field instanceof HTMLSelectElement) return [...field.options].some((option) => option.selected !== option.defaultSelected) && [...field.options].some((option) => option.defaultSelected);
  if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

/** A field that was changed once no longer follows its attributes by itself. @param {Element} old @param {Element} now */
function fill(old, now) {
  if (old instanceof HTMLInputElement && (old.type === "checkbox" || old.type === "radio")) old.checked = now.hasAttribute("checked");
  else if (old instanceof HTMLInputElement && old.type !== "file") old.value = now.getAttribute("value") ?? "";
  else if (old instanceof HTMLTextAreaElement) old.value = now.textContent ?? "";
}

/** @param {Element} old @param {Element} now */
function dress(old, now) {
  for (const { name } of [...old.attributes]) if (!now.hasAttribute(name) && !OURS.has(name)) old.removeAttribute(name);
  for (const { name, value } of now.attributes) if (!OURS.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
}

/** @param {Element} old @param {Element} now */
function morphChildren(old, now) {
  const kept = new Map([...keysOf(old)].map(([child, key]) => [key, child]));
  const wanted = keysOf(now);
  const keys = new Set(wanted.values());
  for (const [key, child] of kept) if (!keys.has(key)) child.remove();
  let at = old.firstChild;
  for (const child of now.childNodes) {
    const match = child instanceof Element ? kept.get(wanted.get(child) ?? "") : undefined;
    // Only what has no name of its own stands between: it is made anew rather than the named one moved, which would lose the focus.
    while (match && at && at !== match && !(at instanceof Element && keyOf(at))) at = removed(at);
    if (match && at && at !== match && match.contains(document.activeElement)) at = passed(at, match);
    else if (match && at !== match) old.insertBefore(match, at);
    const here = match ?? (at && isAlike(at, child) ? at : null);
    if (!here) {
      old.insertBefore(copy(child), at);
      continue;
    }
    at = here.nextSibling;
    if (here instanceof Element) morph(here, /** @type {Element} */ (child));
    else if (here.nodeValue !== child.nodeValue) here.nodeValue = child.nodeValue;
  }
  while (at) at = removed(at);
}

/**
 * Moves what stands from here up to an element behind it: who has the focus would lose it by being moved.
 * @param {ChildNode} from @param {Element} stays @returns {Element} the element
 */
function passed(from, stays) {
  const behind = stays.nextSibling;
  /** @type {ChildNode | null} */
  let each = from;
  while (each && each !== stays) {
    /** @type {ChildNode | null} */
    const next = each.nextSibling;
    stays.parentNode?.insertBefore(each, behind);
    each = next;
  }
  return stays;
}

/** @param {ChildNode} node @returns {ChildNode | null} what stood behind it */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/** What a child is called among its like: its id, what names it, or where its form leads. @param {Element} child */
const keyOf = (child) => child.id || child.getAttribute("aria-labelledby") || child.getAttribute("action") || "";

/** @param {Element} parent @returns {Map<Element, string>} the children that have names, two of the same told apart by their order */
function keysOf(parent) {
  const found = new Map();
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (const child of parent.children) {
    const key = keyOf(child);
    if (!key) continue;
    const n = seen.get(key) ?? 0;
    seen.set(key, n + 1);
    found.set(child, `${key} ${n}`);
  }
  return found;
}

/** May a node without a name become that one? @param {Node} old @param {Node} now */
function isAlike(old, now) {
  if (old.nodeType !== now.nodeType) return false;
  if (!(old instanceof Element) || !(now instanceof Element)) return true;
  return !keyOf(old) && !keyOf(now) && old.localName === now.localName && old.classList[0] === now.classList[0];
}

/** @template {Node} T @param {T} node @returns {T} */
const copy = (node) => document.importNode(node, true);
