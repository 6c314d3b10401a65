// The messages of a tenant.

import { MockUnreachable, NoMessage } from "./errors.js";

/** @typedef {import("./control.js").Control} Control */
/** @typedef {import("../index.js").Message} Message */

// How many messages one call lists at most.
const LISTED = 1000;
// Milliseconds that one call waits at most; then it is sent again.
const WAIT_AT_ONCE = 30_000;
// Less than the 5 s that vitest and jest give a test: this says more than their "timed out".
const PATIENCE = 4000;
// Why there may be no message.
const EMPTY =
  "The inbox of this test is empty. track sends no code: the hosted page does, or the application by" +
  " /v1/client/challenge/... or /v1/challenge. See the journal.";

export class Inbox {
  #control;
  #tenant;
  /** @type {Map<string, number>} The newest message to each address that waitFor has returned. */
  #read = new Map();

  /**
   * @param {Control} control
   * @param {string} tenant
   */
  constructor(control, tenant) {
    this.#control = control;
    this.#tenant = tenant;
  }

  /** @param {string} [to] */
  messages(to) {
    return this.#list({ to });
  }

  /**
   * @param {string} [to]
   * @param {{ timeout?: number }} [options]
   */
  async waitFor(to, options = {}) {
    if (typeof options !== "object") {
      throw new TypeError(`waitFor takes its milliseconds by name: waitFor(${JSON.stringify(to)}, { timeout: ${JSON.stringify(options)} })`);
    }
    const { timeout = PATIENCE } = options;
    const end = performance.now() + timeout;
    let listed = await this.messages(to);
    for (;;) {
      const newest = listed.find((one) => !this.#isRead(one));
      if (newest) {
        this.#read.set(newest.to.toLowerCase(), number(newest));
        return newest;
      }
      const left = end - performance.now();
      if (left <= 0) throw new NoMessage(await this.#nothingCame(to, timeout));
      // The mock answers as soon as there is one.
      const wait = `${Math.ceil(Math.min(left, WAIT_AT_ONCE))}ms`;
      const came = await this.#list({ to, after: listed[0]?.id, wait });
      if (came.length) listed = came;
    }
  }

  /**
   * @param {Record<string, string | undefined>} query
   * @returns {Promise<Message[]>}
   */
  async #list(query) {
    const given = { tenant: this.#tenant, limit: LISTED, ...query };
    const { messages, stopped } = await this.#control.call("GET", "/_mock/messages", undefined, given);
    if (stopped && !messages.length) throw new MockUnreachable("the mock stopped while the test waited for a message");
    return messages.map((/** @type {any} */ one) => ({ ...one, createdAt: new Date(one.createdAt) }));
  }

  /** @param {Message} message */
  #isRead(message) {
    return number(message) <= (this.#read.get(message.to.toLowerCase()) ?? 0);
  }

  /**
   * @param {string | undefined} to
   * @param {number} timeout
   */
  async #nothingCame(to, timeout) {
    const said = `no message${to ? ` to ${to}` : ""} came within ${timeout / 1000} s.`;
    const there = await this.messages();
    if (!there.length) return `${said} ${EMPTY}`;
    const mark = (/** @type {Message} */ one) => (this.#isRead(one) ? "  (read before; messages() shows it again)" : "");
    const lines = there.slice(0, 20).map((one) => `  ${one.channel} to ${one.to}: ${one.text}${mark(one)}`);
    return [said, "The inbox of this test has, newest first:", ...lines].join("\n");
  }
}

/** @param {Message} message */
function number({ id }) {
  return Number(id.slice(id.lastIndexOf(":") + 1));
}
