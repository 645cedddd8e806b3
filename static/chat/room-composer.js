/** `<room-composer>`: where one writes, in a room or in a thread of it (`data-thread`). */

import { html } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { Refused, sentence } from "../lib/errors.js";
import { moment, span, t } from "../lib/words.js";
import { memberName, roomTitle } from "./names.js";
import { closedTo, slowWait } from "./rights.js";
import { liveOf } from "./ranges.js";
import { Surface } from "./surface.js";
import { excerptOf } from "./messages.js";
import { roomAt } from "./state.js";

/** @import { Writing } from "./place.js" */
/** @import { ChatState, MyRoom } from "./types.d.ts" */

/** Characters that are left when the counter appears. */
const NEAR = 400;

class RoomComposer extends Surface {
  /** Room and thread whose draft is in the field. */
  #place = "";
  /** @type {Writing | null} */
  #writing = null;
  #error = "";
  #text = "";
  /** Loaded with the first word that it could complete. @type {import("./completions.js").Completions | null} */
  #completions = null;

  /** @returns {HTMLTextAreaElement | null} */
  get field() {
    return this.querySelector("textarea");
  }

  get #thread() {
    return this.dataset.thread ?? null;
  }

  /** @override */
  started() {
    this.addEventListener("keydown", (event) => this.#press(event));
    // A letter that is pressed nowhere belongs into the field.
    if (this.#thread === null) document.addEventListener("keydown", (event) => this.#catch(event));
  }

  /** @override */
  update() {
    const { room, writing } = this.app.place.state;
    const place = [room ?? "", this.#thread].filter(Boolean).join("/");
    const now = this.#thread === null ? writing : null;
    if (place !== this.#place) this.#enter(place);
    else if (this.#text === "" && this.#writing === null && !this.#isTouched) this.#setText(this.app.client.drafts.get(place));
    if (now !== this.#writing) this.#write(now);
    this.#takeBack();
    super.update();
    this.#grow();
  }

  /** Whether the field was typed in since it was entered: a draft that is read late must not come over it. */
  #isTouched = false;

  /** @param {string} place */
  #enter(place) {
    this.#place = place;
    this.#writing = null;
    this.#isTouched = false;
    this.#error = "";
    this.#setText(this.app.client.drafts.get(place));
    this.#completions?.close();
    queueMicrotask(() => this.#focus());
  }

  /** What a rule of the community refused comes back into an empty field, with the rule's sentence: nothing that was written is lost. */
  #takeBack() {
    const { client, place } = this.app;
    if (this.#text || this.#writing?.kind === "edit") return;
    const echo = client.state.echoes.find((each) => each.room === place.state.room && each.thread === this.#thread && each.state === "failed" && each.code === "automod.refused");
    if (!echo) return;
    this.#setText(echo.body);
    this.#isTouched = true;
    this.#error = echo.said || t("automod.refused");
    client.drafts.set(this.#place, echo.body);
    void client.outbox.drop(echo.client_key);
  }

  /** @param {Writing | null} writing */
  #write(writing) {
    const wasEdit = this.#writing?.kind === "edit";
    this.#writing = writing;
    this.#error = "";
    if (writing?.kind === "edit") this.#setText(writing.message.body ?? "");
    else if (wasEdit) this.#setText(this.app.client.drafts.get(this.#place));
    queueMicrotask(() => this.#focus(true));
  }

  /** @param {boolean} [always] also where a keyboard would rise */
  #focus(always = false) {
    const { field } = this;
    if (!field || (!always && matchMedia("(pointer: coarse)").matches) || document.querySelector("dialog[open]")) return;
    // A link to a message puts the focus on the message.
    if (!always && (this.app.place.state.target !== null || document.activeElement?.closest(".panel"))) return;
    field.focus({ preventScroll: true });
    field.setSelectionRange(field.value.length, field.value.length);
  }

  /** @param {string} text */
  #setText(text) {
    this.#text = text;
  }

  /** @override @param {ChatState} state */
  view(state) {
    const { room: id } = this.app.place.state;
    const room = roomAt(state, id)?.room;
    if (!room) return html`<div class="composer"><div class="composer-box"></div></div>`;
    const closed = closedTo(state, room, Date.now());
    if (closed === "outside") return this.#outside(state, room);
    if (closed) return html`<div class="composer"><p class="composer-closed">${icon(SIGNS[closed])}<span>${t(`chat.closed_${closed}`, { until: moment(state.muted_until ?? 0) })}</span></p></div>`;
    return this.#open(state, room);
  }

  /** Who looks at an open room from outside may enter it. @param {ChatState} state @param {MyRoom} room */
  #outside(state, room) {
    const error = this.#error ? html`<p class="composer-note" data-tone="danger" role="alert"><span>${this.#error}</span></p>` : null;
    return html`<div class="composer"><p class="composer-closed">${icon("eye")}<span>${t("chat.closed_outside", { room: roomTitle(state, room) })} <small>${t("chat.member_count", { count: room.member_count })}</small></span>
      <button class="button" data-kind="primary" data-size="small" type="button" aria-busy=${this.#isJoining ? "true" : null} @click=${() => void this.#join(room.id)}>${t("chat.join_room")}</button></p>${error}</div>`;
  }

  #isJoining = false;

  /** @param {string} room */
  async #join(room) {
    if (this.#isJoining) return;
    this.#isJoining = true;
    this.#error = "";
    this.update();
    await this.app.client.join(room).catch((error) => (this.#error = sentence(error)));
    this.#isJoining = false;
    this.update();
    this.#focus();
  }

  /** Draws again when a second of the pause has passed. @type {ReturnType<typeof setTimeout> | undefined} */
  #tick;

  /** For how long the room's pace keeps me from sending, in milliseconds; null where it is not slow for me, or an edit is written. @param {ChatState} state @param {MyRoom} room */
  #wait(state, room) {
    const wait = this.#writing?.kind === "edit" ? null : slowWait(state, room, Date.now());
    clearTimeout(this.#tick);
    if (wait) this.#tick = setTimeout(() => this.isConnected && this.update(), wait % 1_000 || 1_000);
    return wait;
  }

  /** @param {ChatState} state @param {MyRoom} room */
  #open(state, room) {
    const writing = this.#writing;
    const wait = this.#wait(state, room);
    const to = this.#thread === null ? t("chat.message_to", { room: roomTitle(state, room) }) : t("chat.answer_in_thread");
    const label = writing?.kind === "edit" ? t("chat.edit_label") : writing?.kind === "reply" ? t("chat.reply_label") : to;
    const left = state.limits.message_bytes - new TextEncoder().encode(this.#text).length;
    const completions = this.#completions?.view() ?? null;
    return html`<form class="composer" aria-label=${t("chat.write")} @submit=${(/** @type {Event} */ event) => (event.preventDefault(), void this.#submit())}>
      ${completions}${writing ? this.#context(state, writing) : null}
      <div class="composer-box">
        <textarea class="composer-input" rows="1" placeholder=${to} aria-label=${label} dir="auto" enterkeyhint="send" autocomplete="off"
          aria-autocomplete="list" aria-controls=${completions ? "completions" : null} aria-activedescendant=${this.#completions?.activeId ?? null}
          .value=${this.#text} @input=${() => this.#typed()} @blur=${() => this.#completions?.closeSoon()}></textarea>
        <div class="composer-tools">
          <button class="icon-button" type="button" aria-label=${t("chat.emoji")} title=${t("chat.emoji")} aria-haspopup="dialog" aria-expanded="false" @click=${(/** @type {Event} */ event) => void this.#pick(/** @type {Element} */ (event.currentTarget))}>${icon("smile")}</button>
          <button class="composer-send" type="submit" aria-label=${t(writing?.kind === "edit" ? "chat.save" : "chat.send")} title=${t(writing?.kind === "edit" ? "chat.save" : "chat.send")} ?disabled=${left < 0 || (wait ?? 0) > 0}>${icon(writing?.kind === "edit" ? "check" : "send")}</button>
        </div>
      </div>
      ${this.#note(left, room, wait)}</form>`;
  }

  /** @param {number} left bytes @param {MyRoom} room @param {number | null} wait */
  #note(left, room, wait) {
    if (left < 0) return html`<p class="composer-note" data-tone="danger" role="alert"><span>${t("chat.too_long_by", { count: -left })}</span></p>`;
    if (this.#error) return html`<p class="composer-note" data-tone="danger" role="alert"><span>${this.#error}</span></p>`;
    if (wait) return html`<p class="composer-note"><span>${t("chat.slow_every", { time: span(room.slow_seconds) })}</span><span role="timer">${t("chat.slow_next", { time: span(Math.ceil(wait / 1_000)) })}</span></p>`;
    if (wait === 0 && left >= NEAR) return html`<p class="composer-note"><span>${t("chat.slow_every", { time: span(room.slow_seconds) })}</span></p>`;
    return left < NEAR ? html`<p class="composer-note"><span>${t("chat.newline_hint")}</span><span>${t("chat.left", { count: left })}</span></p>` : null;
  }

  /** @param {ChatState} state @param {Writing} writing */
  #context(state, { kind, message }) {
    const stop = () => this.app.write(null);
    if (kind === "edit") return html`<div class="composer-context">${icon("pencil")}<span>${t("chat.editing")}</span><button class="icon-button" data-size="small" type="button" aria-label=${t("chat.stop_editing")} @click=${stop}>${icon("x")}</button></div>`;
    return html`<div class="composer-context">${icon("reply")}<span>${t("chat.replying_to")} <b dir="auto">${memberName(state.members[message.author])}</b> <span dir="auto">${excerptOf(message.body_html ?? "")}</span></span>
      <button class="icon-button" data-size="small" type="button" aria-label=${t("chat.stop_replying")} @click=${stop}>${icon("x")}</button></div>`;
  }

  #typed() {
    const field = /** @type {HTMLTextAreaElement} */ (this.field);
    this.#text = field.value;
    this.#isTouched = true;
    this.#error = "";
    if (this.#writing?.kind !== "edit") this.app.client.drafts.set(this.#place, this.#text);
    const { room } = this.app.place.state;
    if (room && this.#text.trim() && this.#writing?.kind !== "edit") this.app.client.presence.typing(room);
    if (this.#completions || /[@:]/.test(this.#text)) void this.#complete();
    this.update();
  }

  async #complete() {
    if (!this.#completions) {
      const { Completions } = await import("./completions.js");
      this.#completions ??= new Completions(this, () => this.update());
    }
    const { field } = this;
    if (field) this.#completions.look(field, this.app.place.state.room);
    this.update();
  }

  /** Grows with its text where the style cannot do it alone. */
  #grow() {
    const { field } = this;
    if (!field || CSS.supports("field-sizing", "content")) return;
    field.style.setProperty("block-size", "auto");
    field.style.setProperty("block-size", `${field.scrollHeight}px`);
  }

  async #submit() {
    const { room } = this.app.place.state;
    const body = this.#text.trim();
    const writing = this.#writing;
    if (!room || this.app.client.state.limits.message_bytes < new TextEncoder().encode(body).length) return;
    if (writing?.kind === "edit") return this.#save(writing, body);
    if (!body || this.#isSlowed(room)) return;
    this.#setText("");
    this.app.client.drafts.set(this.#place, "");
    const sent = this.app.client.send({ room, body, thread: this.#thread, reply_to: writing?.kind === "reply" ? writing.message : null });
    if (writing) this.app.write(null);
    this.update();
    this.#focus(true);
    if (this.#thread === null) this.app.querySelector("room-timeline")?.dispatchEvent(new CustomEvent("sent"));
    await sent;
  }

  /** Whether the pause is not over: what was written stays in the field. @param {string} id */
  #isSlowed(id) {
    const { state } = this.app.client;
    const it = roomAt(state, id);
    return it !== undefined && (slowWait(state, it.room, Date.now()) ?? 0) > 0;
  }

  /** @param {Writing} writing @param {string} body */
  async #save({ message }, body) {
    if (!body) {
      const { doAct } = await import("./message-acts.js");
      return doAct(this.app, "delete", message, this);
    }
    try {
      if (body !== message.body) await this.app.client.edit(message, body);
      this.app.write(null);
    } catch (error) {
      this.#error = error instanceof Refused && error.code === "live.lost" ? t("chat.no_connection") : sentence(error);
      this.update();
    }
  }

  /** @param {Element} anchor */
  async #pick(anchor) {
    const { pickEmoji } = await import("./emoji-picker.js");
    pickEmoji(anchor, (emoji) => this.#insert(emoji));
  }

  /** @param {string} text @param {number} [from] @param {number} [to] what it takes the place of: the selection, if nothing is said */
  #insert(text, from, to) {
    const field = /** @type {HTMLTextAreaElement} */ (this.field);
    field.focus();
    field.setRangeText(text, from ?? field.selectionStart, to ?? field.selectionEnd, "end");
    this.#typed();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { field } = this;
    if (event.target !== field || !field || event.isComposing) return;
    const command = event.ctrlKey || event.metaKey;
    const option = this.#completions?.press(event);
    if (option) this.#insert(option.insert, option.from, field.selectionStart);
    if (event.defaultPrevented) return;
    if (event.key === "Enter" && !event.shiftKey && !command && !event.altKey) void this.#submit();
    else if (command && event.key.toLowerCase() === "b") this.#wrap("**");
    else if (command && event.key.toLowerCase() === "i") this.#wrap("*");
    else if (event.key === "ArrowUp" && !event.altKey && !event.shiftKey && this.#text === "" && !this.#writing) this.#editLast();
    else return;
    event.preventDefault();
  }

  /** Puts signs around the selection, or takes them away. @param {string} sign */
  #wrap(sign) {
    const field = /** @type {HTMLTextAreaElement} */ (this.field);
    const { selectionStart: from, selectionEnd: to, value } = field;
    const isWrapped = value.slice(from - sign.length, from) === sign && value.slice(to, to + sign.length) === sign;
    if (isWrapped) field.setRangeText(value.slice(from, to), from - sign.length, to + sign.length, "select");
    else {
      field.setRangeText(sign + value.slice(from, to) + sign, from, to, "select");
      field.setSelectionRange(from + sign.length, to + sign.length);
    }
    this.#typed();
  }

  #editLast() {
    const { state } = this.app.client;
    const it = state.rooms[this.app.place.state.room ?? ""];
    const last = liveOf(it?.ranges ?? [])?.items.findLast((message) => message.author === state.me.id && !message.deleted);
    if (last && this.#thread === null) this.app.write({ kind: "edit", message: last });
  }

  /** @param {KeyboardEvent} event */
  #catch(event) {
    if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.activeElement !== document.body && !document.activeElement?.matches(".timeline-scroll")) return;
    if (!document.querySelector("dialog[open], [popover]:popover-open")) this.field?.focus();
  }
}

/** @type {Record<Exclude<ReturnType<typeof closedTo>, "outside" | null>, string>} */
const SIGNS = { archived: "archive", muted: "mic-off", announcement: "megaphone" };

customElements.define("room-composer", RoomComposer);
