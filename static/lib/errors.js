/** What can go wrong, with the words for it. */

import { has, t } from "./words.js";

/** @typedef {{field: string, code: string, detail?: string}} Problem */

/** The server said no, or could not be reached. `code` is stable; `retry_after_ms` is null when trying again will not help by itself. */
export class Refused extends Error {
  /**
   * @param {string} code
   * @param {{message?: string, status?: number, problems?: Problem[], retry_after_ms?: number | null}} [more]
   */
  constructor(code, { message = "", status = 0, problems = [], retry_after_ms = null } = {}) {
    super(message || code);
    this.name = "Refused";
    this.code = code;
    this.status = status;
    this.problems = problems;
    this.retry_after_ms = retry_after_ms;
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get isPassing() {
    return this.code === "error.offline" || this.retry_after_ms !== null || this.status === 429 || this.status >= 500;
  }
}

/** Refusals in the community's own words, if it has any. */
const OWN_WORDS = ["automod.refused"];

/**
 * A sentence for people: our own words for the code, else the server's, else a general one.
 * @param {unknown} error @returns {string}
 */
export function sentence(error) {
  if (error instanceof Refused) {
    if (OWN_WORDS.includes(error.code) && error.message !== error.code) return error.message;
    if (has(error.code)) return t(error.code);
    if (error.message && error.message !== error.code) return error.message;
  }
  return t("error.broken");
}

/** @param {Problem} problem @returns {string} */
export const problemSentence = (problem) => (has(problem.code) ? t(problem.code) : problem.detail || problem.code);
