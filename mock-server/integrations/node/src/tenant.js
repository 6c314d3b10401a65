// A tenant of the mock, with its clock, inbox and journal. Knows no test runner.

import { Clock } from "./clock.js";
import { Refused } from "./errors.js";
import { Inbox } from "./inbox.js";
import { Journal } from "./journal.js";

/** @typedef {import("./control.js").Control} Control */

/** A tenant: what an application is pointed at, and what a test sees and moves. */
export class Tenant {
  #control;

  /**
   * @param {Control} control
   * @param {any} created
   */
  constructor(control, { id, authsignal, activeconnect }) {
    this.#control = control;
    this.id = id;
    this.url = control.url;
    this.apiUrl = `${control.url}/v1`;
    this.apiSecretKey = authsignal.secretKey;
    this.tenantId = authsignal.tenantId;
    this.managementSecretKey = authsignal.managementSecretKey;
    this.terminalSecretKey = authsignal.terminalSecretKey;
    this.applicationId = activeconnect.applicationId;
    this.applicationSecret = activeconnect.applicationSecret;
    this.clock = new Clock(control, id);
    this.inbox = new Inbox(control, id);
    this.journal = new Journal(control, id);
  }

  get env() {
    return {
      AUTHSIGNAL_API_URL: this.apiUrl,
      AUTHSIGNAL_API_SECRET: this.apiSecretKey,
      AUTHSIGNAL_API_SECRET_KEY: this.apiSecretKey,
      AUTHSIGNAL_TENANT_ID: this.tenantId,
      ACTIVE_CONNECT_SERVER: this.url,
      IAMPASS_SERVER: this.url,
    };
  }

  /**
   * @param {string} userId
   * @param {string} [action]
   */
  async succeedChallenge(userId, action) {
    await this.control("POST", "/_mock/challenge/succeed", { tenantId: this.tenantId, userId, action });
  }

  /**
   * @param {string} userId
   * @param {string} [action]
   */
  async failChallenge(userId, action) {
    await this.control("POST", "/_mock/challenge/fail", { tenantId: this.tenantId, userId, action });
  }

  /** @param {object[]} faults */
  async faults(...faults) {
    await this.control("POST", "/_mock/faults", { tenant: this.id, faults });
  }

  /**
   * @param {object[]} expected
   * @param {{ inOrder?: boolean, nothingElse?: boolean }} [how]
   */
  async verify(expected, { inOrder = false, nothingElse = false } = {}) {
    const wanted = { tenant: this.id, expected, inOrder, nothingElse };
    const { verified, text } = await this.control("POST", "/_mock/verify", wanted);
    // A plain error: the runners' own assertions cut long texts.
    if (!verified) throw new Error(text);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string | number | boolean | undefined>} [query]
   */
  async control(method, path, body, query = {}) {
    if (!path.startsWith("/_mock/")) {
      throw new TypeError(`"${path}" is no path of the control API; it begins with /_mock/, as /_mock/verify does`);
    }
    return await this.#control.call(method, path, body, body === undefined ? { tenant: this.id, ...query } : query);
  }

  async delete() {
    try {
      await this.#control.call("DELETE", `/_mock/tenants/${this.id}`);
    } catch (error) {
      // Somebody has done so before.
      if (!(error instanceof Refused && error.status === 404)) throw error;
    }
  }

  async [Symbol.asyncDispose]() {
    await this.delete();
  }
}
