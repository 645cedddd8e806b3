/** Says that somebody lets me call now: on a page that is not the app, with the way to do so, and as a notice of the browser's where I do not look. */

import { mayStart, ringMember } from "../calls/call-buttons.js";
import { ringsBack } from "../chat/rights.js";
import { get, path } from "../lib/api.js";
import { isNews, mayNotice, showNotice } from "../lib/desktop-notice.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";

/** @import { Member, RequestKind } from "../types/live.d.ts" */
/** @typedef {{member: Member, own_name: string, muted: boolean}} Person */

/** @param {string} id @returns {Promise<Person | null>} */
const seek = (id) => get(path`/api/v1/people/${id}`).then((answer) => /** @type {any} */ (answer), () => null);

/** @param {Person} person */
const sentence = ({ member, own_name }) => t("social.lets_you_call", { name: own_name || member.display_name });

/** On a page that is not the app. @param {string} id whose yes it is @param {RequestKind} about to what @param {number} at when it was said */
export async function tellYes(id, about, at) {
  const person = await seek(id);
  if (!person) return;
  notice(person, at);
  const may = await mayStart().catch(() => null);
  // Only what would be let through is offered.
  const way = may?.calls ? ringsBack(may.closed, about === "video_call" && may.video) : null;
  const isVideo = way === "video_call";
  const act = way ? { label: t(isVideo ? "calls.ring_video" : "calls.ring_audio"), run: () => void ringMember(id, isVideo) } : undefined;
  toast(sentence(person), { icon: "phone", act });
}

/** In the app, where it stands over the rooms. @param {string} id whose yes it is @param {number} at when it was said */
export async function noticeYes(id, at) {
  const person = mayNotice() ? await seek(id) : null;
  if (person) notice(person, at);
}

/** Whom I muted calls me to nothing. @param {Person} person @param {number} at */
function notice(person, at) {
  if (!person.muted && isNews(at) && mayNotice()) showNotice(sentence(person), { tag: `yes-${person.member.id}` });
}
