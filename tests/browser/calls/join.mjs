// From the press of *Join* to the first picture and the first sound, with two browser processes.
import { firsts, forget } from './watch.mjs';

/** Milliseconds at the 95th percentile. */
const BARS = { sound: 700, picture: 1_200 };

/** The value below which this share lies. @param {number[]} values @param {number} share */
export const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)];
const whole = (values, share) => Math.round(quantile(values, share));

/** @param {{open: () => Promise<import('./stage.mjs').Stage>, tell: Function, count?: number}} proof */
export const join = async ({ open, tell, count = 40 }) => {
  const stage = await open();
  try {
    const [mara, bruno] = [await stage.person('mara', 140), await stage.person('bruno', 210)];
    await stage.enter(mara);
    const times = { sound: [], picture: [] };
    for (let n = 0; n < count; n += 1) {
      const button = await stage.toDoor(bruno);
      await forget(bruno);
      await button.click();
      const { sound, picture } = await firsts(bruno);
      times.sound.push(sound);
      times.picture.push(picture);
      await stage.leave(bruno);
    }
    for (const [what, values] of Object.entries(times)) {
      const note = `p50 ${whole(values, 0.5)}, worst ${whole(values, 1)}; ${count} joins, from the press of the button`;
      tell(`join to first ${what}, p95`, whole(values, 0.95), 'ms', { most: BARS[what] }, note);
    }
  } finally {
    await stage.close();
  }
};
