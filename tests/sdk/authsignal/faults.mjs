// Shows with the vendor's Node SDK, unmodified, what each planned fault does, and that it does nothing else.
//
// Usage: node faults.mjs VERSION FOLDER. FOLDER holds node_modules with the SDK as authsignal-VERSION; the environment holds
// MOCK_URL. Each fault is about one track of a tenant of its own: the SDK meets it, the action is there once or not at all,
// the next calls are well, and another tenant notices nothing.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [version, folder] = process.argv.slice(2);
const mock = process.env.MOCK_URL;
assert.ok(mock, "the environment variable MOCK_URL is not set");
const require = createRequire(pathToFileURL(`${folder}/driver.cjs`));
const sdk = require(`authsignal-${version}`);

async function control(method, path, body) {
  const answer = await fetch(`${mock}/_mock/${path}`, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

class Tenant {
  constructor({ id, authsignal }) {
    this.id = id;
    this.sdk = new sdk.Authsignal({ apiSecretKey: authsignal.secretKey, apiUrl: `${mock}/v1`, retries: 0 });
  }

  static async create() {
    const seed = { authsignal: { defaultOutcome: "REVIEW" } };
    return new Tenant(await control("POST", "tenants", { seed }));
  }

  plan(fault) {
    return control("POST", "faults", { tenant: this.id, faults: [fault] });
  }

  async waiting() {
    return (await control("GET", `faults?tenant=${this.id}`)).tenants[0].faults;
  }

  async tracked() {
    return (await control("GET", `actions?tenant=${this.id}`)).actions.length;
  }

  track(idempotencyKey) {
    return this.sdk.track({ userId: "ada", action: "pay", attributes: { idempotencyKey } });
  }

  async isWell(key) {
    assert.equal((await this.track(key)).state, "REVIEW_REQUIRED");
  }
}

/** One fault, and what the SDK meets. */
async function story(effect, carriedOut, meets) {
  const told = JSON.stringify(effect);
  const [faulty, other] = [await Tenant.create(), await Tenant.create()];
  await faulty.plan({ operation: "track", ...effect });
  // Another tenant, and another operation.
  await other.isWell("one");
  await faulty.sdk.getUser({ userId: "bob" });
  await meets(() => faulty.track("faulty"), faulty);
  assert.equal(await faulty.tracked(), carriedOut, told);
  assert.deepEqual(await faulty.waiting(), [], told);
  await faulty.isWell("next");
  await other.isWell("two");
  assert.deepEqual([await faulty.tracked(), await other.tracked()], [carriedOut + 1, 2], told);
}

const refused = (statusCode, errorCode) => (track) => assert.rejects(track, { name: "AuthsignalError", statusCode, errorCode });
// The SDK's word for an answer that is none.
const lost = refused(500, "unexpected_error");
const late = (least) => async (track) => {
  const began = performance.now();
  assert.equal((await track()).state, "REVIEW_REQUIRED");
  // Timers of Node may be a millisecond early.
  assert.ok(performance.now() - began >= least - 1);
};
const answered = (check) => async (track) => check(await track());
// The SDK waits for ever, so the mock says that it has carried the request out.
const waits = async (track, tenant) => {
  const waiting = track().then(() => "answered", () => "refused");
  while ((await tenant.tracked()) === 0) await sleep(5);
  assert.equal(await Promise.race([waiting, sleep(200, "waits")]), "waits");
};

await story({ latency: { milliseconds: 300 } }, 1, late(300));
await story({ latency: { minMilliseconds: 300, maxMilliseconds: 400 } }, 1, late(300));
await story({ latency: { milliseconds: 60000 } }, 1, waits);
await story({ connection: "timeout" }, 1, waits);
await story({ error: "too_many_requests", headers: { "Retry-After": "0" } }, 0, refused(429, "too_many_requests"));
await story({ error: "expired_token" }, 0, refused(401, "expired_token"));
await story({ error: "internal_server_error", carriedOut: true }, 1, refused(500, "internal_server_error"));
await story({ status: 418, body: { error: "teapot", errorDescription: "short" } }, 0, refused(418, "teapot"));
await story({ connection: "reset_before_answer" }, 1, lost);
await story({ connection: "reset_before_answer", carriedOut: false }, 0, lost);
await story({ connection: "reset_after_answer" }, 1, late(0));
await story({ truncateAfter: 20 }, 1, lost);
await story({ bytesPerSecond: 2000 }, 1, late(200));
// The SDK hands on the text that it cannot read.
await story({ malformed: true }, 1, answered((answer) => assert.equal(typeof answer, "string")));
await story({ wrongSchema: { change: "drop", member: "state" } }, 1, answered((answer) => assert.equal(answer.state, undefined)));
await story({ wrongSchema: { change: "type", member: "state" } }, 1, answered((answer) => assert.equal(answer.state, 1)));
await story({ skewSeconds: -86400 * 365 }, 1, answered(({ token }) => {
  const { exp } = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  assert.ok(exp < Date.now() / 1000);
}));

// A counted limit.
const limited = await Tenant.create();
await limited.plan({ operation: "track", rateLimit: { count: 2, seconds: 3600 } });
await limited.isWell("one");
await limited.isWell("two");
await refused(429, "too_many_requests")(() => limited.track("three"));
await control("POST", `reset?tenant=${limited.id}`);
await limited.isWell("three");

process.stdout.write("faults: ok\n");
// Requests that are never answered are still open.
process.exit(0);
