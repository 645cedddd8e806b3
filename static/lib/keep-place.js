/** Where somebody was on a page that is loaded anew by what they did there: the focus goes back to the heading of that part. */

const KEPT = "rialto-place";

/** @param {Element} element what was used */
export function keepPlace(element) {
  const heading = element.closest("section[aria-labelledby], article[aria-labelledby]")?.getAttribute("aria-labelledby") ?? "";
  sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, heading }));
}

/** Once, on the page that was loaded anew. A part that is gone leaves the focus to the page's own heading. */
export function backToPlace() {
  const text = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (text === null) return;
  /** @type {{path: string, heading: string}} */
  const { path, heading } = JSON.parse(text);
  if (path !== location.pathname || document.querySelector("[autofocus]")) return;
  const target = /** @type {HTMLElement | null} */ (document.getElementById(heading) ?? document.querySelector("main h1"));
  if (!target) return;
  // A heading takes the focus from a script alone.
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.focus();
}
