// A mock of its own for a test: started, steered by the control API, asked by our Rust client what a token is worth.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

// The lines that a program writes, one for each call.
function reader(program, child) {
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    assert.ok(!done, `${program} ended`);
    return value;
  };
}

export class Mock {
  static async start(...flags) {
    const program = process.env.STEPUP_MOCK;
    const child = spawn(program, ["--listen", "127.0.0.1:0", "--ready-json", "--log", "off", ...flags], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const { url, authsignal } = JSON.parse(await reader(program, child)());
    const { tenantId, apiSecret } = authsignal.tenants[0];
    // By name: a browser takes no address for a relying party of passkeys.
    return new Mock(child, url.replace("127.0.0.1", "localhost"), tenantId, apiSecret);
  }

  constructor(child, url, tenantId, secret) {
    Object.assign(this, { child, url, tenantId, secret, api: `${url}/v1` });
  }

  async call(user, method, path, body) {
    const authorization = `Basic ${Buffer.from(`${user}:`).toString("base64")}`;
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${this.api}${path}`, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  // The Server API, as the application's server calls it.
  server(method, path, body) {
    return this.call(this.secret, method, path, body);
  }

  // The Client API, as somebody calls it of whom nothing is known yet.
  anonymous(path, body) {
    return this.call(this.tenantId, "POST", `/client${path}`, body);
  }

  track(userId, action, attributes = {}) {
    return this.server("POST", `/users/${encodeURIComponent(userId)}/actions/${action}`, attributes);
  }

  enroll(userId, authenticator) {
    return this.server("POST", `/users/${encodeURIComponent(userId)}/authenticators`, authenticator);
  }

  action(userId, { actionCode, idempotencyKey }) {
    return this.server("GET", `/users/${encodeURIComponent(userId)}/actions/${actionCode}/${idempotencyKey}`);
  }

  async control(method, path, body) {
    const answer = await fetch(`${this.url}/_mock/${path}`, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  }

  // The newest message to somebody.
  async message(to) {
    const { messages } = await this.control("GET", `messages?to=${encodeURIComponent(to)}&limit=1`);
    assert.equal(messages.length, 1, `no message to ${to}`);
    return messages[0];
  }

  // What /validate says of a token, by our Rust client.
  async validate(token) {
    assert.equal(typeof token, "string", "no token to validate");
    if (!this.validator) {
      const program = process.env.STEPUP_VALIDATE;
      const env = { AUTHSIGNAL_API_URL: this.api, AUTHSIGNAL_API_SECRET: this.secret };
      this.validator = spawn(program, { env, stdio: ["pipe", "pipe", "inherit"] });
      this.told = reader(program, this.validator);
    }
    this.validator.stdin.write(`${token}\n`);
    return JSON.parse(await this.told());
  }

  // Asserts that a token tells of a passed challenge, and by what.
  async passed(token, userId, action, verificationMethod) {
    const told = await this.validate(token);
    const { isValid, state, error } = told;
    assert.deepEqual({ isValid, state, error }, { isValid: true, state: "CHALLENGE_SUCCEEDED", error: undefined });
    assert.deepEqual([told.userId, told.actionCode], [userId, action]);
    if (verificationMethod) {
      assert.equal(told.verificationMethod, verificationMethod);
    }
  }

  // Asserts that a token tells of a challenge that is not passed.
  async notPassed(token, state = "CHALLENGE_REQUIRED") {
    const told = await this.validate(token);
    assert.deepEqual({ isValid: told.isValid, state: told.state }, { isValid: false, state });
  }

  // What the mock was asked, oldest first.
  async journal() {
    const { requests } = await this.control("GET", "journal?limit=1000");
    return requests.reverse();
  }

  // The same in lines.
  async asked() {
    const requests = await this.journal();
    return requests
      .map(({ status, method, target, operation, reason }) =>
        `  ${status} ${method} ${target} (${operation ?? "no operation"})${reason ? `: ${reason}` : ""}`)
      .join("\n");
  }

  stop() {
    this.child.kill();
    this.validator?.kill();
  }
}
