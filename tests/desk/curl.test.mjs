// A request of the journal as a command. A shell reads each command, and a program in place of curl says what it got.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";

import { curl } from "../../mock-server/src/http/desk/model/curl.js";

const BASE = "http://localhost:4750";

/** @typedef {import("../../mock-server/src/http/desk/model/curl.js").Detail} Detail */

/**
 * A request of the journal.
 * @param {Partial<Detail["entry"]>} entry
 * @param {string} text of its body
 * @param {Partial<Detail>} [parts]
 * @returns {Detail}
 */
const detail = (entry, text, parts = {}) => ({
  entry: { number: 1, at: "2026-01-01T00:00:00Z", api: "authsignal", method: "POST", target: "/v1/challenge", status: 200, ...entry },
  credentials: "Basic ***",
  contentType: "application/json",
  request: { length: text.length, text },
  ...parts,
});

// The arguments that curl gets from a command.
function run(command, variables = {}) {
  const folder = mkdtempSync(join(tmpdir(), "stepup-curl-"));
  try {
    const program = join(folder, "curl");
    writeFileSync(program, "#!/bin/sh\nprintf '%s\\0' \"$@\"\n");
    chmodSync(program, 0o755);
    const env = { PATH: `${folder}${delimiter}${process.env.PATH}`, ...variables };
    return execFileSync("sh", ["-c", command], { env, encoding: "utf8", stdio: "pipe" }).split("\0").slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a request keeps its method, target, type and body, whatever is in them", () => {
  const body = `{"name":"O'Hara $HOME \`date\` \\"x\\" \\\\","list":[1]}`;
  const { command, lack } = curl(detail({ target: "/v1/users/o'hara%20$(date)?a={b}" }, body), BASE);
  assert.deepEqual(run(command, { AUTHSIGNAL_API_SECRET: "se'cret" }), [
    "-i", "-g", "-X", "POST", `${BASE}/v1/users/o'hara%20$(date)?a={b}`,
    "-u", "se'cret:", "-H", "Content-Type: application/json", "--data-raw", body,
  ]);
  assert.equal(lack, undefined);
});

test("secrets come from variables of the shell, and a missing one stops the command", () => {
  const { command } = curl(detail({ api: "authsignal-client", target: "/v1/x?token=***" },
    '{"verificationCode":"***","deep":{"token" : "***"},"text":"it was ***"}', { credentials: "Bearer ***" }), BASE);
  const variables = { AUTHSIGNAL_TOKEN: "a b", TOKEN: "query", VERIFICATION_CODE: "123456", TOKEN_2: "$x", TOKEN_3: "third" };
  assert.deepEqual(run(command, variables), [
    "-i", "-X", "POST", `${BASE}/v1/x?token=query`, "-H", "Authorization: Bearer a b", "-H", "Content-Type: application/json",
    "--data-raw", '{"verificationCode":"123456","deep":{"token" : "$x"},"text":"it was third"}',
  ]);
  assert.throws(() => run(command, { ...variables, VERIFICATION_CODE: "" }), /VERIFICATION_CODE/);
});

test("credentials depend on the API and on their scheme", () => {
  /** @param {string} api @param {string} [credentials] */
  const written = (api, credentials) => curl(detail({ api, method: "GET" }, "", { credentials }), BASE).command.split("\n").slice(1).join();
  assert.match(written("authsignal", "Basic ***"), /-u "\$\{AUTHSIGNAL_API_SECRET:\?\}":/);
  assert.match(written("authsignal", "Bearer ***"), /Bearer '"\$\{AUTHSIGNAL_TERMINAL_SECRET:\?\}"/);
  assert.match(written("authsignal-client", "basic ***"), /-u "\$\{AUTHSIGNAL_TENANT_ID:\?\}":/);
  assert.match(written("authsignal-management", "Basic ***"), /AUTHSIGNAL_MANAGEMENT_SECRET/);
  assert.equal(written("pages"), "");
  assert.equal(written("activeconnect", "hmac ***"), "");
});

test("a GET needs no more than its URL, and a body without a type gets none", () => {
  const simple = (method) => run(curl(detail({ method, target: "/v1/x", api: "pages" }, "", { credentials: undefined }), BASE).command);
  assert.deepEqual(simple("GET"), ["-i", `${BASE}/v1/x`]);
  assert.deepEqual(simple("HEAD"), ["-i", "--head", `${BASE}/v1/x`]);
  assert.deepEqual(simple("DELETE"), ["-i", "-X", "DELETE", `${BASE}/v1/x`]);
  const untyped = curl(detail({ api: "pages" }, "code=***&a=b", { credentials: undefined, contentType: undefined }), BASE);
  assert.deepEqual(run(untyped.command, { CODE: "1" }), ["-i", "-X", "POST", `${BASE}/v1/challenge`, "-H", "Content-Type:", "--data-raw", "code=1&a=b"]);
});

test("a command says what it lacks", () => {
  const lack = (entry, parts) => curl(detail(entry, "{}", parts), BASE).lack;
  assert.match(String(lack({}, { request: undefined })), /no longer has its body/);
  assert.match(String(lack({}, { request: { length: 9000, text: "{", cut: "only so much is kept" } })), /not complete: only so much is kept\./);
  assert.match(String(lack({ api: "activeconnect" }, { credentials: "hmac ***" })), /--no-signatures/);
  assert.equal(lack({ api: "activeconnect" }, { credentials: undefined }), undefined);
});
