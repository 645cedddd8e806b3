/** What was answered in the wizard, kept in the tab while it is open, so that a reload costs nothing. Never a password. */

const NAME = "rialto-setup";

/**
 * @typedef {object} Answers
 * @property {Record<string, string>} fields values by name
 * @property {import("./first-rooms.js").FirstRoom[]} rooms
 */

/** @typedef {{name: string, type: string, value: string, checked: boolean}} Field what of a field is looked at */

/** The values that may be kept: of radio buttons the one that is chosen. @param {Field[]} fields @returns {Record<string, string>} */
export function valuesOf(fields) {
  const kept = fields.filter((field) => field.type !== "password" && (field.type !== "radio" || field.checked));
  return Object.fromEntries(kept.map((field) => [field.name, field.value]));
}

/** Puts values back; fields without one stay. @param {Field[]} fields @param {Record<string, string>} values */
export function putBack(fields, values) {
  for (const field of fields) {
    const value = values[field.name];
    if (value === undefined || field.type === "password") continue;
    if (field.type === "radio") field.checked = field.value === value;
    else field.value = value;
  }
}

/** @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage @param {string} code of the set-up address: another one begins anew @param {Answers} answers */
export function keep(storage, code, answers) {
  try {
    storage.setItem(NAME, JSON.stringify({ code, ...answers }));
  } catch {
    // A full or forbidden storage costs only the convenience.
  }
}

/** @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage @param {string} code @returns {Answers | null} */
export function kept(storage, code) {
  try {
    const { code: of, fields, rooms } = JSON.parse(storage.getItem(NAME) ?? "{}");
    return of === code && typeof fields === "object" && Array.isArray(rooms) ? { fields, rooms } : null;
  } catch {
    return null;
  }
}

/** @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage */
export function forget(storage) {
  try {
    storage.removeItem(NAME);
  } catch {
    // There is nothing then.
  }
}
