/** `<live-page>`: keeps a page that the server wrote up to date: it follows the member's own log and takes in the page as it is by now. */

import { get } from "./api.js";
import { html, render } from "./html.js";
import { icon } from "./icon.js";
import { morph } from "./morph.js";
import { pageLine } from "./page-line.js";
import { toast } from "./toast.js";
import { t } from "./words.js";

/** @import { Socket, Status } from "./socket.js" */

/** Between two attempts to read the page again, in milliseconds; a random part of it is added. */
const AGAIN_MS = 5_000;
/** Until the page is read after something that nobody on it did, in milliseconds, and up to how much later: many pages hear the same. */
const SOON_MS = 250;
const SPREAD_MS = 750;
/** A short break is mended before anybody wonders. */
const QUIET_MS = 3_000;
/** What the page holds besides this element, by how it is found. */
const PART = ".settings";

/**
 * `<live-page data-epoch data-seq data-kinds="contact_changed …">`: up to where the page knows the log, and which events change it; `settings_changed`
 * stands there where the community's settings do. A change
 * of a member counts where something says `data-member="<id>"`. Forms of the page (`<api-form>`) no longer load it anew: it is brought up to
 * date, the focus stays where it was, and what was done is said (`data-toast`, or `data-toast-asked` when the answer's state is `asked`).
 */
