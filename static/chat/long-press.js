/** A long press of a finger, or the button for a context menu, on a part of a list. */

const LONG_MS = 450;
const MOVED = 10;
const AFTER_MS = 100;

/**
 * @param {HTMLElement} list @param {string} selector what can be pressed
 * @param {(element: Element, at: {x: number, y: number}) => void} open
 */
export function watchLongPress(list, selector, open) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let start = { x: 0, y: 0 };
  let wasLong = false;
  const stop = () => clearTimeout(timer);
  /** The release of a long press counts as a click on whatever has opened under the finger: that one click is nobody's. */
  const swallow = () => {
    const ending = new AbortController();
    document.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
    }, { capture: true, once: true, signal: ending.signal });
    list.addEventListener("pointerup", () => setTimeout(() => ending.abort(), AFTER_MS), { once: true, signal: ending.signal });
    list.addEventListener("pointercancel", () => ending.abort(), { once: true, signal: ending.signal });
  };
  list.addEventListener("pointerdown", (event) => {
    stop();
    wasLong = false;
    const element = event.target instanceof Element ? event.target.closest(selector) : null;
    if (event.pointerType !== "touch" || !element) return;
    start = { x: event.clientX, y: event.clientY };
    timer = setTimeout(() => {
      wasLong = true;
      swallow();
      open(element, start);
    }, LONG_MS);
  });
  list.addEventListener("pointermove", (event) => {
    if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > MOVED) stop();
  });
  for (const kind of ["pointerup", "pointercancel", "scroll"]) list.addEventListener(kind, stop, { capture: true });
  list.addEventListener("contextmenu", (event) => {
    const target = /** @type {Element} */ (event.target);
    const element = target.closest(selector);
    // The browser's own menu stays for links, fields and selected words.
    if (!element || target.closest("a, input, textarea") || !getSelection()?.isCollapsed) return;
    event.preventDefault();
    stop();
    if (!wasLong) open(element, { x: event.clientX, y: event.clientY });
  });
}
