/** A long press of a finger, or the button for a context menu, on a part of a list. */

const LONG_MS = 450;
const MOVED = 10;

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
  list.addEventListener("pointerdown", (event) => {
    stop();
    wasLong = false;
    const element = event.target instanceof Element ? event.target.closest(selector) : null;
    if (event.pointerType !== "touch" || !element) return;
    start = { x: event.clientX, y: event.clientY };
    timer = setTimeout(() => {
      wasLong = true;
      open(element, start);
    }, LONG_MS);
  });
  list.addEventListener("pointermove", (event) => {
    if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > MOVED) stop();
  });
  for (const kind of ["pointerup", "pointercancel", "scroll"]) list.addEventListener(kind, stop, { capture: true });
  // The tap that ends a long press presses nothing.
  list.addEventListener("click", (event) => {
    if (!wasLong) return;
    wasLong = false;
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });
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
