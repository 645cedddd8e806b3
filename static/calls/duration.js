/** How long something lasts, as a clock shows it. */

/** "1:02:03", "02:03". @param {number} ms */
export function lasted(ms) {
  const seconds = Math.floor(ms / 1_000);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${two(minutes)}:${two(seconds % 60)}`;
}
