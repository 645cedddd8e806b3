/** Where each row of a long list stands: measured heights where there are any, guesses elsewhere. Pure. */

/**
 * @template {{key: string}} R
 */
export class Heights {
  /** @type {Map<string, number>} */
  #known = new Map();
  /** `tops[i]` is the top of row i; one more at the end is the whole height. @type {number[]} */
  #tops = [0];
  /** @type {R[]} */
  #rows = [];
  /** @type {Map<string, number>} */
  #places = new Map();

  /** @param {(row: R) => number} guess */
  constructor(guess) {
    this.guess = guess;
  }

  /** @param {R[]} rows */
  set(rows) {
    if (rows !== this.#rows) {
      this.#rows = rows;
      this.#places = new Map(rows.map((row, index) => [row.key, index]));
    }
    let top = 0;
    this.#tops = [0];
    for (const row of rows) this.#tops.push((top += this.#known.get(row.key) ?? this.guess(row)));
  }

  /** @param {string} key @param {number} height @returns {boolean} whether it is another one than was known */
  measure(key, height) {
    if (Math.abs((this.#known.get(key) ?? -1) - height) < 0.5) return false;
    this.#known.set(key, height);
    return true;
  }

  /** Drops every measure: the list became wider or narrower. */
  forget() {
    this.#known.clear();
  }

  get total() {
    return this.#tops.at(-1) ?? 0;
  }

  /** @param {number} index */
  top(index) {
    return this.#tops[Math.min(Math.max(0, index), this.#tops.length - 1)] ?? 0;
  }

  /** @param {string} key @returns {number} -1 when there is no such row */
  indexOf(key) {
    return this.#places.get(key) ?? -1;
  }

  /** The row at this height. @param {number} y */
  at(y) {
    let low = 0;
    let high = Math.max(0, this.#rows.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#tops[middle] ?? 0) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The rows that touch this part of the list. @param {number} top @param {number} bottom @returns {{from: number, to: number}} `to` is beyond the last */
  within(top, bottom) {
    if (!this.#rows.length) return { from: 0, to: 0 };
    return { from: this.at(top), to: this.at(bottom) + 1 };
  }
}
