/** How one message looks, in all its states; the only place where its markup stands. */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { moment, number, t, time } from "../lib/words.js";
import { avatar, memberName, realName } from "./names.js";
import { mayDelete, mayEdit, mayReact, mayRing, ringsBack } from "./rights.js";
import { keyOf } from "./rows.js";
import { concerns } from "./unread.js";
import { verifiedSign } from "../billing/verified.js";

/** @import { View } from "../lib/html.js" */
/** @import { CallEntry, Member, Message, Quote } from "../types/live.d.ts" */
/** @import { Bodies } from "./body.js" */
/** @import { ChatState, Echo, MyRoom } from "./types.d.ts" */

/**
 * Everything beside the message that its look depends on.
 * @typedef {object} Setting
 * @property {ChatState} state
 * @property {MyRoom} room
 * @property {Bodies} bodies
 * @property {string | null} active key of the row under the pointer or the focus: it alone has a toolbar
 * @property {string | null} editing id of the message that is being edited
 * @property {number | null} target seq of the message that a link led to
 * @property {boolean} isThread
 * @property {(act: string, message: Message, anchor: Element) => void} onAct
 */

/** @param {Message} message @param {boolean} isFirst @param {Setting} setting @returns {View} */
export function messageView(message, isFirst, setting) {
  const { state, active, editing, target } = setting;
  const key = keyOf(message, state.me.id);
  const author = state.members[message.author];
  const name = memberName(author);
  const isMentioned = message.author !== state.me.id && !message.deleted && !state.people.muted.includes(message.author) && concerns(message.mentions, state.me);
  const body = message.deleted || message.body_html === null ? html`<div class="message-body"><p>${t("chat.message_deleted")}</p></div>` : setting.bodies.of(message.id, message.body_html, message.mentions, state.me);
  const marks = [
    message.edited_at !== null && !message.deleted ? html`<span class="message-mark" title=${moment(message.edited_at)}>${t("chat.edited")}</span>` : null,
    message.thread_count && !setting.isThread ? html`<div><button class="message-mark" type="button" @click=${act(setting, "thread", message)}>${t("chat.answers", { count: message.thread_count })}</button></div>` : null,
  ];
  return html`<article class="message" data-key=${key} data-seq=${String(message.seq)} data-first=${isFirst ? "" : null} data-deleted=${message.deleted ? "" : null}
      data-mentioned=${isMentioned ? "" : null} data-editing=${editing === message.id ? "" : null} data-target=${target === message.seq ? "" : null}
      tabindex="-1" aria-label=${t("chat.by_at", { name, time: time(message.at) })}>
    ${isFirst ? avatar(author, { isHere: state.presence[message.author] ?? false }) : timeOf(message.at)}
    <div class="message-main">
      ${isFirst ? head(author, name, message, setting) : null}
      ${message.pinned ? html`<p class="message-pinned">${icon("pin")}${t("chat.pinned")}</p>` : null}
      ${message.reply_to ? quote(message.reply_to, setting) : null}
      ${body}${marks}${shownReactions(message, state).length ? reactions(message, setting) : null}
    </div>
    ${active === key && !message.deleted ? tools(message, setting) : null}
  </article>`;
}

/** @param {Setting} setting @param {string} name @param {Message} message */
const act = ({ onAct }, name, message) => (/** @type {Event} */ event) => onAct(name, message, /** @type {Element} */ (event.currentTarget));

/** @param {Member | undefined} author @param {string} name @param {Message} message @param {Setting} setting */
function head(author, name, message, setting) {
  const title = !author || author.state === "deleted" ? html`<span class="message-author">${name}</span>`
    : html`<button class="message-author" type="button" dir="auto" title=${realName(author)} @click=${act(setting, "author", message)}>${name}</button>`;
  return html`<header class="message-head">${title}${verifiedSign(author)}${timeOf(message.at)}</header>`;
}

/** @param {number} at */
const timeOf = (at) => html`<time class="message-time" datetime=${new Date(at).toISOString()} title=${moment(at)}>${time(at)}</time>`;

/** @param {Quote} to @param {Setting} setting */
function quote(to, { state, room }) {
  if (state.people.blocked.includes(to.author)) return html`<span class="quote"><span>${t("social.hidden_message", { name: memberName(state.members[to.author]) })}</span></span>`;
  if (to.excerpt === null) return html`<span class="quote"><span>${t("chat.quote_deleted")}</span></span>`;
  return html`<a class="quote" href="/r/${room.id}/${String(to.seq)}"><b dir="auto">${memberName(state.members[to.author])}</b><span dir="auto">${to.excerpt}</span></a>`;
}

/** Those of people whom I do not block. @param {Message} message @param {ChatState} state @returns {Message["reactions"]} */
function shownReactions({ reactions: all }, { people: { blocked } }) {
  if (!blocked.length) return all;
  return all.map(({ emoji, members }) => ({ emoji, members: members.filter((id) => !blocked.includes(id)) })).filter(({ members }) => members.length > 0);
}

/** @param {Message} message @param {Setting} setting */
function reactions(message, setting) {
  const { state, room, onAct } = setting;
  const isOpen = mayReact(state, room, Date.now());
  return html`<div class="reactions" role="group" aria-label=${t("chat.reactions")}>
    ${shownReactions(message, state).map(({ emoji, members }) => {
      const isMine = members.includes(state.me.id);
      const count = number(members.length);
      const names = members.slice(0, 12).map((id) => memberName(state.members[id])).join(", ");
      return html`<button class="reaction" type="button" aria-pressed=${String(isMine)} ?disabled=${!isOpen} title=${names}
        aria-label=${t(isMine ? "chat.reaction_with_mine" : "chat.reaction", { emoji, count })}
        @click=${(/** @type {Event} */ event) => onAct(`react ${emoji}`, message, /** @type {Element} */ (event.currentTarget))}><span>${emoji}</span><span>${count}</span></button>`;
    })}
    ${isOpen ? html`<button class="reaction" type="button" aria-label=${t("chat.add_reaction")} aria-haspopup="dialog" @click=${act(setting, "react", message)}>${icon("smile")}</button>` : null}
  </div>`;
}

