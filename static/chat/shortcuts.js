/** The list of keys. */

import { openDialog } from "../lib/dialog.js";
import { html } from "../lib/html.js";
import { t } from "../lib/words.js";

/** Keys and the words for what they do. @type {[string, string][]} */
const KEYS = [
  ["Ctrl K", "chat.keys_find"], ["Alt ↑ ↓", "chat.keys_rooms"], ["Alt Shift ↑ ↓", "chat.keys_unread"], ["Esc", "chat.keys_read"], ["Shift Esc", "chat.keys_read_all"],
  ["↑", "chat.keys_edit_last"], ["↑ ↓", "chat.keys_messages"], ["Enter", "chat.keys_acts"], ["R", "chat.keys_reply"], ["T", "chat.keys_thread"], ["E", "chat.keys_edit"],
  ["Ctrl Alt S", "calls.key_start"], ["Ctrl Shift Space", "calls.key_mic"], ["Ctrl Shift E", "calls.key_cam"], ["Ctrl Shift S", "calls.key_share"], ["Ctrl Shift Y", "calls.key_hand"], ["Ctrl Shift Enter", "calls.key_reach"],
  ["Ctrl B", "chat.keys_bold"], ["Ctrl I", "chat.keys_italic"], ["Shift Enter", "chat.keys_newline"], ["Ctrl /", "chat.keys_list"],
];

export function showShortcuts() {
  return openDialog({
    title: t("chat.keys"),
    body: () => html`<table class="table"><tbody>${KEYS.map(([keys, words]) => html`<tr><td>${t(words)}</td><td data-kind="number"><kbd>${keys}</kbd></td></tr>`)}</tbody></table>`,
  });
}
