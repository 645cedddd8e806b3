/** Wakes the custom elements of a page: each one's module is loaded when the element first appears. */

/** Where each element lives, relative to this file. @type {Record<string, () => Promise<unknown>>} */
const elements = {
  "api-form": () => import("./lib/api-form.js"),
  "live-page": () => import("./lib/live-page.js"),
  "verified-sign": () => import("./billing/verified-sign.js"),
  "change-plan": () => import("./billing/change-plan.js"),
  "copy-button": () => import("./lib/copy-button.js"),
  "go-there": () => import("./billing/go-there.js"),
  "order-return": () => import("./billing/order-return.js"),
  "money-field": () => import("./lib/money-field.js"),
  "promotion-field": () => import("./billing/promotion-field.js"),
  "price-choice": () => import("./admin/price-choice.js"),
  "print-button": () => import("./lib/print-button.js"),
  "time-ago": () => import("./lib/time-ago.js"),
  "rialto-app": () => import("./chat/rialto-app.js"),
  "owed-banner": () => import("./billing/owed-banner.js"),
  "notices-banner": () => import("./moderation/notices-banner.js"),
  "yes-banner": () => import("./social/yes-banner.js"),
  "banned-door": () => import("./moderation/banned-door.js"),
  "case-acts": () => import("./moderation/case-acts.js"),
  "room-list": () => import("./chat/room-list.js"),
  "room-header": () => import("./chat/room-header.js"),
  "room-timeline": () => import("./chat/room-timeline.js"),
  "room-composer": () => import("./chat/room-composer.js"),
  "request-count": () => import("./chat/rail-counts.js"),
  "missed-count": () => import("./chat/rail-counts.js"),
  "reach-form": () => import("./social/reach-form.js"),
  "call-bell": () => import("./calls/call-bell.js"),
  "call-buttons": () => import("./calls/call-buttons.js"),
  "call-board": () => import("./calls/call-board.js"),
  "call-check": () => import("./calls/call-check.js"),
  "call-probe": () => import("./calls/call-probe.js"),
};

/** @param {Element} element */
function wake(element) {
  const name = element.localName;
  const load = elements[name];
  if (!load) return;
  delete elements[name];
  load().catch((error) => {
    // Tried again with the next element of that name.
    elements[name] = load;
    console.error(error);
  });
}

/** @param {Element} root */
function wakeAll(root) {
  wake(root);
  for (const element of root.querySelectorAll(":not(:defined)")) wake(element);
}

wakeAll(document.documentElement);
// Where the places of a page stand in one line that scrolls, the present one is in sight.
document.querySelector(".settings > nav > [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
// Seldom needed, and so not loaded with every page.
if (sessionStorage.getItem("rialto-toast") !== null) void import("./lib/toast.js").then(({ toastFromLastPage }) => toastFromLastPage());
if (sessionStorage.getItem("rialto-place") !== null) void import("./lib/keep-place.js").then(({ backToPlace }) => backToPlace());
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node instanceof Element) wakeAll(node);
}).observe(document.documentElement, { childList: true, subtree: true });
