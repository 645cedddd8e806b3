/** Where each row of a long list stands: measured heights where there are any, guesses elsewhere. Pure. */

/**
 * @template {{key: string}} R
 */
export class Heights {
  /** @type {Map<string, number>} */
  #known = new Map();
  /** @type {Map<string, number>} */
  #guessed = new Map();
  /** `tops[i]` is the top of row i; one more at the end is the whole height. @type {number[]} */
  #tops = [0];
  /** Tops from this row on are to be added up again. */
  #stale = 0;
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
    if (rows === this.#rows) return;
    this.#rows = rows;
    this.#places = new Map(rows.map((row, index) => [row.key, index]));
    this.#stale = 0;
  }

  /** @param {string} key @param {number} height @returns {boolean} whether it is another one than was known */
  measure(key, height) {
    if (Math.abs((this.#known.get(key) ?? -1) - height) < 0.5) return false;
    this.#known.set(key, height);
    this.#stale = Math.min(this.#stale, this.#places.get(key) ?? Infinity);
    return true;
  }

  /** Drops every measure: the list became wider or narrower. */
  forget() {
    this.#known.clear();
    this.#stale = 0;
  }

  /** @param {R} row */
  #heightOf(row) {
    const known = this.#known.get(row.key) ?? this.#guessed.get(row.key);
    if (known !== undefined) return known;
    const guessed = this.guess(row);
    this.#guessed.set(row.key, guessed);
    return guessed;
  }

  #addUp() {
    const from = Math.min(this.#stale, this.#rows.length);
    this.#stale = Infinity;
    let top = from === 0 ? 0 : this.#tops[from] ?? 0;
    this.#tops.length = from + 1;
    this.#tops[from] = top;
    for (let index = from; index < this.#rows.length; index += 1) this.#tops.push((top += this.#heightOf(/** @type {R} */ (this.#rows[index]))));
  }

  /** @returns {number[]} */
  get #all() {
    if (this.#stale <= this.#rows.length) this.#addUp();
    return this.#tops;
  }

  get total() {
    return this.#all.at(-1) ?? 0;
  }

  /** @param {number} index */
  top(index) {
    const tops = this.#all;
    return tops[Math.min(Math.max(0, index), tops.length - 1)] ?? 0;
  }

  /** @param {string} key @returns {number} -1 when there is no such row */
  indexOf(key) {
    return this.#places.get(key) ?? -1;
  }

  /** The row at this height. @param {number} y */
  at(y) {
    const tops = this.#all;
    let low = 0;
    let high = Math.max(0, this.#rows.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((tops[middle] ?? 0) <= y) low = middle;
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
