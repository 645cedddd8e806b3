/** The dialogs around rooms: new room, rooms to join, somebody to write to, members to add, changes, leaving. */

import { del, get, patch, path, put } from "../lib/api.js";
import { confirm, openDialog } from "../lib/dialog.js";
import { problemSentence, Refused, sentence } from "../lib/errors.js";
import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { span, t } from "../lib/words.js";
import { knownToApp, pickMembers } from "./member-picker.js";
import { roomIcon, roomName } from "./names.js";
import { RoomKeeping } from "./room-keeping.js";
import { isConversation, isShut, roomKinds } from "./rights.js";

/** @import { Open } from "../lib/dialog.js" */
/** @import { Room } from "../types/live.d.ts" */
/** @import { RialtoApp } from "./rialto-app.js" */
/** @import { Level, MyRoom } from "./types.d.ts" */

/**
 * What a small form of a dialog knows: what was typed, what is wrong with it, whether it is on its way.
 * @typedef {{name: string, topic: string, kind: string, history: string, errors: Record<string, string>, isBusy: boolean}} Form
 */

/** @param {Form} form @param {unknown} error */
function blame(form, error) {
  form.errors = {};
  const problems = error instanceof Refused ? error.problems : [];
  for (const problem of problems) form.errors[problem.field] = problemSentence(problem);
  const isNamed = error instanceof Refused && error.code === "chat.name_taken";
  if (isNamed) form.errors.name = sentence(error);
  else if (!problems.length) form.errors[""] = sentence(error);
}

/** @param {Form} form @param {"name" | "topic"} name @param {string} label @param {{isOptional?: boolean, most: number}} options */
function field(form, name, label, { isOptional = false, most }) {
  const error = form.errors[name];
  return html`<div class="field"><label for="room-${name}">${label}${isOptional ? html` <small>${t("chat.optional")}</small>` : null}</label>
    <input class="input" id="room-${name}" maxlength=${String(most)} dir="auto" autocomplete="off" ?autofocus=${name === "name"} .value=${form[name]} aria-invalid=${error ? "true" : null} aria-describedby=${error ? `room-${name}-error` : null}
      @input=${(/** @type {Event} */ event) => (form[name] = /** @type {HTMLInputElement} */ (event.target).value)}>
    ${error ? html`<p class="field-error" id="room-${name}-error">${icon("circle-alert")}<span>${error}</span></p>` : null}</div>`;
}

/** @param {Form} form */
const general = (form) => (form.errors[""] ? html`<div class="banner" data-tone="danger" role="alert">${icon("circle-alert")}<p>${form.errors[""]}</p></div>` : null);

/**
 * @param {Form} form @param {"kind" | "history"} name @param {string} legend @param {string[]} values @param {() => void} redraw
 */
function choices(form, name, legend, values, redraw) {
  const word = name === "kind" ? "chat.kind_" : "chat.history_";
  return html`<fieldset class="field"><legend>${legend}</legend><div class="choices">${values.map((value) => html`<label class="choice">
    <input type="radio" name="room-${name}" value=${value} .checked=${form[name] === value} @change=${() => ((form[name] = value), redraw())}>
    <span class="choice-title">${t(`${word}${value}`)}</span><span class="choice-help">${t(`${word}${value}_help`)}</span></label>`)}</div></fieldset>`;
}

/**
 * A dialog with a form that is sent by Enter too.
 * @template T
 * @param {{title: string, act: string, form: Form, body: (redraw: () => void) => unknown, send: () => Promise<T>}} options
 * @returns {Promise<T | null>}
 */
function formDialog({ title, act, form, body, send }) {
  /** @param {Open<T>} open */
  const submit = async (open) => {
    if (form.isBusy) return;
    form.isBusy = true;
    open.redraw();
    try {
      open.close(await send());
    } catch (error) {
      blame(form, error);
      form.isBusy = false;
      open.redraw();
      /** @type {HTMLElement | null} */ (open.element.querySelector("[aria-invalid=true]"))?.focus();
    }
  };
  return openDialog({
    title,
    size: "640",
    body: (open) => html`<form class="form" id="dialog-form" @submit=${(/** @type {Event} */ event) => (event.preventDefault(), void submit(open))}>${general(form)}${body(open.redraw)}</form>`,
    actions: (open) => html`<button class="button" data-kind="quiet" type="button" @click=${() => open.close(null)}>${t("chat.cancel")}</button>
      <button class="button" data-kind="primary" type="submit" form="dialog-form" aria-busy=${form.isBusy ? "true" : null}>${act}</button>`,
  });
}

