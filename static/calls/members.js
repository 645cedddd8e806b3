/** Who the people of calls are: members by their id, taken from the page where it knows them, asked for where it does not. */

import { get } from "../lib/api.js";
import { Store } from "../lib/store.js";

/** @import { Member } from "../types/live.d.ts" */

const MOST_ASKED = 100;

export class Members {
  /** @type {Store<Record<string, Member>, Member[]>} */
  store = new Store(/** @type {Record<string, Member>} */ ({}), (known, found) => ({ ...known, ...Object.fromEntries(found.map((each) => [each.id, each])) }));
  /** @type {Set<string>} */
  #wanted = new Set();
  /** @type {Set<string>} */
  #asked = new Set();

  /** @param {(id: string) => Member | undefined} known what the page has already */
  constructor(known) {
    this.known = known;
  }

  /** The member, now or with the next change. @param {string} id @returns {Member | undefined} */
  of(id) {
    const found = this.known(id) ?? this.store.state[id];
    if (!found && !this.#asked.has(id)) {
      if (this.#wanted.size === 0) queueMicrotask(() => void this.#fetch());
      this.#wanted.add(id);
    }
    return found;
  }

  async #fetch() {
    const ids = [...this.#wanted].slice(0, MOST_ASKED);
    this.#wanted.clear();
    for (const id of ids) this.#asked.add(id);
    /** @type {{items: Member[]} | null} */
    const found = await get(`/api/v1/members?ids=${ids.join(",")}`).then((answer) => /** @type {any} */ (answer), () => null);
    if (found) this.store.dispatch(found.items);
    // Asked again by whoever shows them next.
    else for (const id of ids) this.#asked.delete(id);
  }
}