/** @param {Message} message @param {Setting} setting */
function tools(message, setting) {
  const { state, room } = setting;
  const now = Date.now();
  /** @param {string} name @param {string} sign @param {string} words @param {string | null} popup */
  const button = (name, sign, words, popup = null) => html`<button class="icon-button" type="button" aria-label=${words} title=${words} aria-haspopup=${popup} aria-expanded=${popup ? "false" : null} @click=${act(setting, name, message)}>${icon(sign)}</button>`;
  return html`<div class="message-tools" role="toolbar" aria-label=${t("chat.message_acts")}>
    ${mayReact(state, room, now) ? button("react", "smile", t("chat.react"), "dialog") : null}
    ${setting.isThread || !mayReact(state, room, now) ? null : button("reply", "reply", t("chat.reply"))}
    ${mayEdit(state, room, message, now) ? button("edit", "pencil", t("chat.edit")) : null}
    ${message.author === state.me.id && mayDelete(state, room, message) ? button("delete", "trash-2", t("chat.delete")) : null}
    ${button("more", "ellipsis", t("chat.more"), "menu")}
  </div>`;
}

/**
 * A message of mine on its way.
 * @param {Echo} echo @param {boolean} isFirst @param {Setting} setting @param {{retry: () => void, drop: () => void, why: string}} on
 */
export function echoView(echo, isFirst, setting, { retry, drop, why }) {
  const { state } = setting;
  const name = memberName(state.me);
  const lines = echo.body.split("\n").map((line, at) => (at ? html`<br>${line}` : line));
  const isFailed = echo.state === "failed";
  return html`<article class="message" data-key="k${echo.client_key}" data-first=${isFirst ? "" : null} data-state=${isFailed ? "failed" : "sending"}
      aria-busy=${isFailed ? null : "true"} tabindex="-1" aria-label=${t("chat.by_at", { name, time: time(echo.created) })}>
    ${isFirst ? avatar(state.me, { isHere: true }) : timeOf(echo.created)}
    <div class="message-main">
      ${isFirst ? html`<header class="message-head"><span class="message-author" dir="auto">${name}</span>${timeOf(echo.created)}</header>` : null}
      ${echo.reply_to ? quote(echo.reply_to, setting) : null}
      <div class="message-body prose" dir="auto"><p>${lines}</p></div>
      ${isFailed ? html`<p class="message-failed" role="alert">${icon("circle-alert")}<span>${why}</span><button type="button" @click=${retry}>${t("chat.retry")}</button><span aria-hidden="true">·</span><button type="button" @click=${drop}>${t("chat.delete")}</button></p>` : null}
    </div>
  </article>`;
}

/** Calls that were not taken stand out. */
const MISSED = ["missed", "unheard", "busy"];

/** For how long they talked, in words; nothing when nobody answered. @param {CallEntry} entry @returns {string} */
function talked({ fate, seconds }) {
  if (fate !== "taken" || seconds <= 0) return "";
  return seconds < 60 ? t("calls.card_seconds", { count: seconds }) : t("calls.card_minutes", { count: Math.round(seconds / 60) });
}

/**
 * The card of a call in its conversation.
 * @param {CallEntry} entry @param {ChatState} state @param {(anchor: Element) => void} again calls back
 */
export function callCard(entry, state, again) {
  const isMissed = MISSED.includes(entry.fate ?? "");
  const sign = isMissed ? "phone-missed" : entry.outgoing ? "phone-outgoing" : "phone-incoming";
  const title = t(entry.fate === null ? "calls.card_live" : isMissed ? "calls.card_missed" : entry.video ? "calls.card_video" : "calls.card_audio");
  // In a room whoever came was in it; nobody was called who could have answered.
  const fate = isMissed || entry.fate === null || (entry.kind === "room" && entry.fate === "taken") ? "" : t(`calls.fate_${entry.fate}`);
  const facts = [entry.kind === "direct" && entry.outgoing ? "" : memberName(state.members[entry.starter]), fate, talked(entry), time(entry.at)].filter(Boolean).join(" · ");
  // A call that goes on is joined, and a room's voice rings for nobody: what is closed closes neither.
  const other = state.members[(entry.outgoing ? entry.others[0] : entry.starter) ?? ""];
  const isOpen = entry.fate === null || entry.kind === "room" || (entry.kind === "group" ? mayRing(state) : other?.state === "active" && ringsBack(state.community.closed, entry.video && state.entitlements["calls.video"]) !== null);
  return html`<article class="call-card" data-key=${`c${entry.call}`} data-missed=${isMissed ? "" : null} tabindex="-1" aria-label=${`${title}, ${facts}`}>
    <span class="call-card-sign" aria-hidden="true">${icon(sign)}</span><div><b>${title}</b><small>${facts}</small></div>
    ${isOpen ? html`<button class="button" data-size="small" type="button" @click=${(/** @type {Event} */ event) => again(/** @type {Element} */ (event.currentTarget))}>${t(entry.fate === null ? "calls.join" : entry.outgoing || entry.kind === "room" ? "calls.call_again" : "calls.call_back")}</button>` : null}
  </article>`;
}
