/** The chat behind the screen: state, connection and outbox, and all that one can do with them. Draws nothing. */

import { get, newKey, path, post, put } from "../lib/api.js";
import { Refused } from "../lib/errors.js";
import { LocalShelf } from "../lib/local-database.js";
import { Socket } from "../lib/socket.js";
import { Store } from "../lib/store.js";
import { ownNames, renamed } from "./names.js";
import { Drafts } from "./drafts.js";
import { Outbox } from "./outbox.js";
import { Presence } from "./presence.js";
import { waitAfter } from "./rights.js";
import { isUsable } from "./room-events.js";
import { after, begin, roomAt } from "./state.js";

/** @import { Entry } from "../lib/socket.js" */
/** @import { CallEntry, CallNotice, Member, Message, MyCall, Room, Signal, State } from "../types/live.d.ts" */
/** @import { Asked, Change, ChatState, Echo, MessagePage, MyRoom } from "./types.d.ts" */

/** @typedef {Record<string, "loading" | "failed">} Loads */
/** @typedef {{state: State, room: {id: string, about: Room | null, messages: MessagePage} | null}} PageData */

/**
 * Whoever brings calls to the screen.
 * @typedef {object} CallEar
 * @property {(notice: CallNotice & {seq?: number}) => void} notice
 * @property {(greeting: {connection: string, calls: MyCall[]}) => void} greeted
 * @property {(isUp: boolean) => void} line
 */

/** Between two looks into a room that one visits, in milliseconds. */
const VISIT_MS = 20_000;
const MOST_ASKED = 100;
/** Many greet the server in the same moment, after it was away: not all of them ask it at once. In milliseconds. */
const SPREAD_MS = 2_000;
/** Two lost connections in a row: perhaps it is not the line but the session, or the limit of connections. */
const DOUBTFUL = 2;

export class Client {
  /** What is being loaded, and what failed to. @type {Store<Loads, {key: string, status: "loading" | "failed" | null}>} */
  loads = new Store(/** @type {Loads} */ ({}), (state, { key, status }) => {
    const { [key]: _, ...rest } = state;
    return status ? { ...rest, [key]: status } : rest;
  });
  /** @type {string | null} */
  #open = null;
  /** Members to be asked for, and those that were: whoever the server does not know is asked for once. @type {Set<string>} */
  #wanted = new Set();
  /** @type {Set<string>} */
  #asked = new Set();
  /** Whether signals to everyone were missed that are not made up for. */
  #hasMissed = false;
  /** Whether that is under way. */
  #makesUp = false;
  /** Slow rooms in which I said something a while ago, perhaps: asked about once all of it is here. @type {Set<string>} */
  #unsure = new Set();
  /** Seq up to which each room's mark is on its way. @type {Map<string, number>} */
  #reading = new Map();
  /** @type {Set<(entry: Entry) => void>} */
  #listeners = new Set();

  /** @type {CallEar | null} */
  ear = null;
  /** What this connection was greeted with about calls. @type {{connection: string, calls: MyCall[]} | null} */
  greeting = null;

