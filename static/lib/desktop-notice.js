/** Notices of the browser's own, for whoever has let it show them and does not look at this tab. */

/** Older than this an event is history that was caught up with, and no news. */
const NEWS_MS = 60_000;

/** @param {number} at when it happened */
export const isNews = (at) => Date.now() - at <= NEWS_MS;

/** Whether one would be shown now. */
export const mayNotice = () =>
  !(document.visibilityState === "visible" && document.hasFocus()) && "Notification" in window && Notification.permission === "granted";

/**
 * Shows one. Whichever tab shows it, a later one of the same tag takes its place; pressed, it brings the tab to the front.
 * @param {string} title
 * @param {{tag: string, body?: string, press?: () => void}} options
 */
export function showNotice(title, { tag, body = "", press }) {
  /** @type {Notification} */
  let notice;
  try {
    notice = new Notification(title, { body, tag: `rialto-${tag}`, dir: "auto" });
  } catch {
    // Browsers of phones let only a service worker show them.
    return;
  }
  notice.onclick = () => {
    window.focus();
    press?.();
    notice.close();
  };
}