/** @param {RialtoApp} app */
export async function newRoom(app) {
  const { client } = app;
  const kinds = roomKinds(client.state);
  /** @type {Form} */
  const form = { name: "", topic: "", kind: kinds[0] ?? "public", history: "all", errors: {}, isBusy: false };
  const room = await formDialog({
    title: t("chat.new_room"),
    act: t("chat.create_room"),
    form,
    body: (redraw) => html`${field(form, "name", t("chat.name"), { most: 60 })}${field(form, "topic", t("chat.topic_label"), { isOptional: true, most: 300 })}
      ${choices(form, "kind", t("chat.who_reads"), kinds, redraw)}${form.kind === "private" ? choices(form, "history", t("chat.history_label"), ["all", "since_join"], redraw) : null}`,
    send: () => client.makeRoom({ kind: form.kind, name: form.name, topic: form.topic, ...(form.kind === "private" && { history: form.history }) }),
  });
  if (room) app.go(room.id);
}

/** Seconds between two messages of one member that are offered. */
const PACES = [0, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600];

/** How slow the room is. @param {number} now @param {(seconds: number) => void} choose @param {string | undefined} error */
function slowChoice(now, choose, error) {
  const all = PACES.includes(now) ? PACES : [...PACES, now].sort((a, b) => a - b);
  return html`<div class="field"><label for="room-slow">${t("chat.slow_label")}</label>
    <select class="input" id="room-slow" aria-describedby="room-slow-help" @change=${(/** @type {Event} */ event) => choose(Number(/** @type {HTMLSelectElement} */ (event.target).value))}>${all.map((seconds) => html`<option value=${String(seconds)} ?selected=${seconds === now}>${seconds ? t("chat.slow_every", { time: span(seconds) }) : t("chat.slow_off")}</option>`)}</select>
    <p class="field-help" id="room-slow-help">${t("chat.slow_help")}</p>${error ? html`<p class="field-error">${icon("circle-alert")}<span>${error}</span></p>` : null}</div>`;
}

/** @param {RialtoApp} app @param {MyRoom} room */
export async function changeRoom(app, room) {
  /** @type {Form} */
  const form = { name: room.name ?? "", topic: room.topic, kind: room.kind, history: room.history, errors: {}, isBusy: false };
  let { voice, slow_seconds: slow } = room;
  const hasChoice = !isConversation(room);
  const keeping = new RoomKeeping(app.client.state, room);
  await formDialog({
    title: t("chat.change_room"),
    act: t("chat.save"),
    form,
    body: (redraw) => html`${field(form, "name", t("chat.name"), { most: 60, isOptional: room.kind === "group" })}${field(form, "topic", t("chat.topic_label"), { isOptional: true, most: 300 })}
      ${room.kind === "private" ? choices(form, "history", t("chat.history_label"), ["all", "since_join"], redraw) : null}
      ${hasChoice ? slowChoice(slow, (seconds) => (slow = seconds), form.errors.slow_seconds) : null}
      ${keeping.view(redraw, form.errors)}
      ${hasChoice ? html`<label class="switch"><span>${t("calls.has_voice")}</span><input type="checkbox" role="switch" .checked=${voice} @change=${(/** @type {Event} */ event) => (voice = /** @type {HTMLInputElement} */ (event.target).checked)}></label>` : null}`,
    send: () => patch(path`/api/v1/rooms/${room.id}`, { ...(form.name !== (room.name ?? "") && { name: form.name }), topic: form.topic, ...(room.kind === "private" && { history: form.history }), ...(hasChoice && { voice, slow_seconds: slow }), ...keeping.change }),
  });
}