  /** @param {PageData} page @param {{url: string, target: number | null}} at `target`: the place around which the page's messages are */
  constructor({ state, room }, { url, target }) {
    /** @type {Store<ChatState, Change>} */
    this.store = new Store(begin(state), after);
    this.socket = new Socket(url, this.#listener(), state.epoch);
    this.socket.signals = state.signals;
    this.presence = new Presence(this.store, this.socket);
    this.#follow(state);
    ownNames.dispatch({ type: "all", names: state.own_names });
    if (room?.about) this.store.dispatch({ type: "visited", room: room.about });
    if (room) this.#take(room.id, null, target === null ? { newest: true } : { around: target }, room.messages);
    this.drafts = new Drafts(new LocalShelf("drafts", state.me.id, "place"));
    this.outbox = this.#makeOutbox(state.me.id);
  }

  get state() {
    return this.store.state;
  }

  start() {
    this.store.watch((now) => this.#mend(now));
    this.#mend(this.state);
    void this.outbox.begin();
    void this.drafts.begin();
    this.socket.open();
    addEventListener("online", () => {
      this.socket.probe();
      // A connection may have outlived the gap, so that no greeting comes.
      this.#askAgain();
    });
    addEventListener("offline", () => this.socket.probe());
    document.addEventListener("visibilitychange", () => document.hidden || this.socket.probe());
    this.presence.start();
    setInterval(() => this.#lookAgain(), VISIT_MS);
    document.addEventListener("visibilitychange", () => this.#lookAgain());
  }

  /** Hears every event of every log, after it was applied. @param {(entry: Entry) => void} listener */
  onEvent(listener) {
    this.#listeners.add(listener);
  }

  /** @returns {import("../lib/socket.js").Listener} */
  #listener() {
    return {
      event: (entry) => {
        this.store.dispatch({ type: "logged", ...entry });
        this.#pace(entry);
        if (entry.event.kind === "room_left") this.socket.forget(entry.event.room);
        // The room may be slow no longer, or not for me.
        if (entry.event.kind === "room_changed" || entry.event.kind === "room_role_set") this.outbox.hurry(entry.room);
        if (entry.event.kind === "call_logged") this.want([entry.event.entry.starter]);
        if (entry.event.kind === "note_changed") void renamed(entry.event.member);
        for (const listen of this.#listeners) listen(entry);
      },
      signal: (signal) => this.#signal(signal),
      status: (status, retryAt) => {
        this.store.dispatch({ type: "connection", connection: { status, retryAt, ...(status === "open" ? { isCrowded: false } : { caughtUp: false }) } });
        if (status !== "open") this.outbox?.interrupted();
        this.ear?.line(status === "open");
        if (status === "waiting" && this.socket.attempts > DOUBTFUL && navigator.onLine) void this.#askWhy();
      },
      notice: (notice) => (notice.type === "call.room" ? this.store.dispatch({ type: "room_call", room: notice.room, call: notice.call }) : this.ear?.notice(notice)),
      missed: () => {
        this.#hasMissed = true;
        this.#makeUpSoon();
      },
      hello: ({ connection, calls }) => {
        if (this.#hasMissed) this.#makeUpSoon();
        this.store.dispatch({ type: "room_calls", calls });
        this.greeting = { connection, calls };
        this.ear?.greeted(this.greeting);
        this.presence.greeted();
        this.#askAgain();
        this.outbox.flush();
      },
      caughtUp: () => {
        this.store.dispatch({ type: "connection", connection: { caughtUp: true } });
        for (const room of this.#unsure) void this.#count(room);
        this.#unsure.clear();
      },
      reset: (room) => (room === "me" ? void this.#loadAll() : void this.#reload(room)),
      gone: (room) => this.store.dispatch({ type: "room_gone", room }),
      restored: () => void this.#loadAll().then(() => this.socket.open()),
      signedOut: () => void this.#signedOut().catch(toSignIn),
    };
  }

  /** How long I wait in a room that is slow, after something happened there. @param {Entry} entry */
  #pace(entry) {
    const wait = waitAfter(this.state, entry);
    if (wait === null) return;
    if (wait !== "ask") this.#paced(entry.room, wait);
    else if (this.state.connection.caughtUp) void this.#count(entry.room);
    else this.#unsure.add(entry.room);
  }

  /** @param {string} room @param {number} wait */
  #paced(room, wait) {
    this.store.dispatch({ type: "paced", room, until: Date.now() + wait });
  }

  /** No log tells a visitor what is said in the room: its newest page is read again now and then. */
  #lookAgain() {
    const room = this.#open;
    if (!document.hidden && room !== null && this.state.visited[room]) void this.load(room, null, { newest: true });
  }

  /** What failed to load while the server was away is asked for again by whoever shows it, once it is no longer marked. */
  #askAgain() {
    for (const [key, status] of Object.entries(this.loads.state)) if (status === "failed") this.loads.dispatch({ key, status: null });
    this.#mend(this.state);
  }

  /** @param {Signal} signal */
  #signal(signal) {
    this.store.dispatch({ type: "signalled", signal, at: Date.now() });
  }

  /**
   * What signals said before the connection, during a break, or while too much waited is said by nobody again: the community and everybody known
   * is read as it is now. When that fails, the next greeting has it done.
   */
  #makeUpSoon() {
    if (!this.#makesUp) setTimeout(() => void this.#makeUp(), SPREAD_MS * Math.random());
  }

  async #makeUp() {
    if (this.#makesUp) return;
    this.#makesUp = true;
    try {
      // What is missed from here on is missed anew.
      while (this.#hasMissed) {
        this.#hasMissed = false;
        await this.#readAnew();
      }
    } catch (error) {
      this.#hasMissed = true;
      if (error instanceof Refused && error.status === 401) toSignIn();
    } finally {
      this.#makesUp = false;
    }
  }

  async #readAnew() {
    /** @type {State} */
    const { community, me } = await get("/api/v1/me/state");
    this.#signal({ kind: "settings_changed", community });
    this.#signal({ kind: "member_changed", member: me });
    const known = Object.keys(this.state.members);
    for (let at = 0; at < known.length; at += MOST_ASKED) {
      /** @type {{items: Member[]}} */
      const { items } = await get(`/api/v1/members?ids=${known.slice(at, at + MOST_ASKED).join(",")}`);
      this.store.dispatch({ type: "members_loaded", members: items });
    }
  }

  /** The session of this connection is over; a change of password in another tab gave this browser another one. */
  async #signedOut() {
    const { sessionNow } = await import("./signed-out.js");
    const session = await sessionNow(this.state.me.id, {
      whoAmI: () => get("/api/v1/me"),
      after: (run, ms) => setTimeout(run, ms),
      random: Math.random,
    });
    if (session === "again") this.socket.open();
    else if (session === "other") location.assign("/");
    else toSignIn();
  }

