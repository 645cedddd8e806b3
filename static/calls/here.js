/** The calls of this tab, from wherever on the page they are wanted. */

/** @import { CallDesk } from "./desk.js" */
/** @typedef {HTMLElement & {calls(): Promise<CallDesk>}} Bringer the app, or the bell of any other page */

/** @returns {Promise<CallDesk>} */
export async function callsHere() {
  const bringer = /** @type {Bringer | null} */ (document.querySelector("rialto-app, call-bell"));
  if (!bringer) throw new Error("no calls on this page");
  await customElements.whenDefined(bringer.localName);
  return bringer.calls();
}
