/** The panel at the end of the screen: members of the room, one member, a thread, pinned messages, details. */

import { render } from "../lib/html.js";
import { t } from "../lib/words.js";
import { detailsView } from "./panel-details.js";
import { MemberPanel } from "./panel-members.js";
import { PinsPanel } from "./panel-pins.js";
import { ThreadPanel } from "./panel-thread.js";
import { roomAt } from "./state.js";

/** @import { RialtoApp } from "./rialto-app.js" */

/** Draws the panel from now on. @param {RialtoApp} app @param {HTMLElement} aside */
export function openPanels(app, aside) {
  const members = new MemberPanel(app, () => draw());
  const pins = new PinsPanel(app, () => draw());
  const thread = new ThreadPanel(app, aside, () => draw());
  let key = "";
  /** @type {Element | null} */
  let opener = null;

  const view = () => {
    const { panel, room: id } = app.place.state;
    const it = roomAt(app.client.state, id);
    if (!panel || !it) return null;
    switch (panel.kind) {
      case "members": return members.list(it);
      case "member": return members.one(it, panel.id);
      case "pins": return pins.view(it);
      case "thread": return thread.view(it, panel.id);
      case "details": return detailsView(app, it);
    }
  };
  // What lies under an open panel is out of reach for the keyboard too; a press beside it closes it.
  const shield = () => {
    const isUnder = app.overlaid.matches && !aside.hidden;
    for (const part of app.querySelectorAll(":scope > :is(.rail, .sidebar, .room)")) part.toggleAttribute("inert", isUnder);
  };
  const draw = () => {
    const { panel, room } = app.place.state;
    const next = panel ? `${room} ${panel.kind} ${"id" in panel ? panel.id : ""}` : "";
    const isNew = next !== key;
    if (isNew && next && !key) opener = document.activeElement;
    key = next;
    const drawn = view();
    const hadFocus = aside.contains(document.activeElement);
    aside.hidden = !drawn;
    shield();
    render(drawn, aside);
    thread.drawn();
    if (isNew && drawn) aside.querySelector("h2")?.focus();
    // The focus goes back to what opened the panel, if that is still there.
    if (!drawn && hadFocus) (opener instanceof HTMLElement && opener.isConnected ? opener : /** @type {HTMLElement | null} */ (document.getElementById("main")))?.focus();
    if (!drawn) app.client.presence.watch("panel", []);
  };
  aside.setAttribute("aria-label", t("chat.panel"));
  app.client.store.watch(draw);
  app.client.loads.watch(draw);
  app.place.watch(draw);
  app.overlaid.addEventListener("change", shield);
  app.addEventListener("pointerdown", (event) => {
    if (event.target === app && app.overlaid.matches) app.show(null);
  });
  draw();
}