/** Open rooms, found by name, to be looked at and joined. @param {RialtoApp} app */
export async function browseRooms(app) {
  let text = "";
  /** @type {{items: Room[], next: string | null}} */
  let page = { items: [], next: null };
  /** @type {"loading" | "failed" | "there"} */
  let status = "loading";
  let asked = 0;
  /** @param {Open<string>} open @param {string | null} [after] */
  const load = async (open, after = null) => {
    const mine = ++asked;
    const query = new URLSearchParams({ browse: "true", q: text, ...(after && { after }) });
    try {
      /** @type {{items: Room[], next: string | null}} */
      const found = await get(`/api/v1/rooms?${query}`);
      if (mine !== asked) return;
      page = { items: after ? [...page.items, ...found.items] : found.items, next: found.next };
      status = "there";
    } catch {
      if (mine === asked) status = "failed";
    }
    open.redraw();
  };
  /** @param {Open<string>} open @param {Room} room */
  const join = async (open, room) => {
    try {
      if (!app.client.state.rooms[room.id]) await app.client.join(room.id);
      open.close(room.id);
    } catch (error) {
      toast(sentence(error), { icon: "circle-alert" });
    }
  };
  /** @param {Open<string>} open @param {Room} room */
  const row = (open, room) => html`<li><span class="arch" data-size="28" aria-hidden="true">${roomIcon(room)}</span>
    <span class="item-text"><b dir="auto">${room.name ?? ""}</b>${room.topic ? html`<small dir="auto">${room.topic}</small>` : null}<small>${t("chat.member_count", { count: room.member_count })}</small></span>
    <button class="button" data-size="small" type="button" aria-label=${t(app.client.state.rooms[room.id] ? "chat.open_named" : "chat.join_named", { room: room.name ?? "" })} @click=${() => void join(open, room)}>${t(app.client.state.rooms[room.id] ? "chat.open" : "chat.join")}</button></li>`;
  let isBegun = false;
  const id = await openDialog({
    title: t("chat.browse"),
    size: "640",
    body: (/** @type {Open<string>} */ open) => {
      if (!isBegun) queueMicrotask(() => void load(open));
      isBegun = true;
      return html`<div class="input-group">${icon("search")}<input class="input" type="search" autofocus placeholder=${t("chat.find_room")} aria-label=${t("chat.find_room")} autocomplete="off" @input=${(/** @type {Event} */ event) => {
        text = /** @type {HTMLInputElement} */ (event.target).value;
        void load(open);
      }}></div>
      <div class="section" aria-busy=${String(status === "loading")}>${status === "failed" ? html`<div class="failed" role="alert">${icon("triangle-alert")}<p>${t("chat.rooms_failed")}</p><button class="button" data-size="small" type="button" @click=${() => void load(open)}>${t("chat.try_again")}</button></div>`
        : html`<ul class="items">${page.items.map((room) => row(open, room))}</ul>`}${status === "there" && !page.items.length ? html`<p class="empty-line" role="status">${t(text ? "chat.no_such_room" : "chat.no_open_rooms")}</p>` : null}
        ${page.next ? html`<button class="button" data-kind="quiet" type="button" @click=${() => void load(open, page.next)}>${t("chat.more_rooms")}</button>` : null}</div>`;
    },
  });
  if (id) app.go(id);
}

/** @param {RialtoApp} app */
export async function writeTo(app) {
  const { state } = app.client;
  const ids = await pickMembers(knownToApp(app), { title: t("chat.write_to"), act: t("chat.begin"), least: isShut(state, "message") ? 2 : 1, most: isShut(state, "invite") ? 1 : 9, but: [state.me.id] });
  if (!ids?.length) return;
  try {
    const room = await app.client.makeRoom({ kind: ids.length === 1 ? "direct" : "group", members: ids });
    app.go(room.id);
    // Those of a group are asked first; the conversation of two begins at once.
    if (ids.length > 1) toast(t("chat.added", { count: ids.length }), { icon: "check" });
  } catch (error) {
    toast(sentence(error), { icon: "circle-alert" });
  }
}

/** Opens the conversation with one member. @param {RialtoApp} app @param {string} member */
export async function writeToOne(app, member) {
  try {
    const room = await app.client.makeRoom({ kind: "direct", members: [member] });
    app.go(room.id);
  } catch (error) {
    toast(sentence(error), { icon: "circle-alert" });
  }
}

/** @param {RialtoApp} app @param {MyRoom} room */
export async function addMembers(app, room) {
  const ids = await pickMembers(knownToApp(app), { title: t("chat.add_members"), act: t("chat.invite"), most: 20, but: [...(room.members ?? [app.client.state.me.id]), ...(room.invited ?? [])] });
  const done = await Promise.allSettled((ids ?? []).map((id) => put(path`/api/v1/rooms/${room.id}/members/${id}`)));
  const failed = done.find((each) => each.status === "rejected");
  if (failed) toast(sentence(failed.reason), { icon: "circle-alert" });
  else if (ids?.length) toast(t("chat.added", { count: ids.length }), { icon: "check" });
}

/** @param {MyRoom} room @param {Level} level */
export async function setLevel(room, level) {
  await put(path`/api/v1/rooms/${room.id}/own`, { level }).catch((error) => toast(sentence(error), { icon: "circle-alert" }));
}

/** @param {MyRoom} room @param {boolean} archived */
export async function archive(room, archived) {
  if (archived && !(await confirm({ title: t("chat.archive_title"), text: t("chat.archive_text"), act: t("chat.archive"), keep: t("chat.cancel") }))) return;
  await patch(path`/api/v1/rooms/${room.id}`, { archived }).catch((error) => toast(sentence(error), { icon: "circle-alert" }));
}

/** @param {RialtoApp} app @param {MyRoom} room */
export async function leave(app, room) {
  const { me } = app.client.state;
  const text = [t(room.kind === "private" || room.kind === "group" ? "chat.leave_closed_text" : "chat.leave_text"), ...(room.role === "owner" ? [t("chat.leave_owner_text")] : [])].join(" ");
  if (!(await confirm({ title: t("chat.leave_title", { room: roomName(app.client.state, room) }), text, act: t("chat.leave"), keep: t("chat.stay"), danger: true }))) return;
  await del(path`/api/v1/rooms/${room.id}/members/${me.id}`).catch((error) => toast(sentence(error), { icon: "circle-alert" }));
}
