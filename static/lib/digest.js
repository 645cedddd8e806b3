/** The digest of heartbeats: FNV-1a, 32 bits, over `id:seq;` of every log in ascending id, `me` last. */

/** @param {Record<string, number>} cursors by log @returns {string} eight hex digits */
export function digestOf(cursors) {
  const rooms = Object.keys(cursors).filter((id) => id !== "me").sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const text = rooms.map((id) => `${id}:${cursors[id]};`).join("") + ("me" in cursors ? `me:${cursors.me};` : "");
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
