// A step-up with the vendor's SDK, and what the fixture gives besides.

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";

import { MockError, NoMessage, Refused, startMock } from "stepup-mock";
import { describe, expect, test } from "stepup-mock/vitest";

import { challenged, page, sdk, signed, user } from "./story.js";

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
  // A number has no unit, and no argument no length.
  for (const by of [60, "60s", undefined]) {
    const said = `such as advance({ seconds: 60 }), not advance(${JSON.stringify(by) ?? ""})`;
    await expect(stepup.clock.advance(by as never)).rejects.toThrow(said);
  }
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
  await expect(stepup.control("GET", "/_mock/users", { limit: 1 })).rejects.toThrow(
    'a GET takes no body; write what it asks for into its path: control("GET", "/_mock/users?limit=5")',
  );
  // @ts-expect-error: the method is missing.
  await expect(stepup.control("/_mock/users")).rejects.toThrow('such as control("GET", "/_mock/users"), not control("/_mock/users", undefined)');
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

test("the environment leads an application to the tenant", ({ stepup }) => {
  expect(stepup.env).toMatchObject({ AUTHSIGNAL_API_URL: stepup.apiUrl, AUTHSIGNAL_API_SECRET: stepup.apiSecretKey, ACTIVE_CONNECT_SERVER: stepup.url });
});

test("milliseconds without their name say how to write them", async ({ stepup }) => {
  // @ts-expect-error: the time is in an object.
  await expect(stepup.inbox.waitFor(ADA, 500)).rejects.toThrow('waitFor takes its milliseconds by name: waitFor("ada@example.com", { timeout: 500 })');
});

test("what is due has been sent when the deliveries have settled", async ({ stepup }) => {
  const server = createServer().listen(0, "127.0.0.1");
  const received: Promise<[unknown, ServerResponse]> = once(server, "request") as never;
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  await stepup.webhooks({ url, events: ["authenticator.created"] });
  await challenged(stepup);
  const settled = stepup.deliveries({ settled: true });
  const [, answer] = await received;
  expect((await stepup.deliveries()).map(({ progress }) => progress)).not.toContain("taken");
  answer.end();
  expect((await settled).map(({ type, progress }) => [type, progress])).toEqual([["authenticator.created", "taken"]]);
  server.close();
});

test("a tenant that was there before is driven, and left", async ({ stepup }) => {
  await using mock = await startMock();
  const { tenants: [row] } = await stepup.control("GET", "/_mock/tenants");
  for (const name of [stepup.id, stepup.tenantId, row.activeconnect.name]) {
    await using found = await mock.tenant(name);
    expect([found.id, found.env]).toEqual([stepup.id, stepup.env]);
    const secrets = ({ managementSecretKey, terminalSecretKey, applicationSecret }: typeof stepup) =>
      [managementSecretKey, terminalSecretKey, applicationSecret];
    expect(secrets(found)).toEqual(secrets(stepup));
  }
  const { token } = await challenged(stepup);
  await page(stepup, token, "challenge/email-otp");
  const found = await mock.tenant(stepup.id);
  expect((await found.inbox.waitFor(ADA)).code).toMatch(/^\d{6}$/);
  await found.succeedChallenge("ada");
  expect(await found.journal.requests("track")).toHaveLength(1);
});

test("a tenant of one vendor has empty credentials at the other", async () => {
  await using mock = await startMock();
  await using _ = await mock.createTenant({ seed: { activeconnect: { id: "phones-only" } } });
  const { applicationId, applicationSecret } = await mock.tenant("phones-only");
  expect([applicationId, applicationSecret.length > 0]).toEqual(["phones-only", true]);
});

test("a tenant that is not there is an error that names those that are", async () => {
  await using mock = await startMock();
  await using one = await mock.createTenant({ name: "two of a name" });
  await using two = await mock.createTenant({ name: "two of a name", seed: {} });
  const several = await mock.tenant("two of a name").catch((error) => error);
  expect(several).toBeInstanceOf(MockError);
  expect(several.message).toContain(`has 2 tenants of the name "two of a name"; name the id of one: ${one.id}, ${two.id}`);
  await expect(mock.tenant("nobody")).rejects.toThrow(/has no tenant "nobody"\. It has: [^,.]+.*STEPUP_MOCK_URL\.$/);
  const more = await Promise.all(Array.from({ length: 10 }, () => mock.createTenant()));
  await expect(mock.tenant("nobody")).rejects.toThrow(/It has: ([^,]+, ){10}…\./);
  await Promise.all(more.map((tenant) => tenant.delete()));
});

describe("a phone", () => {
  const seeded = test.extend({ stepupSeed: { activeconnect: { users: [{ id: "ada" }] } } });

  seeded("is registered, approves and denies", async ({ stepup }) => {
    const { register_url: link } = await signed(stepup, "GET", `management/device_registration_link/${stepup.applicationId}/ada`);
    await stepup.registerPhone(link);
    const signIn = () => signed(stepup, "POST", `authentication/authenticate_user/${stepup.applicationId}/ada`);
    const statuses = async () => {
      const { users } = await stepup.control("GET", "/_mock/activeconnect");
      return users[0].sessions.map(({ status }: { status: string }) => status);
    };
    await signIn();
    await stepup.approveOnPhone("ada");
    await signIn();
    await stepup.denyOnPhone("ada");
    expect((await statuses()).sort()).toEqual(["active", "cancelled"]);
  });
});

test("a journal without a request says where it may have gone", async ({ stepup }) => {
  expect(await stepup.journal.text()).toContain("went to the vendor's live service: Authsignal's calls it without an apiUrl.");
});
