/** The panels with the members of a room, and with one of them. */

import { del, get, path, put } from "../lib/api.js";
import { confirm } from "../lib/dialog.js";
import { sentence } from "../lib/errors.js";
import { html, keyed } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { compare, t } from "../lib/words.js";
import { avatar, memberName, others, realName, roleName, roomName } from "./names.js";
import { panelBones, panelFailed, panelHead } from "./panel-head.js";
import { has, isConversation, isShut, leads, mayAdd, mayTakeBack } from "./rights.js";
import { reason, verifiedMark } from "../billing/verified.js";

/** @import { Member } from "../types/live.d.ts" */
/** @import { RialtoApp } from "./rialto-app.js" */
/** @import { MyRoom, RoomRole, RoomState } from "./types.d.ts" */

/** @typedef {{member: Member, role: RoomRole}} InRoom */
/** @typedef {{member: Member, by: string}} Invited */

/** Above this size a room's presence is a number, and its list is paged. */
const PAGE = 100;

export class MemberPanel {
  /** The room that is shown, and its place in the log when its members were asked for. */
  #room = "";
  #changes = -1;
  /** @type {InRoom[]} */
  #items = [];
  /** Who is asked and has not come. @type {Invited[]} */
  #invited = [];
  /** @type {string | null} */
  #next = null;
  /** @type {"loading" | "failed" | "there"} */
  #status = "loading";

  /** @param {RialtoApp} app @param {() => void} redraw */
  constructor(app, redraw) {
    this.app = app;
    this.redraw = redraw;
  }

