/** Dialogs on the platform's `<dialog>`: focus is held inside and goes back to where it came from. */

import { html, render } from "./html.js";
import { icon } from "./icon.js";
import { t } from "./words.js";

/** @import { View } from "./html.js" */

let made = 0;

/**
 * @template T
 * @typedef {object} Open what the content of a dialog gets to work with
 * @property {(result: T | null) => void} close
 * @property {() => void} redraw draws the body and the actions again
 * @property {HTMLDialogElement} element
 */

/**
 * Opens a dialog and waits for its end.
 * @template T
 * @param {object} options
 * @param {string} options.title
 * @param {(open: Open<T>) => View | null} options.body
 * @param {(open: Open<T>) => View | null} [options.actions]
 * @param {"440" | "640"} [options.size]
 * @param {AbortSignal} [options.signal] what the dialog is about is over: it closes without a result
 * @returns {Promise<T | null>} null when it was closed without a result
 */
export function openDialog({ title, body, actions = () => null, size = "440", signal }) {
  return new Promise((resolve) => {
    const element = document.createElement("dialog");
    const id = `dialog-${++made}`;
    element.className = "dialog";
    element.dataset.size = size;
    element.setAttribute("aria-labelledby", id);
    /** @type {T | null} */
    let result = null;
    const open = {
      element,
      /** @param {T | null} value */
      close(value) {
        result = value;
        element.close();
      },
      redraw() {
        const foot = actions(open);
        render(html`<header class="dialog-head"><h2 id=${id}>${title}</h2>
          <button class="icon-button" type="button" aria-label=${t("shell.close")} @click=${() => open.close(null)}>${icon("x")}</button></header>
          <div class="dialog-body">${body(open)}</div>${foot ? html`<footer class="dialog-actions">${foot}</footer>` : null}`, element);
      },
    };
    element.addEventListener("close", () => {
      element.remove();
      resolve(result);
    });
    signal?.addEventListener("abort", () => element.close(), { once: true });
    // A press on the backdrop is a press on the dialog itself, beside its content.
    element.addEventListener("pointerdown", (event) => {
      if (event.target === element && isBeside(event, element)) open.close(null);
    });
    open.redraw();
    document.body.append(element);
    element.showModal();
    /** @type {HTMLElement | null} */ (element.querySelector("[autofocus]"))?.focus();
  });
}

/** @param {PointerEvent} event @param {HTMLElement} element */
function isBeside({ clientX: x, clientY: y }, element) {
  const box = element.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

/**
 * Asks a question with two answers.
 * @param {{title: string, text: string, act: string, keep?: string, danger?: boolean, signal?: AbortSignal}} question
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, text, act, keep = t("shell.close"), danger = false, signal }) {
  const answer = await openDialog({
    title,
    ...(signal && { signal }),
    body: () => html`<p>${text}</p>`,
    actions: ({ close }) => html`<button class="button" data-kind="quiet" type="button" autofocus @click=${() => close(null)}>${keep}</button>
      <button class="button" data-kind=${danger ? "danger" : "primary"} type="button" @click=${() => close(true)}>${act}</button>`,
  });
  return answer === true;
}
