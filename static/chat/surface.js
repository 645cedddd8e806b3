/** What the elements of the app have in common: they find the app, and draw again when something changed. */

import { render } from "../lib/html.js";
import { ownNames } from "./names.js";

/** @import { RialtoApp } from "./rialto-app.js" */
/** @import { ChatState } from "./types.d.ts" */

export class Surface extends HTMLElement {
  /** @type {RialtoApp} */
  app = /** @type {any} */ (null);
  /** @type {(() => void)[]} */
  #stops = [];

  async connectedCallback() {
    await customElements.whenDefined("rialto-app");
    const app = /** @type {RialtoApp | null} */ (this.closest("rialto-app"));
    if (!app || !this.isConnected) return;
    this.app = app;
    await app.ready;
    const { client, place } = app;
    const update = () => this.update();
    this.#stops = [client.store.watch(update), client.loads.watch(update), place.watch(update), client.drafts.watch(update), ownNames.watch(update)];
    this.started();
    this.update();
  }

  disconnectedCallback() {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  /** Once, before the first drawing. */
  started() {}

  /** Draws the present state. */
  update() {
    render(this.view(this.app.client.state), this);
  }

  /** @param {ChatState} _state @returns {unknown} */
  view(_state) {
    return null;
  }
}
