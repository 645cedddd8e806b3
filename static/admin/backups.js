/** The page of backups: it follows what is being made or rehearsed, and downloads with a key. */

import { get } from "../lib/api.js";

/** Between two looks at what is under way, in milliseconds. */
const LOOK_MS = 1_000;

/** @typedef {{state: string, rehearsal: {state: string} | null}} Backup */

/** @param {Backup} backup */
const isBusy = (backup) => ["making", "waiting"].includes(backup.state) || backup.rehearsal?.state === "asked";

/** `<backup-watch data-busy>`: loads the page anew once nothing on it is under way any more, unless somebody is typing. */
class BackupWatch extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  connectedCallback() {
    if (this.hasAttribute("data-busy")) this.#later();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  #later() {
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  async #look() {
    try {
      /** @type {{items: Backup[]}} */
      const { items } = await get("/api/v1/admin/backups");
      if (!items.some(isBusy) && !isTyping()) return location.reload();
    } catch {
      // A server that does not answer now is asked again.
    }
    if (this.isConnected) this.#later();
  }
}

/** What stands in a field would be lost. */
const isTyping = () => [...document.querySelectorAll("input")].some((field) => field.value !== field.defaultValue);

/** `<backup-download data-file>`: when its form brings a key, the browser gets the file with it. */
class BackupDownload extends HTMLElement {
  connectedCallback() {
    this.addEventListener("done", (event) => {
      event.preventDefault();
      const { key } = /** @type {CustomEvent<{key: string}>} */ (event).detail;
      this.querySelector("form")?.reset();
      location.assign(`${this.dataset.file}?key=${encodeURIComponent(key)}`);
    });
  }
}

customElements.define("backup-watch", BackupWatch);
customElements.define("backup-download", BackupDownload);
