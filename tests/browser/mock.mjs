// The mock of a story: sets it up with the control API, calls the vendor's APIs, and checks tokens with our Rust client.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";

import { lines, requestLine, startMock } from "./program.mjs";

/** The path of a program that browser.mjs was given. */
export function program(name) {
  const path = process.env[name];
  assert.ok(path, `the environment variable ${name} is not set`);
  return path;
}

export class Mock {
  static async start(...flags) {
    return new Mock(await startMock(program("STEPUP_MOCK"), ...flags));
  }

  /** @type {{ child: import("node:child_process").ChildProcess, send(line: string): void, next(): Promise<string> } | undefined} */
  #validator;

  /** @param {Awaited<ReturnType<typeof startMock>>} started */
  constructor({ child, url, own, tenantId, apiSecret, application }) {
    this.child = child;
    // By name, because an IP address cannot own a passkey.
    this.url = url.replace("127.0.0.1", "localhost");
    this.api = `${this.url}/v1`;
    /** Where this process reaches the mock, also if browsers reach it through a proxy. */
    this.own = own.replace("127.0.0.1", "localhost");
    this.tenantId = tenantId;
    this.secret = apiSecret;
    /** Id and secret of the application at Activeconnect. */
    this.application = application;
  }

  async call(user, method, path, body) {
    const authorization = `Basic ${Buffer.from(`${user}:`).toString("base64")}`;
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${this.own}/v1${path}`, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Calls the Server API, as the application's server does. */
  server(method, path, body) {
    return this.call(this.secret, method, path, body);
  }

  /** Calls the Client API for a user who is not known yet. */
  anonymous(path, body) {
    return this.call(this.tenantId, "POST", `/client${path}`, body);
  }

  track(userId, action, attributes = {}) {
    return this.server("POST", `/users/${encodeURIComponent(userId)}/actions/${action}`, attributes);
  }

  enroll(userId, authenticator) {
    return this.server("POST", `/users/${encodeURIComponent(userId)}/authenticators`, authenticator);
  }

  async control(method, path, body) {
    const answer = await fetch(`${this.own}/_mock/${path}`, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  }

  /** The newest message to an address or phone number. */
  async message(to) {
    const { messages } = await this.control("GET", `messages?to=${encodeURIComponent(to)}&limit=1`);
    assert.equal(messages.length, 1, `no message to ${to}`);
    return messages[0];
  }

  /** What the operation `validate` answers about a token, read by our Rust client. */
  async validate(token) {
    assert.equal(typeof token, "string", "no token to validate");
    this.#validator ??= this.#startValidator();
    this.#validator.send(`${token}\n`);
    return JSON.parse(await this.#validator.next());
  }

  #startValidator() {
    const path = program("STEPUP_VALIDATE");
    const env = { AUTHSIGNAL_API_URL: `${this.own}/v1`, AUTHSIGNAL_API_SECRET: this.secret };
    const child = spawn(path, { env, stdio: ["pipe", "pipe", "inherit"] });
    return { child, send: (line) => child.stdin.write(line), next: lines(path, child) };
  }

  /** Asserts that the challenge of a token is passed, by this user and action, and by this method if one is given. */
  async passed(token, userId, action, verificationMethod) {
    const answer = await this.validate(token);
    const { isValid, state, error } = answer;
    assert.deepEqual({ isValid, state, error }, { isValid: true, state: "CHALLENGE_SUCCEEDED", error: undefined });
    assert.deepEqual([answer.userId, answer.actionCode], [userId, action]);
    if (verificationMethod) {
      assert.equal(answer.verificationMethod, verificationMethod);
    }
  }

  /** Asserts that the challenge of a token is not passed. */
  async notPassed(token, state = "CHALLENGE_REQUIRED") {
    const answer = await this.validate(token);
    assert.deepEqual({ isValid: answer.isValid, state: answer.state }, { isValid: false, state });
  }

  /** The requests to the mock, oldest first. */
  async journal() {
    const { requests } = await this.control("GET", "journal?limit=1000");
    return requests.reverse();
  }

  async requestLines() {
    return (await this.journal()).map(requestLine).join("\n");
  }

  stop() {
    this.child.kill();
    this.#validator?.child.kill();
  }
}
