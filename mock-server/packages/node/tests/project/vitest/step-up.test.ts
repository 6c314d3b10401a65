// A step-up with the vendor's SDK, and what the fixture gives besides.

import { NoMessage, Refused, startMock } from "stepup-mock";
import { describe, expect, test } from "stepup-mock/vitest";

import { challenged, page, sdk, user } from "./story.js";

const ADA = "ada@example.com";

test("a step-up with the code from the inbox", async ({ stepup }) => {
  const { authsignal, token } = await challenged(stepup);
  await page(stepup, token, "challenge/email-otp");
  const { code } = await stepup.inbox.waitFor(ADA);
  const passed = await page(stepup, token, "verify/email-otp", { verificationCode: code });
  const validated = await authsignal.validateChallenge({ token: passed.accessToken });
  expect(validated).toMatchObject({ isValid: true, state: "CHALLENGE_SUCCEEDED" });
});

test("the control API answers a challenge in place of the user", async ({ stepup }) => {
  const { authsignal, token } = await challenged(stepup);
  await stepup.failChallenge("ada", "pay");
  expect((await authsignal.validateChallenge({ token })).isValid).toBe(false);
  const second = await authsignal.track({ userId: "ada", action: "pay", attributes: {} });
  await stepup.succeedChallenge("ada");
  expect((await authsignal.validateChallenge({ token: second.token })).isValid).toBe(true);
});

test("a fault is met once, and taken back", async ({ stepup }) => {
  await stepup.faults({ operation: "get_user", status: 503, headers: { "Retry-After": "7" } });
  const first = await user(stepup, "ada");
  expect([first.status, first.headers.get("retry-after")]).toEqual([503, "7"]);
  expect((await user(stepup, "ada")).status).toBe(200);
  await stepup.faults({ operation: "get_user", status: 503, always: true });
  await stepup.faults();
  expect((await user(stepup, "ada")).status).toBe(200);
});

test("what happens next is planned, and taken back", async ({ stepup }) => {
  const { authsignal } = await challenged(stepup);
  const pay = async () => (await authsignal.track({ userId: "ada", action: "pay", attributes: {} })).state;
  await stepup.scenarios({ userId: "ada", action: "pay", outcome: "BLOCK" });
  expect([await pay(), await pay()]).toEqual(["BLOCK", "CHALLENGE_REQUIRED"]);
  await stepup.scenarios({ outcome: "REVIEW", always: true });
  await stepup.scenarios();
  expect(await pay()).toBe("CHALLENGE_REQUIRED");
});

test("what the application sent is verified", async ({ stepup }) => {
  await challenged(stepup);
  const tracked = { pattern: { operation: "track", userId: "ada" } };
  const enrolled = { pattern: { operation: "enroll_verified_authenticator" } };
  await stepup.verify([{ ...tracked, exactly: 1 }]);
  await stepup.verify([enrolled, tracked], { inOrder: true, nothingElse: true });
  await expect(stepup.verify([{ ...tracked, exactly: 0 }])).rejects.toThrow("expected track of ada, never; it came once");
  await expect(stepup.verify([tracked], { nothingElse: true })).rejects.toThrow("not expected: request");
});

test("each message is returned once, and the newest first", async ({ stepup }) => {
  const { token } = await challenged(stepup);
  await page(stepup, token, "challenge/email-otp");
  const first = await stepup.inbox.waitFor("ADA@example.com");
  const nothing = await stepup.inbox.waitFor(ADA, { timeout: 0 }).catch((error) => error);
  expect(nothing).toBeInstanceOf(NoMessage);
  expect(nothing.message).toContain("no message to ada@example.com came within 0 s.");
  expect(nothing.message).toContain(`${first.text}  (read before; messages() shows it again)`);
  await page(stepup, token, "challenge/email-otp");
  await page(stepup, token, "challenge/email-otp");
  const newest = await stepup.inbox.waitFor();
  const all = await stepup.inbox.messages(ADA);
  expect([all[0], all[2]]).toEqual([newest, first]);
  expect(newest).toMatchObject({ channel: "email", to: ADA });
});

test("a message that comes later is waited for", async ({ stepup }) => {
  const { token } = await challenged(stepup);
  setTimeout(() => page(stepup, token, "challenge/email-otp"), 200);
  expect((await stepup.inbox.waitFor(ADA, { timeout: 30_000 })).code).toMatch(/^\d{6}$/);
});

test("an empty inbox says so", async ({ stepup }) => {
  await expect(stepup.inbox.waitFor(undefined, { timeout: 50 })).rejects.toThrow("The inbox of this test is empty");
});

