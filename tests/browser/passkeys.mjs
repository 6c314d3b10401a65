// Passkeys and security keys: the browser's own ceremonies, with virtual authenticators.

import assert from "node:assert/strict";

import { authenticator, OLD_SECURITY_KEY, PLATFORM, SECURITY_KEY } from "./chromium.mjs";
import { newest, since } from "./packages.mjs";
import { ACTION, ADA, call, started } from "./sdk.mjs";

// signUp and signIn return a token up to version 0.3.3, and an object later.
const tokenOf = (answer) => (typeof answer === "string" ? answer : answer?.data?.token);

async function passkey(person, version) {
  const { mock } = person;
  const page = await person.shop(version);
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
  // Without an action, the mock takes this for a sign-in.
  await mock.passed(data.token, ADA, given.action ?? "signIn", "PASSKEY");
}

// A device keeps its passkey when the account is deleted.
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
    chromium.story(`${version}: a passkey`, passkey, version);
  }
  for (const version of since("1.4.0")) {
    chromium.story(`${version}: a passkey identifies the user`, anonymous, version, { action: "signIn" });
    chromium.story(`${version}: a security key`, securityKey, version, SECURITY_KEY);
  }
  chromium.story("the browser offers a passkey in a field", anonymous, newest, { action: "signIn", autofill: true });
  for (const version of since("1.13.1")) {
    chromium.story(`${version}: a passkey with cookies`, anonymous, version, { action: "signIn", useCookies: true });
    chromium.story(`${version}: a passkey with cookies, without an action`, anonymous, version, { useCookies: true });
  }
  chromium.story("a passkey of a deleted user", unknown);
  chromium.story("a security key of the older protocol", securityKey, newest, OLD_SECURITY_KEY);
}
