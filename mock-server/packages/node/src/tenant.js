// A tenant of the mock, with its clock, inbox and journal. Knows no test runner.

import { Clock } from "./clock.js";
import { takesTenant } from "./control.js";
import { Refused } from "./errors.js";
import { Inbox } from "./inbox.js";
import { Journal } from "./journal.js";

/** @typedef {import("./control.js").Control} Control */

/** A tenant: what an application is pointed at, and what a test sees and moves. */
export class Tenant {
  #control;
  #ours;

  /**
   * @param {Control} control
   * @param {any} created
   * @param {{ ours?: boolean }} [how] one that was there before stays when it is disposed of
   */
  constructor(control, { id, authsignal, activeconnect }, { ours = true } = {}) {
    this.#control = control;
    this.#ours = ours;
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
      AUTHSIGNAL_URL: this.apiUrl,
      AUTHSIGNAL_API_SECRET: this.apiSecretKey,
      AUTHSIGNAL_API_SECRET_KEY: this.apiSecretKey,
      AUTHSIGNAL_SECRET: this.apiSecretKey,
      AUTHSIGNAL_SECRET_KEY: this.apiSecretKey,
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
    await this.control("POST", "/_mock/challenge/succeed", { userId, action });
  }

  /**
   * @param {string} userId
   * @param {string} [action]
   */
  async failChallenge(userId, action) {
    await this.control("POST", "/_mock/challenge/fail", { userId, action });
  }

  /** @param {string} link */
  async registerPhone(link) {
    await this.control("POST", "/_mock/phone/register", { link });
  }

  /** @param {string} userId */
  async approveOnPhone(userId) {
    await this.control("POST", "/_mock/phone/approve", { userId });
  }

  /** @param {string} userId */
  async denyOnPhone(userId) {
    await this.control("POST", "/_mock/phone/deny", { userId });
  }

  /** @param {(object | object[])[]} faults */
  async faults(...faults) {
    await this.control("POST", "/_mock/faults", { faults: faults.flat() });
  }

  /** @param {(object | object[])[]} scenarios */
  async scenarios(...scenarios) {
    await this.control("POST", "/_mock/scenarios", { scenarios: scenarios.flat() });
  }

  /**
   * @param {object | object[]} expected
   * @param {{ inOrder?: boolean, nothingElse?: boolean }} [how]
   */
  async verify(expected, { inOrder = false, nothingElse = false } = {}) {
    const wanted = { expected: [expected].flat(), inOrder, nothingElse };
    const { verified, text } = await this.control("POST", "/_mock/verify", wanted);
    // A plain error: the runners' own assertions cut long texts.
    if (!verified) throw new Error(text);
  }

  /** @param {(object | object[])[]} webhooks */
  async webhooks(...webhooks) {
    await this.control("POST", "/_mock/webhooks", { webhooks: webhooks.flat() });
  }

  /** @param {{ settled?: boolean }} [how] */
  async deliveries({ settled } = {}) {
    const query = settled ? { settled } : {};
    const { deliveries } = await this.control("GET", "/_mock/webhooks/deliveries", undefined, query);
    return deliveries;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string | number | boolean | undefined>} [query]
   */
  async control(method, path, body, query = {}) {
    check(method, path, body);
    const [plain = ""] = path.split("?", 1);
    if (!takesTenant(method, plain)) return await this.#control.call(method, path, body, query);
    if (body === undefined) return await this.#control.call(method, path, body, { tenant: this.id, ...query });
    return await this.#control.call(method, path, this.#named(plain, body), query);
  }

  /**
   * A body that names this tenant, unless it names one already.
   * @param {string} path
   * @param {object} body
   */
  #named(path, body) {
    // Its `tenant` has the settings of the tenant.
    if (path === "/_mock/authsignal") return { tenantId: this.tenantId, ...body };
    const names = ["tenant", "tenantId", "applicationId"].some((name) => name in body);
    return names ? body : { tenant: this.id, ...body };
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
    if (this.#ours) await this.delete();
  }
}

/**
 * Says what is wrong with a call of the control API before it is sent.
 * @param {unknown} method
 * @param {unknown} path
 * @param {object} [body]
 */
function check(method, path, body) {
  if (typeof path !== "string") {
    throw new TypeError(`control takes a method and a path, such as control("GET", "/_mock/users"), not control(${JSON.stringify(method)}, ${JSON.stringify(path)})`);
  }
  if (!path.startsWith("/_mock/")) {
    throw new TypeError(`"${path}" is no path of the control API; it begins with /_mock/, as /_mock/verify does`);
  }
  if (method === "GET" && body !== undefined) {
    throw new TypeError(`a GET takes no body; write what it asks for into its path: control("GET", "${path}?limit=5")`);
  }
}
