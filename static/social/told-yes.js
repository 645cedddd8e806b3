/** On a page that is not the app: says that somebody lets me call now, with the way to do so. */

import { ringMember } from "../calls/call-buttons.js";
import { get, path } from "../lib/api.js";
import { toast } from "../lib/toast.js";
import { t } from "../lib/words.js";

/** @import { Member, RequestKind } from "../types/live.d.ts" */

/** @param {string} id whose yes it is @param {RequestKind} about to what */
export async function tellYes(id, about) {
  /** @type {{member: Member, own_name: string} | null} */
  const person = await get(path`/api/v1/people/${id}`).then((answer) => /** @type {any} */ (answer), () => null);
  if (!person) return;
  const isVideo = about === "video_call";
  const act = { label: t(isVideo ? "calls.ring_video" : "calls.ring_audio"), run: () => void ringMember(id, isVideo) };
  toast(t("social.lets_you_call", { name: person.own_name || person.member.display_name }), { icon: "phone", act });
}
