/** The HTTP API as promises: JSON in, JSON out, a `Refused` for every answer that is not one. */

import { Refused } from "./errors.js";

/** A random key of 128 bits: the same key never does its work twice. @returns {string} */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @template T
 * @param {string} method @param {string} path an absolute path, such as `/api/v1/rooms`
 * @param {unknown} [body] @param {{key?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<T>}
 */
export async function call(method, path, body, { key, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = key ?? newKey();
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(path, { method, headers, credentials: "same-origin", signal: signal ?? null, body: body === undefined ? null : JSON.stringify(body) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused("error.offline");
  }
  if (!answer.ok) throw await refusal(answer);
  if (answer.status === 204 || answer.headers.get("Content-Length") === "0") return /** @type {T} */ (null);
  return answer.json();
}

/** @param {Response} answer */
async function refusal(answer) {
  const after = Number(answer.headers.get("Retry-After"));
  const passing = after > 0 ? after * 1000 : null;
  /** @type {any} */
  const body = await answer.json().catch(() => ({}));
  return new Refused(typeof body.code === "string" ? body.code : "error.broken", {
    message: body.detail || body.title || "",
    status: answer.status,
    problems: Array.isArray(body.problems) ? body.problems : [],
    retry_after_ms: body.retry_after_ms ?? passing,
  });
}

/** @template T @param {string} path @param {{signal?: AbortSignal}} [options] @returns {Promise<T>} */
export const get = (path, options) => call("GET", path, undefined, options);
/** @template T @param {string} path @param {unknown} [body] @param {{key?: string}} [options] @returns {Promise<T>} */
export const post = (path, body, options) => call("POST", path, body ?? {}, options);
/** @template T @param {string} path @param {unknown} body @returns {Promise<T>} */
export const patch = (path, body) => call("PATCH", path, body);
/** @template T @param {string} path @param {unknown} [body] @returns {Promise<T>} */
export const put = (path, body) => call("PUT", path, body ?? {});
/** @template T @param {string} path @returns {Promise<T>} */
export const del = (path) => call("DELETE", path);

/**
 * A path from a template literal: every hole is encoded, so that no value can leave its segment.
 * @param {TemplateStringsArray} strings @param {(string | number)[]} values
 */
export const path = (strings, ...values) =>
  strings.reduce((whole, part, at) => whole + encodeURIComponent(String(values[at - 1])) + part);
