/** The list over the composer that completes names and emoji, and its keys. */

import { get, path } from "../lib/api.js";
import { html } from "../lib/html.js";
import { t } from "../lib/words.js";
import { wordAt, members as membersFor, emoji as emojiFor } from "./completion.js";
import { avatar, memberName, roleName } from "./names.js";
import { isConversation, leads, has } from "./rights.js";

/** @import { Member } from "../types/live.d.ts" */
/** @import { Option } from "./completion.js" */
/** @import { Surface } from "./surface.js" */

/** A press on an option takes the focus from the field for a moment. */
const CLOSE_AFTER = 150;

export class Completions {
  /** @type {Option[]} */
  #options = [];
  #at = 0;
  #from = 0;
  /** Who is in which room, as far as it was asked. @type {Map<string, string[]>} */
  #inRoom = new Map();

  /** @param {Surface} owner @param {() => void} redraw */
  constructor(owner, redraw) {
    this.owner = owner;
    this.redraw = redraw;
  }

  /** Looks at the word before the caret. @param {HTMLTextAreaElement} field @param {string | null} room */
  look(field, room) {
    const word = field.selectionStart === field.selectionEnd ? wordAt(field.value, field.selectionStart) : null;
    this.#at = 0;
    if (!word || !room) return this.close();
    this.#from = word.from;
    this.#options = word.sign === ":" ? emojiFor(word.word) : this.#members(word.word, room);
  }

  /** @param {string} word @param {string} room */
  #members(word, room) {
    const { state } = this.owner.app.client;
    const it = state.rooms[room]?.room;
    if (!it) return [];
    if (!it.members && !this.#inRoom.has(room)) void this.#ask(room);
    const ids = new Set(it.members ?? this.#inRoom.get(room) ?? []);
    const known = Object.values(state.members).filter((member) => member.id !== state.me.id);
    // Those in the room first; in a conversation nobody else can be meant.
    const wanted = [...known.filter((member) => ids.has(member.id)), ...(isConversation(it) ? [] : known.filter((member) => !ids.has(member.id)))];
    const mayCall = isConversation(it) || leads(state, it) || has(state, "messages.mention_room");
    const roles = state.roles.flatMap((role) => (role.handle === null ? [] : [{ name: roleName(role), handle: role.handle }]));
    return membersFor(word, wanted, mayCall ? roles : null);
  }

  /** @param {string} room */
  async #ask(room) {
    this.#inRoom.set(room, []);
    /** @type {{items: {member: Member}[]}} */
    const page = await get(path`/api/v1/rooms/${room}/members` + "?limit=100").then((answer) => /** @type {any} */ (answer), () => ({ items: [] }));
    this.#inRoom.set(room, page.items.map(({ member }) => member.id));
    this.owner.app.client.store.dispatch({ type: "members_loaded", members: page.items.map(({ member }) => member) });
    const field = this.owner.querySelector("textarea");
    if (!field || document.activeElement !== field) return;
    this.look(field, room);
    this.redraw();
  }

  close() {
    this.#options = [];
  }

  closeSoon() {
    setTimeout(() => {
      if (!this.#options.length) return;
      this.close();
      this.redraw();
    }, CLOSE_AFTER);
  }

  get activeId() {
    return this.#options.length ? `completion-${this.#at}` : null;
  }

  /**
   * The keys of the list while it is open. A chosen option comes back with the place of the word that it replaces.
   * @param {KeyboardEvent} event @returns {{insert: string, from: number} | null}
   */
  press(event) {
    const count = this.#options.length;
    if (!count || event.ctrlKey || event.metaKey || event.altKey) return null;
    const chosen = this.#options[this.#at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#at = (this.#at + (event.key === "ArrowDown" ? 1 : -1) + count) % count;
    else if (event.key === "Escape") this.close();
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && chosen) {
      event.preventDefault();
      this.close();
      return { insert: chosen.insert, from: this.#from };
    } else return null;
    event.preventDefault();
    this.redraw();
    this.owner.querySelector(`#completion-${this.#at}`)?.scrollIntoView({ block: "nearest" });
    return null;
  }

  view() {
    if (!this.#options.length) return null;
    return html`<div class="completions" id="completions" role="listbox" aria-label=${t("chat.suggestions")}>${this.#options.map((option, at) => html`<div class="menu-item" role="option" id="completion-${String(at)}" aria-selected=${String(at === this.#at)}
      @pointerdown=${(/** @type {Event} */ event) => this.#take(event, option)}>${draw(option)}</div>`)}</div>`;
  }

  /** @param {Event} event @param {Option} option */
  #take(event, option) {
    event.preventDefault();
    const field = this.owner.querySelector("textarea");
    if (!field) return;
    field.setRangeText(option.insert, this.#from, field.selectionStart, "end");
    this.close();
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}

/** @param {Option} option */
function draw(option) {
  if (option.kind === "member") return html`${avatar(option.member, { size: 24 })}<span dir="auto">${memberName(option.member)}</span><small>@${option.member.username}</small>`;
  if (option.kind === "role") return html`<span dir="auto">@${option.role.handle}</span><small>${t("chat.mention_role", { role: option.role.name })}</small>`;
  if (option.kind === "room") return html`<span>@${option.name}</span><small>${t(`chat.mention_${option.name}`)}</small>`;
  return html`<span>${option.emoji} :${option.name}:</span>`;
}
