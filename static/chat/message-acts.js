/** What one can do with a message: the acts of its toolbar and of its menu. */

import { copy } from "../lib/copy-button.js";
import { Refused, sentence } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";
import { pathOf } from "./place.js";
import { isVisitor, mayDelete, mayEdit, mayPin, mayReact } from "./rights.js";
import { roomAt } from "./state.js";

/** @import { Anchor } from "../lib/menu.js" */
/** @import { Message } from "../types/live.d.ts" */
/** @import { RialtoApp } from "./rialto-app.js" */

/**
 * Does one act by its name; `react 👍` puts that emoji, `react` asks which.
 * @param {RialtoApp} app @param {string} act @param {Message} message @param {Anchor} anchor
 */
export async function doAct(app, act, message, anchor) {
  const { client } = app;
  if (act.startsWith("react ")) return told(client.react(message, act.slice("react ".length)));
  switch (act) {
    case "react": {
      const { pickEmoji } = await import("./emoji-picker.js");
      return pickEmoji(anchor, (emoji) => void told(client.react(message, emoji)));
    }
    case "reply": return app.write({ kind: "reply", message });
    case "edit": return app.write({ kind: "edit", message });
    case "thread": return app.show({ kind: "thread", id: message.thread ?? message.id });
    case "author": return app.show({ kind: "member", id: message.author });
    case "copy_text": return copy(message.body ?? "", t("chat.text_copied"));
    case "copy_link": return copy(location.origin + pathOf({ room: message.room, target: message.seq }), t("chat.link_copied"));
    case "pin": return told(client.act(message.pinned ? "chat.unpin" : "chat.pin", message));
    case "unread": {
      app.querySelector("room-timeline")?.dispatchEvent(new CustomEvent("mark-unread", { detail: message.seq - 1 }));
      return client.read(message.room, message.seq - 1, { unread: true });
    }
    case "delete": return ask(app, message);
    case "report": {
      const { reportMessage } = await import("./report-dialog.js");
      return reportMessage(message);
    }
    case "more": return openActs(app, message, anchor);
  }
}

/** @param {RialtoApp} app @param {Message} message */
async function ask(app, message) {
  const { confirm } = await import("../lib/dialog.js");
  const isSure = await confirm({ title: t("chat.delete_title"), text: t("chat.delete_text"), act: t("chat.delete_message"), keep: t("chat.keep"), danger: true });
  if (isSure) await told(app.client.act("chat.delete", message));
}

/** Says what went wrong, if anything did. @param {Promise<unknown>} done */
async function told(done) {
  await done.catch((error) => toast(error instanceof Refused && error.code === "live.lost" ? t("chat.no_connection") : sentence(error), { icon: "circle-alert" }));
}

/** The menu of a message; on a phone a sheet. @param {RialtoApp} app @param {Message} message @param {Anchor} anchor */
export async function openActs(app, message, anchor) {
  const [{ openMenu }, { recent }] = await Promise.all([import("../lib/menu.js"), import("./emoji.js")]);
  const { state } = app.client;
  const room = roomAt(state, message.room)?.room;
  if (!room || message.deleted) return;
  const now = Date.now();
  /** @param {string} act */
  const run = (act) => () => void doAct(app, act, message, anchor);
  /** @param {boolean} may @param {import("../lib/menu.js").Item} item */
  const when = (may, item) => (may ? [item] : []);
  const isOpen = mayReact(state, room, now);
  openMenu(anchor, t("chat.message_acts"), [
    ...(isOpen ? [{ content: (/** @type {() => void} */ close) => html`<div class="menu-quick" role="group" aria-label=${t("chat.react")}>
      ${recent(4).map((emoji) => html`<button type="button" role="menuitem" @click=${() => (close(), run(`react ${emoji}`)())}>${emoji}</button>`)}
      <button type="button" role="menuitem" aria-label=${t("chat.other_emoji")} @click=${() => (close(), run("react")())}>${icon("smile")}</button></div>` }] : []),
    ...when(isOpen && message.thread === null, { label: t("chat.reply"), icon: "reply", keys: "R", run: run("reply") }),
    ...when(message.thread === null, { label: t("chat.thread_title"), icon: "message-square", keys: "T", run: run("thread") }),
    ...when(mayEdit(state, room, message, now), { label: t("chat.edit"), icon: "pencil", keys: "E", run: run("edit") }),
    { label: t("chat.copy_text"), icon: "copy", run: run("copy_text") },
    { label: t("chat.copy_link"), icon: "link", run: run("copy_link") },
    ...when(mayPin(state, room, message), message.pinned ? { label: t("chat.unpin"), icon: "pin-off", run: run("pin") } : { label: t("chat.pin"), icon: "pin", run: run("pin") }),
    ...when(message.thread === null && !isVisitor(state, room), { label: t("chat.mark_unread"), icon: "eye-off", run: run("unread") }),
    ...when(message.author !== state.me.id, { label: t("social.report"), icon: "triangle-alert", run: run("report") }),
    ...(mayDelete(state, room, message) ? [{ line: /** @type {const} */ (true) }, { label: t("chat.delete"), icon: "trash-2", danger: true, run: run("delete") }] : []),
  ]);
}

/** Whether the member may do this act with this message. @param {RialtoApp} app @param {string} act @param {Message} message */
export function mayDo(app, act, message) {
  const { state } = app.client;
  const room = roomAt(state, message.room)?.room;
  if (!room || message.deleted) return false;
  if (act === "edit") return mayEdit(state, room, message, Date.now());
  return act !== "reply" || mayReact(state, room, Date.now());
}
