/** On a page that is not the app: says that somebody lets me call now, with the way to do so. */

import { mayStart, ringMember } from "../calls/call-buttons.js";
import { ringsBack } from "../chat/rights.js";
import { get, path } from "../lib/api.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";

/** @import { Member, RequestKind } from "../types/live.d.ts" */

/** @param {string} id whose yes it is @param {RequestKind} about to what */
export async function tellYes(id, about) {
  /** @type {{member: Member, own_name: string} | null} */
  const person = await get(path`/api/v1/people/${id}`).then((answer) => /** @type {any} */ (answer), () => null);
  if (!person) return;
  const may = await mayStart().catch(() => null);
  // Only what would be let through is offered.
  const way = may?.calls ? ringsBack(may.closed, about === "video_call" && may.video) : null;
  const isVideo = way === "video_call";
  const act = way ? { label: t(isVideo ? "calls.ring_video" : "calls.ring_audio"), run: () => void ringMember(id, isVideo) } : undefined;
  toast(t("social.lets_you_call", { name: person.own_name || person.member.display_name }), { icon: "phone", act });
}
