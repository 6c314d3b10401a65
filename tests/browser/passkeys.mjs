// Passkeys and security keys: real ceremonies of the browser, with its virtual authenticators.

import assert from "node:assert/strict";
import { test } from "node:test";

import { authenticator, OLD_SECURITY_KEY, PLATFORM, SECURITY_KEY } from "./chromium.mjs";
import { newest, since } from "./packages.mjs";
import { ACTION, ADA, call, started } from "./sdk.mjs";

// These versions name the paths from the API that they called then, which the base URL has to make up for.
const baseUrl = (mock, version) => (since("0.3.3").includes(version) ? mock.api : `${mock.api}/client`);

// What signUp and signIn give: a token until 0.3.3, an answer later.
const tokenOf = (answer) => (typeof answer === "string" ? answer : answer?.data?.token);

async function passkey(person, version) {
  const { mock } = person;
  const page = await person.shop(version, baseUrl(mock, version));
  const device = await authenticator(page, PLATFORM);
  const names = { userName: ADA, username: ADA };
  const { token } = await mock.track(ADA, ACTION);
  const enrolled = await call(page, "passkey.signUp", { token, ...names });
  await mock.passed(tokenOf(enrolled), ADA, ACTION, "PASSKEY");
  const [credential] = await device.credentials();
  assert.equal(credential.rpId, "localhost");
  assert.equal(credential.isResidentCredential, true);

  const tracked = await mock.track(ADA, ACTION);
  assert.equal(tracked.state, "CHALLENGE_REQUIRED");
  const passed = await call(page, "passkey.signIn", { token: tracked.token });
  await mock.passed(tokenOf(passed), ADA, ACTION, "PASSKEY");
  const [used] = await device.credentials();
  assert.ok(used.signCount > credential.signCount);
}

async function anonymous(person, version, given) {
  const { mock } = person;
  const page = await person.shop(version);
  await authenticator(page, PLATFORM);
  await started(person, page);
  await call(page, "passkey.signUp", { username: ADA, useCookies: given.useCookies });
  assert.equal(await call(page, "passkey.isAvailableOnDevice", { userId: ADA }), true);
  assert.equal(await call(page, "passkey.isAvailableOnDevice", { userId: "bob" }), false);
  const { data } = await call(page, "passkey.signIn", given);
  assert.deepEqual([data.isVerified, data.userId], [true, ADA]);
  // Who names no action is taken to sign in.
  await mock.passed(data.token, ADA, given.action ?? "signIn", "PASSKEY");
}

// A device keeps its passkey, whatever becomes of the account.
async function unknown(person) {
  const { mock } = person;
  const page = await person.shop(newest);
  await authenticator(page, PLATFORM);
  await started(person, page);
  await call(page, "passkey.signUp", { username: ADA });
  await mock.server("DELETE", `/users/${ADA}`);
  person.expect(/status of 4\d\d/);
  const refused = await call(page, "passkey.signIn", { action: ACTION });
  assert.deepEqual([refused.errorCode, refused.data], ["unknown_credential", undefined]);
}

async function securityKey(person, version, kind) {
  const { mock } = person;
  const page = await person.shop(version);
  await authenticator(page, kind);
  await started(person, page);
  const enrolled = await call(page, "securityKey.enroll");
  await mock.passed(tokenOf(enrolled), ADA, ACTION, "SECURITY_KEY");
  const { token } = await started(person, page);
  await mock.notPassed(token);
  const passed = await call(page, "securityKey.verify");
  assert.equal(passed.data.isVerified, true);
  await mock.passed(passed.data.token, ADA, ACTION, "SECURITY_KEY");
}

export default function (chromium) {
  for (const version of since("0.1.7")) {
    test(`${version}: a passkey`, () => chromium.play((person) => passkey(person, version)));
  }
  const story = (name, tell, ...given) => test(name, () => chromium.play((person) => tell(person, ...given)));
  for (const version of since("1.4.0")) {
    story(`${version}: a passkey tells who signs in`, anonymous, version, { action: "signIn" });
    story(`${version}: a security key`, securityKey, version, SECURITY_KEY);
  }
  story("a passkey that the browser offers for a field", anonymous, newest, { action: "signIn", autofill: true });
  for (const version of since("1.13.1")) {
    story(`${version}: a passkey with cookies`, anonymous, version, { action: "signIn", useCookies: true });
    story(`${version}: a passkey with cookies, for no action`, anonymous, version, { useCookies: true });
  }
  story("a passkey of a user who is gone", unknown);
  story("a security key of the older protocol", securityKey, newest, OLD_SECURITY_KEY);
}
