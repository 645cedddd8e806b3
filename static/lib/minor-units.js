/** Amounts as people write them, read into whole minor units. */

/**
 * The minor units that a text stands for, as digits; null when it is no amount of a currency with so many digits behind the point.
 * @param {string} text @param {number} exponent @returns {string | null}
 */
export function minorUnits(text, exponent) {
  const found = /^(\d{1,12})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  const [, whole = "", rest = ""] = found ?? [];
  if (!found || rest.length > exponent) return null;
  return `${whole}${rest.padEnd(exponent, "0")}`.replace(/^0+(?=\d)/, "");
}
