/** What a call is called: the other one, the group, the room. */

import { memberName } from "../chat/names.js";
import { list, t } from "../lib/words.js";

/** @import { CallStage } from "./call-stage.js" */
/** @import { Current } from "./types.d.ts" */

const FEW = 3;

/** @param {CallStage} stage @param {Current} current @returns {{title: string}} */
export function whoView(stage, current) {
  const { desk, place } = stage;
  const other = stage.otherOf(current);
  if (other !== null) return { title: memberName(desk.members.of(other)) };
  const room = current.call?.room ?? current.wish.room;
  const name = room !== null && place ? place.nameOf(room) : null;
  if (name) return { title: name };
  const people = Object.keys(current.people).filter((id) => id !== desk.state.me);
  if (!people.length) return { title: t("calls.call") };
  const names = people.slice(0, FEW).map((id) => memberName(desk.members.of(id)));
  return { title: list(people.length > FEW ? [...names, t("calls.others", { count: people.length - FEW })] : names) };
}
