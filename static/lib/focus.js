/** Roving focus: one stop for Tab in a group, arrows move inside it. */

/**
 * Makes the children of `group` that match `selector` one tab stop. Call it again after drawing: it only mends `tabindex`.
 * @param {HTMLElement} group
 * @param {string} selector
 * @param {{axis?: "vertical" | "horizontal" | "grid", loop?: boolean, columns?: () => number}} [options]
 */
export function roving(group, selector, options = {}) {
  const stops = stopsOf(group, selector);
  const current = stops.find((stop) => stop === document.activeElement) ?? stops.find((stop) => stop.tabIndex === 0) ?? stops[0];
  for (const stop of stops) stop.tabIndex = stop === current ? 0 : -1;
  if (groups.has(group)) return;
  groups.add(group);
  group.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = stepOf(event.key, group, options);
    const from = stopsOf(group, selector).indexOf(/** @type {HTMLElement} */ (event.target));
    if (!step || from < 0) return;
    event.preventDefault();
    focusAt(group, selector, typeof step === "number" ? from + step : step === "first" ? 0 : Infinity, options.loop ?? true);
  });
  group.addEventListener("focusin", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!target.matches(selector)) return;
    for (const stop of stopsOf(group, selector)) stop.tabIndex = stop === target ? 0 : -1;
  });
}

/** @type {WeakSet<HTMLElement>} */
const groups = new WeakSet();

/** @param {HTMLElement} group @param {string} selector @returns {HTMLElement[]} */
function stopsOf(group, selector) {
  const all = /** @type {HTMLElement[]} */ ([...group.querySelectorAll(selector)]);
  return all.filter((stop) => !stop.closest("[hidden]") && stop.checkVisibility());
}

/**
 * @param {string} key @param {HTMLElement} group @param {{axis?: string, columns?: () => number}} options
 * @returns {number | "first" | "last" | null}
 */
function stepOf(key, group, { axis = "vertical", columns = () => 1 }) {
  if (key === "Home") return "first";
  if (key === "End") return "last";
  const forward = getComputedStyle(group).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  if (axis !== "vertical" && key === forward) return 1;
  if (axis !== "vertical" && key === back) return -1;
  if (axis !== "horizontal" && key === "ArrowDown") return columns();
  if (axis !== "horizontal" && key === "ArrowUp") return -columns();
  return null;
}

/** @param {HTMLElement} group @param {string} selector @param {number} index @param {boolean} loop */
function focusAt(group, selector, index, loop) {
  const stops = stopsOf(group, selector);
  if (!stops.length) return;
  const last = stops.length - 1;
  const at = index === Infinity ? last : loop && index > last ? 0 : loop && index < 0 ? last : Math.min(last, Math.max(0, index));
  stops[at]?.focus();
}