  /** A refused handshake looks like a lost line; the API tells them apart. */
  async #askWhy() {
    try {
      /** @type {{connections: {open: number, most: number | null}}} */
      const { connections: { open, most } } = await get("/api/v1/me");
      if (this.state.connection.status !== "open") this.store.dispatch({ type: "connection", connection: { isCrowded: most !== null && open >= most } });
    } catch (error) {
      if (error instanceof Refused && error.status === 401) toSignIn();
    }
  }

  /** Every cursor and every page begins anew. */
  async #loadAll() {
    for (;;) {
      try {
        /** @type {State} */
        const state = await get("/api/v1/me/state");
        this.socket.epoch = state.epoch;
        // While it is open it counts by itself.
        if (this.socket.status !== "open") this.socket.signals = state.signals;
        this.store.dispatch({ type: "loaded", state });
        ownNames.dispatch({ type: "all", names: state.own_names });
        this.#follow(state);
        return this.#look();
      } catch (error) {
        if (error instanceof Refused && error.status === 401) return toSignIn();
        await pause(1_000 + Math.random() * 4_000);
      }
    }
  }

  /** @param {State} state */
  #follow(state) {
    for (const room of state.rooms) {
      this.socket.follow(room.id, room.seq);
      if (room.wait_ms) this.#paced(room.id, room.wait_ms);
    }
    this.socket.follow("me", state.seq);
  }

  /** The room's pages were dropped by the server's word: its numbers and its newest page come again. @param {string} id */
  async #reload(id) {
    this.store.dispatch({ type: "room_reset", room: id });
    await this.#loadRoom(id);
    await this.load(id, null, { newest: true });
  }

  /** @param {string} id */
  async #loadRoom(id) {
    await this.#loading(`room ${id}`, async () => {
      /** @type {MyRoom} */
      const room = await get(path`/api/v1/rooms/${id}`);
      if (room.seq === undefined) return this.store.dispatch({ type: "room_gone", room: id });
      this.store.dispatch({ type: "room_loaded", room });
      this.#paced(id, room.wait_ms);
      this.socket.follow(id, room.seq);
    });
  }

  /** What the state says is missing is fetched. @param {ChatState} state */
  #mend(state) {
    for (const id of Object.keys(state.joining)) void this.#loadRoom(id);
    for (const { room, counts } of Object.values(state.rooms)) if (counts === "stale") void this.#count(room.id);
  }

  /** @param {string} id */
  async #count(id) {
    await this.#loading(`count ${id}`, async () => {
      /** @type {MyRoom} */
      const { seq, read_seq, unread, mentions, wait_ms } = await get(path`/api/v1/rooms/${id}`);
      this.store.dispatch({ type: "counted", room: id, seq, read_seq, unread, mentions });
      this.#paced(id, wait_ms);
    });
  }

  /**
   * Runs one loading of a kind at a time. A failed one stays marked until it is tried again; those that the state asks for are
   * tried again by the next event.
   * @param {string} key @param {() => Promise<void>} run
   */
  async #loading(key, run) {
    if (this.loads.state[key] === "loading") return;
    this.loads.dispatch({ key, status: "loading" });
    try {
      await run();
      this.loads.dispatch({ key, status: null });
    } catch {
      this.loads.dispatch({ key, status: "failed" });
    }
  }

  /** The key under which `loads` knows a page. @param {string} room @param {string | null} thread @param {Asked} asked */
  static loadKey(room, thread, asked) {
    return `page ${room} ${thread ?? ""} ${Object.keys(asked)[0]}`;
  }

  /**
   * Loads a page of a timeline into the state.
   * @param {string} room @param {string | null} thread @param {Asked} asked
   */
  async load(room, thread, asked) {
    await this.#loading(Client.loadKey(room, thread, asked), async () => {
      const query = new URLSearchParams({ limit: "50" });
      if (thread) query.set("thread", thread);
      for (const [name, seq] of Object.entries(asked)) if (name !== "newest") query.set(name, String(seq));
      /** @type {MessagePage} */
      const page = await get(`${path`/api/v1/rooms/${room}/messages`}?${query}`);
      if (!this.#take(room, thread, asked, page)) throw new Refused("chat.page_too_old");
    });
  }

  /** @param {string} room @param {string | null} thread @param {Asked} asked @param {MessagePage} page */
  #take(room, thread, asked, page) {
    const it = roomAt(this.state, room);
    if (!it || !isUsable(it, page)) return false;
    this.store.dispatch({ type: "page", room, thread, asked, page });
    return true;
  }

  /** Asks for members that are shown and not known, a moment later all together. @param {Iterable<string>} ids */
  want(ids) {
    const isFirst = this.#wanted.size === 0;
    for (const id of ids) if (!this.state.members[id] && !this.#asked.has(id)) this.#wanted.add(id);
    if (isFirst && this.#wanted.size) queueMicrotask(() => void this.#fetchWanted());
  }

  async #fetchWanted() {
    const ids = [...this.#wanted].slice(0, MOST_ASKED);
    for (const id of ids) this.#asked.add(id);
    /** @type {{items: Member[]} | null} */
    const found = await get(`/api/v1/members?ids=${ids.join(",")}`).then((answer) => /** @type {any} */ (answer), () => null);
    this.#wanted.clear();
    if (!found) for (const id of ids) this.#asked.delete(id);
    if (found) this.store.dispatch({ type: "members_loaded", members: found.items });
  }

  /** @param {{room: string, body: string, thread?: string | null, reply_to?: Message | null}} draft */
  async send({ room, body, thread = null, reply_to = null }) {
    const quote = reply_to && { id: reply_to.id, seq: reply_to.seq, author: reply_to.author, excerpt: (reply_to.body ?? "").slice(0, 140) };
    /** @type {Echo} */
    const echo = { client_key: newKey(), room, thread, reply_to: quote, body, created: Date.now(), attempts: 0, state: "waiting", code: null, seq: null };
    this.presence.sent();
    await this.outbox.add(echo);
  }

  /** @param {string} me */
  #makeOutbox(me) {
    const channel = new BroadcastChannel(`rialto-outbox-${me}`);
    const outbox = new Outbox({
      shelf: new LocalShelf("outbox", me, "client_key"),
      send: ({ room, client_key, body, reply_to, thread }) =>
        this.socket.request({ type: "chat.send", room, client_key, body, ...(reply_to && { reply_to: reply_to.id }), ...(thread && { thread }) }),
      isOnline: () => this.socket.status === "open",
      // Where there are no locks (plain http beyond this machine) every tab sends; the keys keep that harmless.
      lead: (run) => void (navigator.locks ? navigator.locks.request(`rialto-outbox-${me}`, () => new Promise(() => run())) : run()),
      tellOthers: () => channel.postMessage("changed"),
      now: () => Date.now(),
      after: (run, ms) => setTimeout(run, ms),
      random: Math.random,
    }, {
      echoed: (echoes) => this.store.dispatch({ type: "echoed", echoes }),
      changed: (client_key, change) => this.store.dispatch({ type: "echo_changed", client_key, change }),
      dropped: (client_key) => this.store.dispatch({ type: "echo_dropped", client_key }),
    });
    channel.onmessage = () => void outbox.reload();
    return outbox;
  }

  /** @param {Message} message @param {string} body */
  edit({ room, id }, body) {
    return this.socket.request({ type: "chat.edit", room, id, client_key: newKey(), body });
  }

  /** @param {"chat.delete" | "chat.pin" | "chat.unpin"} type @param {Message} message */
  act(type, { room, id }) {
    return this.socket.request({ type, room, id });
  }

  /** Puts my emoji under the message, or takes it away. @param {Message} message @param {string} emoji */
  react(message, emoji) {
    const isMine = message.reactions.find((each) => each.emoji === emoji)?.members.includes(this.state.me.id);
    return this.socket.request({ type: isMine ? "chat.unreact" : "chat.react", room: message.room, id: message.id, emoji });
  }

  /**
   * Moves my read mark; what is shown follows at once, the log has the last word.
   * @param {string} room @param {number} seq @param {{unread?: boolean}} [options] `unread`: also back
   */
  async read(room, seq, { unread = false } = {}) {
    const it = this.state.rooms[room];
    if (!it || this.socket.status !== "open") return;
    if (!unread && (seq <= it.room.read_seq || seq <= (this.#reading.get(room) ?? 0))) return;
    this.#reading.set(room, seq);
    this.store.dispatch({ type: "logged", room: "me", seq: this.state.seq, at: Date.now(), event: { kind: "read_marked", room, thread: null, seq } });
    await this.socket.request({ type: "chat.read", room, seq, ...(unread && { unread }) }).catch(() => undefined);
    this.#reading.delete(room);
  }

  /** @param {string} room @param {string} thread @param {number} seq */
  readThread(room, thread, seq) {
    const it = this.state.rooms[room];
    if (!it || seq <= (it.threadReads[thread] ?? 0)) return;
    this.socket.request({ type: "chat.read", room, thread, seq }).catch(() => undefined);
  }

  /** @param {string | null} room */
  opened(room) {
    this.#open = room;
    this.presence.opened(room);
    if (room === null || !this.state.visited[room]) this.store.dispatch({ type: "visit_over" });
    if (room !== null) void this.#loadCards(room);
    this.#look();
  }

  /** The cards of the calls that were held in a room, where calls are held. @param {string} id */
  async #loadCards(id) {
    const room = this.state.rooms[id]?.room;
    if (!room || this.state.cards[id] || !(room.voice || room.kind === "direct" || room.kind === "group")) return;
    await this.#loading(`cards ${id}`, async () => {
      /** @type {{items: CallEntry[], members: Member[]}} */
      const page = await get(`/api/v1/calls?${new URLSearchParams({ room: id })}`);
      this.store.dispatch({ type: "members_loaded", members: page.members });
      this.store.dispatch({ type: "cards", room: id, entries: page.items });
    });
  }

  /** The key under which `loads` knows the look into a room from outside. @param {string} room */
  static visitKey(room) {
    return `visit ${room}`;
  }

  /** Looks into the open room from outside, when it is none of mine; what may not be seen is not there. */
  #look() {
    const room = this.#open;
    if (room !== null && !this.state.joining[room] && !roomAt(this.state, room)) void this.visit(room);
  }

  /** @param {string} id */
  async visit(id) {
    await this.#loading(Client.visitKey(id), async () => {
      /** @type {Room | MyRoom | null} */
      const room = await get(path`/api/v1/rooms/${id}`).catch((error) => {
        if (error instanceof Refused && error.status === 404) return null;
        throw error;
      });
      if (room && !("seq" in room) && this.#open === id) this.store.dispatch({ type: "visited", room });
    });
  }

  /** Enters an open room. @param {string} id */
  async join(id) {
    await put(path`/api/v1/rooms/${id}/members/${this.state.me.id}`);
    await this.joined(id);
  }

  /** Makes a room, or finds the conversation that is there already. @param {Record<string, unknown>} wish @returns {Promise<MyRoom>} */
  async makeRoom(wish) {
    /** @type {MyRoom} */
    const room = await post("/api/v1/rooms", wish);
    if (!this.state.rooms[room.id]) await this.#loadRoom(room.id);
    return room;
  }

  /** Makes sure that a room which I have just joined is there. @param {string} id */
  async joined(id) {
    if (!this.state.rooms[id]) await this.#loadRoom(id);
  }
}

/** To the door, and from there back to where one was. */
const toSignIn = () => location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
