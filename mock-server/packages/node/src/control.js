// Calls of the mock's control API.

import { MockUnreachable, Refused } from "./errors.js";

// Milliseconds that one call may take. Moving a clock waits for receivers of webhooks for up to a minute.
const PATIENCE = 90_000;
// Operations that are about the whole mock, or about what their path names. All others take a tenant.
const TENANTLESS =
  /^(GET \/_mock\/(health|limits|metrics|events|specs(\/.*)?|journal\/\d+)|POST \/_mock\/(tenants|load|phone\/register|passkey\/(create|get))|DELETE \/_mock\/(tenants|messages)\/.+)$/;

/**
 * Whether an operation of the control API takes a tenant.
 * @param {string} method
 * @param {string} path
 */
export function takesTenant(method, path) {
  return !TENANTLESS.test(`${method} ${path}`);
}

/** What SDKs and people call the APIs of a mock by, each below the URL of the mock. */
const API = /\/+(v1(\/client|\/management)?|_mock)$/;

/** The control API of the mock at a URL. */
export class Control {
  #whyUnreachable;

  /**
   * @param {string} url
   * @param {() => Promise<string>} whyUnreachable
   */
  constructor(url, whyUnreachable) {
    if (!/^https?:\/\/[^/]/.test(url)) {
      throw new MockUnreachable(`"${url}" is no URL of a mock; it looks like http://127.0.0.1:4750`);
    }
    this.url = url.replace(/\/+$/, "");
    if (API.test(this.url)) {
      const own = this.url.replace(API, "");
      throw new MockUnreachable(`"${url}" is the URL of an API of a mock; that of the mock itself is ${own}`);
    }
    this.#whyUnreachable = whyUnreachable;
  }

  /**
   * Calls an operation, such as `call("POST", "/_mock/clock", { freeze: true })`, and returns its answer.
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string | number | boolean | undefined>} [query]
   * @returns {Promise<any>}
   */
  async call(method, path, body, query = {}) {
    const target = targetOf(path, query);
    const { ok, status, kind, text } = await this.#exchange(method, target, body);
    if (ok && kind.startsWith("application/openmetrics-text")) return text;
    /** @type {any} */
    let answer;
    try {
      answer = JSON.parse(text);
    } catch {
      throw new MockUnreachable(`${this.url} is no stepup-mock: ${method} ${path} answered ${status}`);
    }
    if (ok) return answer;
    throw new Refused(status, `${method} ${path} answered ${status}: ${answer?.message ?? text}`);
  }

  /**
   * @param {string} method
   * @param {string} target
   * @param {object} [body]
   */
  async #exchange(method, target, body) {
    try {
      const answer = await fetch(this.url + target, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: body === undefined ? {} : { "content-type": "application/json" },
        signal: AbortSignal.timeout(PATIENCE),
      });
      const kind = answer.headers.get("content-type") ?? "";
      return { ok: answer.ok, status: answer.status, kind, text: await answer.text() };
    } catch (error) {
      // fetch says "fetch failed", and its cause says why.
      const { cause = error } = /** @type {Error & { cause?: any }} */ (error);
      const reason = cause.code ?? cause.message;
      const why = await this.#whyUnreachable();
      throw new MockUnreachable(`the mock at ${this.url} does not answer (${reason})\n${why}`, { cause: error });
    }
  }
}

/**
 * A path with its query, and with more in the query. What the path says comes first.
 * @param {string} path
 * @param {Record<string, string | number | boolean | undefined>} query
 */
function targetOf(path, query) {
  const [plain = "", written] = path.split("?", 2);
  const given = new URLSearchParams(written);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && !given.has(name)) given.set(name, String(value));
  }
  return given.size ? `${plain}?${given}` : plain;
}
