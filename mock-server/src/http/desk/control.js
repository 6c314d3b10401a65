// Calls the mock's control API. Knows nothing of the page; paths, queries, bodies and answers have the types of the spec.

/** @typedef {import("control-api").paths} Paths */

/**
 * @template {keyof Paths} P
 * @template {"get" | "post"} M
 * @typedef {Paths[P][M] extends { responses: { 200: { content: { "application/json": infer A } } } } ? A : undefined} Answer
 */

/**
 * @template {keyof Paths} P
 * @typedef {Paths[P]["get"] extends { parameters: { query?: infer Q } } ? Q : undefined} Query
 */

/**
 * @template {keyof Paths} P
 * @typedef {Paths[P]["post"] extends { requestBody?: { content: { "application/json": infer B } } } ? B : undefined} Body
 */

/** The mock's own URL, with the path that a proxy may have put before it. */
const MOCK = new URL("../../", import.meta.url);

/** The mock's own URL, without the slash at its end. */
export const mockUrl = MOCK.href.replace(/\/$/, "");

/** The mock refused a request; the message is the mock's own. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} [message]
   */
  constructor(status, message) {
    super(message ?? `The mock answered with status ${status}.`);
  }
}

/** The mock did not answer. */
export class Unreachable extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("Cannot reach the mock. Check that it is running.", { cause });
  }
}

/**
 * @param {string} path
 * @param {RequestInit} request
 * @param {object} [query]
 * @returns {Promise<any>}
 */
async function ask(path, request, query = {}) {
  const url = new URL(`.${path}`, MOCK);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  /** @type {Response} */
  let response;
  /** @type {string} */
  let text;
  try {
    response = await fetch(url, { cache: "no-store", ...request });
    text = await response.text();
  } catch (error) {
    throw new Unreachable(error);
  }
  const answer = parsed(text);
  if (!response.ok) throw new Refused(response.status, answer?.message);
  return answer;
}

/**
 * The JSON in an answer; undefined if it is not JSON, because a proxy in between may answer with a page.
 * @param {string} text
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads something from the mock.
 * @template {keyof Paths} P
 * @param {P} path
 * @param {Query<P>} [query] members that are undefined or empty are left out
 * @returns {Promise<Answer<P, "get">>}
 */
export function get(path, query) {
  return ask(path, { method: "GET" }, /** @type {object | undefined} */ (query));
}

/**
 * Reads one request of the journal, with its bodies.
 * @param {number} number
 * @returns {Promise<Answer<"/_mock/journal/{number}", "get">>}
 */
export function getRequest(number) {
  return ask(`/_mock/journal/${number}`, { method: "GET" });
}

/**
 * Removes a planned fault, a scenario or a snapshot of a tenant.
 * @param {"faults" | "scenarios" | "snapshots"} list
 * @param {string} id
 * @param {string} tenant
 * @returns {Promise<unknown>}
 */
export function remove(list, id, tenant) {
  return ask(`/_mock/${list}/${encodeURIComponent(id)}`, { method: "DELETE" }, { tenant });
}

/**
 * Changes something in the mock.
 * @template {keyof Paths} P
 * @param {P} path
 * @param {Body<P>} [body]
 * @returns {Promise<Answer<P, "post">>}
 */
export function post(path, body) {
  /** @type {RequestInit} */
  const request = { method: "POST" };
  if (body !== undefined) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  return ask(path, request);
}
