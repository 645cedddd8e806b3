/** Chooses members by name: from those that are known at once, from all of them as the server finds them. */

import { get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { html, keyed } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { compare, t } from "../lib/words.js";
import { avatar, calledBy, isSought, memberName } from "./names.js";

/** @import { Open } from "../lib/dialog.js" */
/** @import { Member } from "../types/live.d.ts" */

const SHOWN = 30;

/**
 * Those whom a page knows, and where more of them are put.
 * @typedef {object} Known
 * @property {() => Member[]} all
 * @property {(found: Member[]) => void} learn
 * @property {(id: string) => boolean} isHere
 */

/** Those whom the app knows. @param {import("./rialto-app.js").RialtoApp} app @returns {Known} */
export const knownToApp = ({ client }) => ({
  all: () => Object.values(client.state.members),
  learn: (members) => client.store.dispatch({ type: "members_loaded", members }),
  isHere: (id) => client.state.presence[id] ?? false,
});

/**
 * @param {Known} known @param {{title: string, act: string, least?: number, most: number, but: string[], signal?: AbortSignal}} options `least`, `most`: how many; `but`: those who cannot be chosen; `signal`: nobody is wanted any more
 * @returns {Promise<string[] | null>} ids
 */
export function pickMembers(known, { title, act, least = 1, most, but, signal }) {
  /** @type {Map<string, Member>} */
  const chosen = new Map();
  let text = "";
  let asked = 0;
  /** @param {Open<string[]>} open */
  const ask = async (open) => {
    const mine = ++asked;
    const called = calledBy(text).filter((id) => !known.all().some((member) => member.id === id)).slice(0, SHOWN);
    const finds = [new URLSearchParams({ q: text }), ...(called.length ? [new URLSearchParams({ ids: called.join(",") })] : [])];
    /** @type {({items: Member[]} | null)[]} */
    const pages = await Promise.all(finds.map((find) => get(`/api/v1/members?${find}`).then((answer) => /** @type {any} */ (answer), () => null)));
    if (mine !== asked) return;
    for (const page of pages) if (page) known.learn(page.items);
    open.redraw();
  };
  const found = () => known.all().filter((member) => member.state === "active" && !but.includes(member.id) && isSought(member, text))
    .sort((a, b) => compare(memberName(a), memberName(b))).slice(0, SHOWN);
  /** @param {Open<string[]>} open @param {Member} member */
  const toggle = (open, member) => {
    if (!chosen.delete(member.id) && chosen.size < most) chosen.set(member.id, member);
    open.redraw();
  };
  let isBegun = false;
  return openDialog({
    title,
    ...(signal && { signal }),
    body: (/** @type {Open<string[]>} */ open) => {
      if (!isBegun) queueMicrotask(() => void ask(open));
      isBegun = true;
      const members = found();
      return html`<div class="input-group">${icon("search")}<input class="input" type="search" autofocus autocomplete="off" placeholder=${t("chat.find_member")} aria-label=${t("chat.find_member")}
          @input=${(/** @type {Event} */ event) => {
            text = /** @type {HTMLInputElement} */ (event.target).value;
            open.redraw();
            void ask(open);
          }}
          @keydown=${(/** @type {KeyboardEvent} */ event) => {
            if (event.key !== "Enter" || !members[0]) return;
            event.preventDefault();
            if (chosen.size >= least && !text) open.close([...chosen.keys()]);
            else toggle(open, members[0]);
          }}></div>
        <div class="section" role="group" aria-label=${t("chat.people")}>${keyed(members, (member) => member.id, (member) => html`<label class="row"><input type="checkbox" .checked=${chosen.has(member.id)} @change=${() => toggle(open, member)}>
          ${avatar(member, { size: 24, isHere: known.isHere(member.id) })}<span class="row-label" dir="auto">${memberName(member)}</span><small>@${member.username}</small></label>`)}
          ${members.length || !text.trim() ? null : html`<p class="empty-line" role="status">${t("chat.nobody_found")}</p>`}</div>`;
    },
    actions: (open) => html`<button class="button" data-kind="quiet" type="button" @click=${() => open.close(null)}>${t("chat.cancel")}</button>
      <button class="button" data-kind="primary" type="button" ?disabled=${chosen.size < least} @click=${() => open.close([...chosen.keys()])}>${act}</button>`,
  });
}
