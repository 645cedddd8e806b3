/** The keys that work in a call. */

import { openDialog } from "../lib/dialog.js";
import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { KEYS } from "./shortcuts.js";

export function showKeys() {
  void openDialog({
    title: t("calls.keys"),
    body: () => html`<dl class="facts">${KEYS.map(([, keys, act]) => html`<dt><kbd>${keys}</kbd></dt><dd>${t(`calls.key_${act}`)}</dd>`)}</dl>`,
  });
}
