/** The call while it goes on: large with its tiles and bar, or small over the app. */

import { html, keyed } from "../lib/html.js";
import { icon } from "../lib/icon.js";
import { t } from "../lib/words.js";
import { lasted } from "./duration.js";
import { columnsFor, fits, layout, MOST_TILES, promoted } from "./layout.js";
import { others, talksSince } from "./people.js";
import { barView, sourceButton } from "./view-bar.js";
import { troubles } from "./view-banners.js";
import { peopleView } from "./view-people.js";
import { tileView } from "./view-tile.js";
import { whoView } from "./view-who.js";

/** @import { CallStage } from "./call-stage.js" */
/** @import { Current } from "./types.d.ts" */

/** Above and below the tiles. */
const HEAD = 52;
const BAR = 88;
const PEOPLE = 320;
/** The width of a tile beside the stage, with its gap. */
const STRIP = 207;
/** A phone on its side: head and bar are low, and the others stand in a column beside the stage. */
const FLAT = { below: 480, from: 600, head: 44, bar: 56 };
const isFlat = () => innerHeight < FLAT.below && innerWidth >= FLAT.from;

/** The room for tiles, as the style lays it out. @param {CallStage} stage */
function space(stage) {
  const { showsPeople, isBeside } = stage.look.state;
  const isWide = innerWidth >= 720;
  const width = innerWidth - (isBeside && innerWidth >= 1_024 ? 400 : 0) - (showsPeople && isWide ? PEOPLE : 0) - 16;
  const height = innerHeight - (isFlat() ? FLAT.head + FLAT.bar : HEAD + BAR) - 16;
  return { width: Math.max(120, width), height: Math.max(120, height) };
}

/** @param {CallStage} stage @param {Current} current */
function placed(stage, current) {
  const look = stage.look.state;
  const { me } = stage.desk.state;
  const area = space(stage);
  const ids = others(current, me).map((each) => each.member);
  const perPage = fits(area.width, area.height);
  const known = stage.order.filter((id) => ids.includes(id));
  const order = promoted([...known, ...ids.filter((id) => !known.includes(id))], current.speakers, perPage);
  stage.order = order;
  const view = { me, wanted: look.wanted, pinned: look.pinned, spoke: look.spoke, order, page: look.page, showsMe: look.showsMe };
  const found = layout(current, { ...view, perPage });
  // Beside the stage a row or a column: where fingers swipe, it may be longer than the window.
  return found.form === "grid" ? found : layout(current, { ...view, perPage: innerWidth < 720 || isFlat() ? MOST_TILES.narrow : Math.max(1, Math.floor((area.width + 8) / STRIP)) });
}

/** @param {CallStage} stage @param {Current} current */
export function liveView(stage, current) {
  const place = placed(stage, current);
  const { showsPeople } = stage.look.state;
  const turn = (/** @type {number} */ step) => () => stage.see({ page: place.page + step });
  queueMicrotask(() => fill(stage, place.tiles.length));
  return html`<section class="call" data-form=${place.form} data-people=${showsPeople ? "" : null} role="region" aria-label=${t("calls.call")}>
    ${headView(stage, current)}
    <div class="call-room" ?inert=${showsPeople && innerWidth < 720}>
      ${troubles(stage, current)}
      ${place.stage ? html`<div class="tile-stage">${tileView(stage, current, place.stage, { onStage: true })}</div>` : null}
      <div class="tiles" role="group" aria-label=${t("calls.tiles")}>${keyed(place.tiles, (tile) => tile.key, (tile) => tileView(stage, current, tile, { onStage: place.form === "grid" && place.tiles.length < 5 }))}</div>
      ${place.pages > 1 ? html`<div class="tile-pages"><button class="icon-button" type="button" aria-label=${t("calls.page_before")} ?disabled=${place.page === 0} @click=${turn(-1)}>${icon("chevron-left")}</button>
        <span>${t("calls.page", { page: place.page + 1, pages: place.pages })}</span><button class="icon-button" type="button" aria-label=${t("calls.page_after")} ?disabled=${place.page + 1 === place.pages} @click=${turn(1)}>${icon("chevron-right")}</button></div>` : null}
    </div>
    ${showsPeople ? peopleView(stage, current) : null}
    ${barView(stage, current)}
  </section>`;
}

/** As large as the room that banners leave. The style may not be written into the page; the size of tiles is a property of the element. @param {CallStage} stage @param {number} count */
function fill(stage, count) {
  const grid = /** @type {HTMLElement | null} */ (stage.querySelector(".tiles"));
  if (!grid) return;
  const { columns, tile } = columnsFor(count, grid.clientWidth, grid.clientHeight);
  grid.style.setProperty("--tile", `${Math.floor(tile)}px`);
  grid.style.setProperty("--columns", String(Math.max(1, columns)));
}

/** For how long one has talked. @param {CallStage} stage @param {Current} current */
function clock(stage, current) {
  const since = talksSince(current, stage.desk.state.skew);
  return since === null ? "" : lasted(Math.max(0, Date.now() - since));
}

/** @param {CallStage} stage @param {Current} current */
function headView(stage, current) {
  const { call } = current;
  const left = call?.ends_at ? call.ends_at + stage.desk.state.skew - Date.now() : null;
  return html`<header class="call-head"><h1 tabindex="-1" data-first-focus dir="auto">${whoView(stage, current).title}</h1>
    ${call?.locked ? html`<span role="img" aria-label=${t("calls.is_locked")}>${icon("lock")}</span>` : null}
    <span class="call-clock" role="timer" aria-label=${t("calls.lasts")}>${clock(stage, current)}</span>
    ${left === null ? null : html`<span class="call-left">${t("calls.time_left")} ${lasted(Math.max(0, left))}</span>`}
    <button class="icon-button" type="button" aria-label=${t("calls.make_small")} title=${t("calls.make_small")} @click=${() => stage.see({ isSmall: true, isBeside: false })}>${icon("minimize-2")}</button></header>`;
}

/** @param {CallStage} stage @param {Current} current */
export function miniView(stage, current) {
  const look = stage.look.state;
  const { me } = stage.desk.state;
  const found = layout(current, { me, wanted: "speaker", pinned: look.pinned, spoke: look.spoke, order: stage.order, page: 0, perPage: 1, showsMe: false });
  const tile = found.stage ?? found.tiles[0];
  const title = whoView(stage, current).title;
  return html`<section class="call-mini" role="region" aria-label=${t("calls.call")}>
    <div class="tiles">${tile ? tileView(stage, current, tile, { isPlain: true }) : null}</div>
    <button class="call-mini-open" type="button" aria-label=${t("calls.make_large", { name: title })} title=${t("calls.make_large", { name: title })} @click=${() => stage.see({ isSmall: false })}>${icon("maximize-2")}</button>
    <div class="call-mini-bar"><span class="call-mini-name" dir="auto">${title}</span><span class="call-clock">${clock(stage, current)}</span>
      ${sourceButton(stage, current, "mic")}<button class="call-leave" type="button" aria-label=${t("calls.leave")} title=${t("calls.leave")} @click=${() => void stage.desk.leave()}>${icon("phone-off")}</button></div>
    ${current.phase === "live" ? null : html`<p class="call-mini-note" role="status">${t(`calls.said_${current.phase}`)}</p>`}
  </section>`;
}