test("time passes when the test says so", async ({ stepup }) => {
  const start = new Date("2030-01-01T00:00:00Z");
  expect(await stepup.clock.freeze(start)).toEqual(start);
  const { authsignal, token } = await challenged(stepup);
  expect(await stepup.clock.advance({ minutes: 9, seconds: 30 })).toEqual(new Date("2030-01-01T00:09:30Z"));
  await stepup.succeedChallenge("ada");
  expect((await authsignal.validateChallenge({ token })).isValid).toBe(true);
  await stepup.clock.advance({ hours: 1 });
  expect((await authsignal.validateChallenge({ token })).isValid).toBe(false);
  expect(await stepup.clock.set("2029-01-01T00:00:00.250Z")).toEqual(new Date("2029-01-01T00:00:00.250Z"));
  expect((await stepup.clock.now()).getUTCFullYear()).toBe(2029);
  await stepup.clock.release();
  // @ts-expect-error: the unit is `minutes`.
  await expect(stepup.clock.advance({ minute: 1 })).rejects.toThrow("not minute");
});

describe("a seed", () => {
  const seeded = test.extend({ stepupSeed: { authsignal: { users: [{ userId: "eve", email: "eve@example.com" }] } } });

  seeded("says what the tenant begins with", async ({ stepup }) => {
    expect((await sdk(stepup).getUser({ userId: "eve" })).email).toBe("eve@example.com");
  });
});

test("the journal has the requests of this tenant alone", async ({ stepup }) => {
  await using mock = await startMock();
  await using other = await mock.createTenant();
  await sdk(other).getUser({ userId: "someone-else" });
  await challenged(stepup);
  const lines = (await stepup.journal.requests()).map(({ operation, status }) => `${operation} ${status}`);
  expect(lines).toEqual(["enroll_verified_authenticator 200", "track 200"]);
  expect((await other.journal.requests("get_user")).length).toBe(1);
  expect(mock.url, "the mock of the run").toBe(stepup.url);
});

test("the desk shows the name of the test", async ({ stepup }) => {
  const { tenants } = await stepup.control("GET", "/_mock/tenants");
  expect(tenants).toMatchObject([
    { activeconnect: { name: "vitest/step-up.test.ts > the desk shows the name of the test" }, ttlSeconds: 3600 },
  ]);
});

test("any operation of the control API", async ({ stepup }) => {
  await challenged(stepup);
  const { actions } = await stepup.control("GET", "/_mock/actions", undefined, { limit: 1 });
  expect(actions[0].action).toBe("pay");
  const refused = await stepup.control("POST", "/_mock/clock", { tenat: stepup.id }).catch((error) => error);
  expect(refused).toBeInstanceOf(Refused);
  expect(refused).toMatchObject({ status: 400, message: expect.stringContaining("body /tenat is unknown") });
});

test("a call of the control API is about this tenant", async ({ stepup }) => {
  await challenged(stepup);
  expect((await stepup.control("GET", "/_mock/journal?search=track")).requests).toHaveLength(1);
  expect((await stepup.control("GET", "/_mock/actions?userId=bob")).actions).toHaveLength(0);
  const frozen = await stepup.control("POST", "/_mock/clock", { freeze: true, time: "2030-01-01T00:00:00Z" });
  expect(frozen).toEqual({ tenant: stepup.id, now: "2030-01-01T00:00:00Z", frozen: true });
  await stepup.control("POST", "/_mock/authsignal", { defaultOutcome: "BLOCK" });
  const [{ number }] = await stepup.journal.requests("track");
  expect((await stepup.control("GET", `/_mock/journal/${number}`)).entry.operation).toBe("track");
  expect((await stepup.control("GET", "/_mock/health")).status).toBe("ok");
  expect(await stepup.control("GET", "/_mock/metrics")).toContain("stepup_mock_tenants");
});

test("several can be given one by one or as a list", async ({ stepup }) => {
  const faults = [{ operation: "track", status: 503 }, { operation: "get_user", status: 503 }];
  for (const give of [() => stepup.faults(...faults), () => stepup.faults(faults)]) {
    await give();
    expect((await stepup.control("GET", "/_mock/faults")).tenants[0].faults).toHaveLength(2);
  }
  await stepup.faults();
  await stepup.verify({ pattern: {}, exactly: 0 });
  await stepup.verify([{ pattern: { operation: "track" }, exactly: 0 }]);
});

test("a webhook that its receiver did not take is in the journal", async ({ stepup }) => {
  await stepup.webhooks({ url: "http://127.0.0.1:9/hook", events: ["authenticator.created"] });
  await challenged(stepup);
  await stepup.clock.advance({ minutes: 10 });
  expect(await stepup.deliveries()).toMatchObject([{ type: "authenticator.created", progress: "given_up" }]);
  const text = await stepup.journal.text();
  expect(text).toContain("webhook authenticator.created to http://127.0.0.1:9/hook (given_up): ");
});

test("the environment leads the SDKs to the tenant", ({ stepup }) => {
  expect(stepup.env).toMatchObject({ AUTHSIGNAL_API_URL: stepup.apiUrl, AUTHSIGNAL_API_SECRET: stepup.apiSecretKey, ACTIVE_CONNECT_SERVER: stepup.url });
});