class LivePage extends HTMLElement {
  /** That of the page. @type {Socket | undefined} */
  socket;
  #isReading = false;
  #isStale = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #ending = new AbortController();
  /** @type {import("./page-line.js").Ear} */
  #ear = {
    event: ({ event }) => void (this.#counts(event.kind) && this.#refreshSoon()),
    signal: (signal) => {
      if (signal.kind === "settings_changed" && this.#counts(signal.kind)) this.#refreshSoon();
      if (signal.kind === "member_changed" && this.#part?.querySelector(`[data-member="${CSS.escape(signal.member.id)}"]`)) this.#refreshSoon();
    },
    status: (status) => this.#stands(status),
    hello: () => void (this.#isStale && this.#refreshSoon()),
    missed: () => this.#refreshSoon(),
    reset: () => this.#refreshSoon(),
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #wondering;
  /** Says that the page does not follow, and why. @type {HTMLElement | null} */
  #note = null;

  connectedCallback() {
    this.#ending = new AbortController();
    this.socket = pageLine().socket;
    this.socket.follow("me", Number(this.dataset.seq ?? 0));
    pageLine().join(this.#ear);
    document.addEventListener("done", (event) => void this.#done(/** @type {CustomEvent} */ (event)), { signal: this.#ending.signal });
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#follows();
    this.#ending.abort();
    pageLine().leave(this.#ear);
    this.socket = undefined;
  }

  /** Does it change the page? @param {string} kind of an event, or of a signal */
  #counts(kind) {
    return (this.dataset.kinds ?? "").split(" ").includes(kind);
  }

  /** @param {Status} status */
  #stands(status) {
    if (status === "open") return this.#follows();
    if (status !== "waiting") return;
    if (this.#note) return void this.#sayWhy();
    this.#wondering ??= setTimeout(() => void this.#sayWhy(), QUIET_MS);
  }

  #follows() {
    clearTimeout(this.#wondering);
    this.#wondering = undefined;
    this.#note?.remove();
    this.#note = null;
  }

  /** A refused handshake looks like a lost line; the API tells them apart. */
  async #sayWhy() {
    const why = navigator.onLine ? await crowded() : "chat.offline";
    if (!this.isConnected || this.socket?.status === "open") return;
    this.#note ??= Object.assign(document.createElement("div"), { className: "page-strip" });
    if (!this.#note.isConnected) document.querySelector(".page")?.append(this.#note);
    const again = html`<button class="button" data-size="small" type="button" @click=${() => this.socket?.hurry()}>${t("chat.try_now")}</button>`;
    render(html`<p class="strip" role="status" data-state="offline">${icon("wifi-off")}<span>${t(why)} ${t("shell.stands_still")}</span>${again}</p>`, this.#note);
  }

  /** What others do comes in handfuls, and to many pages at once: one read for all of it, and not everybody's in the same moment. */
  #refreshSoon() {
    // Where another element draws what changes, the page is not read again.
    if (!this.#part) return;
    this.#timer ??= setTimeout(() => void this.refresh(), SOON_MS + SPREAD_MS * Math.random());
  }

  get #part() {
    return document.querySelector(PART);
  }

  /** Reads the page again, once more when something happens meanwhile. */
  async refresh() {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isStale && this.isConnected) {
      this.#isStale = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const page = await read();
      if (page === "other") return location.reload();
      if (page) this.#take(page);
      else {
        this.#isStale = true;
        setTimeout(() => this.#isStale && void this.refresh(), AGAIN_MS * (1 + Math.random()));
        break;
      }
    }
    this.#isReading = false;
  }

  /** @param {Document} page */
  #take(page) {
    const [old, now] = [this.#part, page.querySelector(PART)];
    if (!old || !now) return location.reload();
    const back = placeOfFocus();
    morph(old, now);
    document.title = page.title;
    this.socket?.follow("me", Number(this.dataset.seq));
    old.dispatchEvent(new CustomEvent("refreshed"));
    back();
  }

  /** Somebody did something on this page. @param {CustomEvent} event */
  async #done(event) {
    const element = /** @type {HTMLElement} */ (event.target);
    if (element.dataset.next || element.hasAttribute("data-stay") || !this.#part?.contains(element)) return;
    event.preventDefault();
    const { toastAsked, toast: words } = element.dataset;
    const said = event.detail?.state === "asked" && toastAsked ? toastAsked : words;
    settle(element);
    await this.refresh();
    if (said) toast(said, { icon: "check" });
  }
}

/** Are there more connections than this member may have, or is the server out of reach? @returns {Promise<"chat.too_many_tabs" | "chat.reconnecting">} */
async function crowded() {
  try {
    /** @type {{connections: {open: number, most: number | null}}} */
    const { connections: { open, most } } = await get("/api/v1/me");
    return most !== null && open >= most ? "chat.too_many_tabs" : "chat.reconnecting";
  } catch {
    return "chat.reconnecting";
  }
}

/** What was sent is what now holds; a form that was opened is put away. @param {HTMLElement} element */
function settle(element) {
  const fields = [...element.querySelectorAll("input, textarea")].filter((each) => each instanceof HTMLTextAreaElement || (each instanceof HTMLInputElement && each.type !== "hidden" && !each.hidden));
  const box = element.closest("details");
  if (box && fields.length) {
    box.querySelector("summary")?.focus();
    box.open = false;
    element.querySelector("form")?.reset();
  } else for (const field of /** @type {HTMLInputElement[]} */ (fields)) field.defaultValue = field.value;
}

/** Where the focus is, to find the next best place if its element goes. @returns {() => void} brings it back */
function placeOfFocus() {
  const active = document.activeElement;
  if (!active || active === document.body) return () => undefined;
  const row = active.closest("article, li");
  const rows = row?.parentElement ?? null;
  const index = row && rows ? [...rows.children].indexOf(row) : -1;
  return () => {
    if (active.isConnected && document.activeElement === active) return;
    const next = rows?.isConnected ? rows.children[Math.min(index, rows.children.length - 1)] : undefined;
    // A name, and no button: whoever presses Enter again answers nothing by mistake.
    const target = /** @type {HTMLElement | null} */ (next?.querySelector("a[href]") ?? document.querySelector("main .empty h2") ?? document.querySelector("main h1"));
    if (target && !target.matches("a")) target.tabIndex = -1;
    target?.focus();
  };
}

/**
 * The page as the server writes it now. A request of this kind answers with a document that runs nothing.
 * @returns {Promise<Document | "other" | null>} `other`: this address leads elsewhere by now; null: the server could not be reached, or is busy
 */
const read = () => new Promise((resolve) => {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document";
  request.onload = () => {
    if (request.status >= 500 || request.status === 429) return resolve(null);
    resolve(request.status === 200 && new URL(request.responseURL).pathname === location.pathname ? request.responseXML : "other");
  };
  request.onerror = () => resolve(null);
  request.send();
});

customElements.define("live-page", LivePage);
