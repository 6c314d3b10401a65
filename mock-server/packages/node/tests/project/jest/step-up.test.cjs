// A step-up with the vendor's SDK, by jest. The global `stepup` is new in each test.

const { Authsignal } = require("@authsignal/node");

const seen = new Set();

beforeEach(() => {
  expect(seen).not.toContain(stepup.id);
  seen.add(stepup.id);
});

test("the control API answers a challenge in place of the user", async () => {
  const authsignal = new Authsignal({ apiSecretKey: stepup.apiSecretKey, apiUrl: stepup.apiUrl });
  const attributes = { verificationMethod: "EMAIL_OTP", email: "ada@example.com" };
  await authsignal.enrollVerifiedAuthenticator({ userId: "ada", attributes });
  const { token } = await authsignal.track({ userId: "ada", action: "pay", attributes: {} });
  const { tenants } = await stepup.control("GET", "/_mock/tenants");
  expect(tenants[0].activeconnect.name).toBe(expect.getState().currentTestName);
  await stepup.succeedChallenge("ada");
  expect((await authsignal.validateChallenge({ token })).isValid).toBe(true);
});

test("the code from the inbox passes the challenge", async () => {
  const authsignal = new Authsignal({ apiSecretKey: stepup.apiSecretKey, apiUrl: stepup.apiUrl });
  const attributes = { verificationMethod: "EMAIL_OTP", email: "ada@example.com" };
  await authsignal.enrollVerifiedAuthenticator({ userId: "ada", attributes });
  await authsignal.challenge({ userId: "ada", action: "pay", verificationMethod: "EMAIL_OTP", email: "ada@example.com" });
  const { code } = await stepup.inbox.waitFor("ada@example.com");
  expect(code).toMatch(/^\d{6}$/);
  expect(await stepup.inbox.messages()).toHaveLength(1);
});

test.each(Array.from({ length: 50 }, (_, number) => number))("canary %i", async (number) => {
  const now = new Date(Date.UTC(2030, 0, 1 + number));
  await stepup.clock.freeze(now);
  expect((await stepup.clock.now()).getTime()).toBe(now.getTime());
  expect((await stepup.control("GET", "/_mock/users")).users).toHaveLength(0);
});

test.skip("a test that is skipped gets no tenant", () => {});
