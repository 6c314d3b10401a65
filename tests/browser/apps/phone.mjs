// The vendor's mobile SDK on a phone, as far as push notifications go. It needs a device, so its requests are written here
// by the contract.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";

export class Phone {
  #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

  /**
   * @param {string} baseUrl of the Client API
   * @param {string} tenantId
   */
  constructor(baseUrl, tenantId) {
    this.url = `${baseUrl}/client/user-authenticators/push`;
    this.tenant = `Basic ${Buffer.from(`${tenantId}:`).toString("base64")}`;
    this.publicKey = this.#keys.publicKey.export({ type: "spki", format: "der" }).toString("base64");
    /** Apps write their key into a query in base64 once more. */
    this.query = `publicKey=${encodeURIComponent(Buffer.from(this.publicKey).toString("base64"))}`;
  }

  async #send(method, path, body, authorization = this.tenant, headers = {}) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization, "content-type": "application/json", ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    // The mobile SDK takes this for "there is none".
    if (answer.status === 404) return undefined;
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  #signed(text) {
    return sign("sha256", Buffer.from(text), this.#keys.privateKey).toString("base64");
  }

  getCredential() {
    return this.#send("GET", `?${this.query}`);
  }

  addCredential(token) {
    const body = { publicKey: this.publicKey, deviceName: "Ada's phone", devicePlatform: "ios" };
    return this.#send("POST", "", body, `Bearer ${token}`);
  }

  getChallenge() {
    return this.#send("GET", `/challenge?${this.query}`);
  }

  updateChallenge(challengeId, approved) {
    const { publicKey } = this;
    return this.#send("POST", "/challenge", { publicKey, challengeId, approved, signature: this.#signed(challengeId) });
  }

  /** @param {number} unixSeconds the mock's time */
  removeCredential(unixSeconds) {
    const signature = this.#signed(String(Math.floor(unixSeconds / 600)));
    return this.#send("POST", "/remove", { publicKey: this.publicKey, signature });
  }
}