  /** @param {RoomState} it */
  #refresh({ room, recent }) {
    // Joins, departures and roles make the list another one; nothing else does.
    const changes = recent.findLast(({ event }) => event.kind === "member_joined" || event.kind === "member_left" || event.kind === "room_role_set" || event.kind === "member_invited" || event.kind === "member_uninvited")?.seq ?? 0;
    if (this.#room === room.id && this.#changes === changes) return;
    if (this.#room !== room.id) [this.#items, this.#invited, this.#status] = [[], [], "loading"];
    [this.#room, this.#changes] = [room.id, changes];
    void this.#load(room.id, null);
  }

  /** @param {string} room @param {string | null} after */
  async #load(room, after) {
    try {
      const query = new URLSearchParams({ limit: String(PAGE), ...(after && { after }) });
      /** @type {{items: InRoom[], next: string | null, invited: Invited[]}} */
      const page = await get(`${path`/api/v1/rooms/${room}/members`}?${query}`);
      if (room !== this.#room) return;
      this.#items = after ? [...this.#items, ...page.items] : page.items;
      // Only the first page says who is invited.
      if (!after) this.#invited = page.invited;
      this.#next = page.next;
      this.#status = "there";
      this.app.client.store.dispatch({ type: "members_loaded", members: [...page.items, ...page.invited].map(({ member }) => member) });
    } catch {
      if (room === this.#room) this.#status = "failed";
    }
    this.redraw();
  }

  /** @param {RoomState} it */
  list(it) {
    this.#refresh(it);
    const { state } = this.app.client;
    const { room } = it;
    this.app.client.presence.watch("panel", this.#items.slice(0, PAGE).map(({ member }) => member.id));
    const people = this.#items.map((each) => ({ ...each, member: state.members[each.member.id] ?? each.member, isHere: state.presence[each.member.id] ?? each.member.id === state.me.id }))
      .sort((a, b) => compare(memberName(a.member), memberName(b.member)));
    const here = people.filter((each) => each.isHere);
    const away = people.filter((each) => !each.isHere);
    const add = () => void import("./room-dialogs.js").then(({ addMembers }) => addMembers(this.app, room));
    return html`${panelHead(this.app, t("chat.members_title"))}<div class="panel-scroll">
      ${mayAdd(state, room) ? html`<button class="row" type="button" @click=${add}>${icon("user-plus")}<span class="row-label">${t("chat.add_members")}</span></button>` : null}
      ${this.#status === "failed" ? panelFailed(t("chat.members_failed"), () => void this.#load(room.id, null)) : this.#status === "loading" ? panelBones : null}
      ${here.length ? this.#section("here", t("chat.here", { count: here.length }), here, room) : null}
      ${away.length ? this.#section("away", t("chat.away", { count: away.length }), away, room) : null}
      ${this.#next ? html`<button class="button" data-kind="quiet" type="button" @click=${() => void this.#load(room.id, this.#next)}>${t("chat.more_members")}</button>` : null}
      ${this.#invited.length ? this.#asked(room) : null}</div>`;
  }

  /** Who is invited and has not come: by whom, and taken back by those who may. @param {MyRoom} room */
  #asked(room) {
    const { client } = this.app;
    const { state } = client;
    client.want(this.#invited.map(({ by }) => by).filter((id) => !state.members[id]));
    const people = this.#invited.map(({ member, by }) => ({ member: state.members[member.id] ?? member, by })).sort((a, b) => compare(memberName(a.member), memberName(b.member)));
    /** @param {Invited} each */
    const row = ({ member, by }) => html`<li>${avatar(member, { size: 24 })}<span class="item-text"><b dir="auto" title=${realName(member)}>${memberName(member)}</b><small><span dir="ltr">@${member.username}</span> · ${by === state.me.id ? t("chat.invited_by_me") : t("chat.invited_by", { name: memberName(state.members[by]) })}</small></span>
      ${mayTakeBack(state, room, by) ? html`<button class="button" data-size="small" type="button" aria-label=${t("chat.take_back_named", { name: memberName(member) })} @click=${(/** @type {Event} */ event) => void this.#takeBack(room, member, /** @type {Element} */ (event.currentTarget))}>${t("chat.take_back")}</button>` : null}</li>`;
    return html`<section class="section" aria-labelledby="panel-invited"><header class="section-head"><h3 id="panel-invited">${t("chat.invited", { count: people.length })}</h3></header>
      <ul class="items">${keyed(people, ({ member }) => member.id, row)}</ul></section>`;
  }

  /** @param {MyRoom} room @param {Member} member @param {Element} button */
  async #takeBack(room, member, button) {
    const panel = button.closest(".panel-scroll");
    const buttons = [...(panel?.querySelectorAll(".items button") ?? [])];
    const at = buttons.indexOf(button);
    const next = buttons[at + 1] ?? buttons[at - 1] ?? panel?.querySelector("button");
    try {
      await del(path`/api/v1/rooms/${room.id}/members/${member.id}`);
    } catch (error) {
      return toast(sentence(error), { icon: "circle-alert" });
    }
    // The row goes, and has gone when the event was here before the answer: the focus goes to the next one.
    if (document.activeElement === button || document.activeElement === document.body) /** @type {HTMLElement | null | undefined} */ (next)?.focus();
    this.#invited = this.#invited.filter((each) => each.member.id !== member.id);
    this.redraw();
    toast(t("chat.taken_back", { name: memberName(member) }), { icon: "check" });
  }

  /** @param {string} id @param {string} title @param {(InRoom & {isHere: boolean})[]} people @param {MyRoom} room */
  #section(id, title, people, room) {
    return html`<section class="section" aria-labelledby="panel-${id}"><header class="section-head"><h3 id="panel-${id}">${title}</h3></header>
      ${keyed(people, ({ member }) => member.id, ({ member, role, isHere }) => html`<button class="row" type="button" @click=${() => this.app.show({ kind: "member", id: member.id })}>${avatar(member, { size: 24, isHere })}
        <span class="row-label" dir="auto" title=${realName(member)}>${memberName(member)}</span>${verifiedMark(member)}${role === "member" || isConversation(room) ? null : html`<span class="badge">${t(`chat.role_${role}`)}</span>`}</button>`)}</section>`;
  }

  /** @param {RoomState} it @param {string} id */
  one(it, id) {
    this.#refresh(it);
    const { client } = this.app;
    const { state } = client;
    const member = state.members[id];
    if (!member) client.want([id]);
    client.presence.watch("panel", [id]);
    const back = () => this.app.show({ kind: "members" });
    if (!member) return html`${panelHead(this.app, "", back)}<div class="panel-scroll">${panelBones}</div>`;
    const isHere = state.presence[id] ?? id === state.me.id;
    const place = this.#items.find((each) => each.member.id === id);
    const status = member.status && (member.status.until === null || member.status.until > Date.now()) ? [member.status.emoji, member.status.text].filter(Boolean).join(" ") : "";
    // A conversation that is there goes on, whatever is closed.
    const mayWrite = !isShut(state, "message") || Object.values(state.rooms).some((each) => each.room.kind === "direct" && others(state, each.room).includes(id));
    const write = () => void import("./room-dialogs.js").then(({ writeToOne }) => writeToOne(this.app, id));
    return html`${panelHead(this.app, memberName(member), it.room.kind === "direct" ? undefined : back)}<div class="panel-scroll"><div class="profile">${avatar(member, { size: 96, isHere })}
      <h2 dir="auto">${memberName(member)}</h2>
      ${member.badge ? html`<p>${verifiedMark(member)} ${reason(member.badge)}</p>` : null}
      <p>${realName(member) ?? (member.username ? `@${member.username}` : null)}${member.pronouns ? ` · ${member.pronouns}` : null}${isHere ? ` · ${t("chat.here_now")}` : null}</p>
      ${status ? html`<p dir="auto">${status}</p>` : null}${member.bio ? html`<p dir="auto">${member.bio}</p>` : null}
      ${member.roles.length ? html`<div class="buttons">${state.roles.filter((role) => member.roles.includes(role.id)).map((role) => html`<span class="badge" data-tone="accent" dir="auto">${roleName(role)}</span>`)}</div>` : null}
      ${id === state.me.id ? html`<div class="buttons"><a class="button" href="/settings">${t("chat.settings")}</a></div>` : null}
      ${id !== state.me.id && member.state === "active" && has(state, "messages.direct") ? html`<div class="buttons">${mayWrite ? html`<button class="button" data-kind="primary" type="button" @click=${write}>${icon("message-square")}${t("chat.write_message")}</button>` : null}<a class="button" href=${path`/people/${id}`}>${icon("user")}${t("social.view_profile")}</a><call-buttons member=${id}></call-buttons></div>` : null}
      ${place && id !== state.me.id ? this.#office(it.room, place) : null}</div></div>`;
  }

  /** What those who lead a room can do with its members. @param {MyRoom} room @param {InRoom} place */
  #office(room, { member, role }) {
    const { state } = this.app.client;
    if (isConversation(room) || !leads(state, room)) return null;
    /** @param {Promise<unknown>} done */
    const told = (done) => void done.catch((error) => toast(sentence(error), { icon: "circle-alert" }));
    const remove = async () => {
      const isSure = await confirm({ title: t("chat.remove_title", { name: memberName(member) }), text: t("chat.remove_text", { room: roomName(state, room) }), act: t("chat.remove"), keep: t("chat.cancel"), danger: true });
      if (isSure) told(del(path`/api/v1/rooms/${room.id}/members/${member.id}`));
    };
    /** @param {RoomRole} next */
    const make = (next) => told(put(path`/api/v1/rooms/${room.id}/members/${member.id}/role`, { role: next }));
    const gives = room.role === "owner" || has(state, "rooms.manage");
    /** @param {RoomRole} next */
    const button = (next) => html`<button class="button" data-size="small" type="button" @click=${() => make(next)}>${t(`chat.make_${next}`)}</button>`;
    return html`<div class="buttons">
      ${gives && role === "moderator" ? [button("member"), button("owner")] : null}${gives && role !== "moderator" ? button("moderator") : null}
      ${role === "owner" ? null : html`<button class="button" data-size="small" data-kind="quiet" data-tone="danger" type="button" @click=${() => void remove()}>${t("chat.remove")}</button>`}</div>`;
  }
}
