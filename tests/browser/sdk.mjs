// Codes, links and authenticator apps on the application's own screens, by calls of the vendor's SDK.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { newest, since } from "./packages.mjs";

export const ADA = "ada";
export const ACTION = "pay";
export const ADDRESS = "ada@example.com";
export const NUMBER = "+15550100";

/** The calls of each version that the stories made, as `1.16.0 email.enroll`. */
export const made = new Set();

export const note = (page, path) => made.add(`${new URL(page.url()).searchParams.get("version")} ${path}`);

/** Calls a method of the SDK in the application's page. */
export function call(page, path, ...given) {
  note(page, path);
  return page.evaluate(
    (path, given) => {
      const names = path.split(".");
      const method = names.pop();
      const owner = names.reduce((object, name) => object[name], window.authsignal);
      return owner[method](...given);
    },
    path,
    given,
  );
}

/** Tracks an action, and gives its token to the application's page. A user without authenticators enrols first. */
export async function started({ mock, application }, page) {
  const tracked = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  assert.equal(tracked.state, tracked.isEnrolled ? "CHALLENGE_REQUIRED" : "ALLOW");
  await call(page, "setToken", tracked.token);
  return tracked;
}

/** A wrong code in the right form. */
export const wrong = (code) => (code === "000000" ? "000001" : "000000");

/** The code of an otpauth URI at a time, as every authenticator app computes it (RFC 6238). */
export function oneTimeCode(uri, unixSeconds) {
  const { protocol, host, searchParams } = new URL(uri);
  const secret = searchParams.get("secret") ?? "";
  assert.deepEqual([protocol, host], ["otpauth:", "totp"]);
  const bits = [...secret]
    .map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(unixSeconds / Number(searchParams.get("period") ?? 30))));
  const digest = createHmac(searchParams.get("algorithm") ?? "SHA1", key).update(step).digest();
  const number = digest.readUInt32BE(digest[digest.length - 1] & 15) & 0x7fffffff;
  const digits = Number(searchParams.get("digits") ?? 6);
  return String(number % 10 ** digits).padStart(digits, "0");
}

export async function mockTime(mock) {
  const { now } = await mock.control("GET", "clock");
  return Date.parse(now) / 1000;
}

const CODES = [
  { part: "email", method: "EMAIL_OTP", to: ADDRESS, given: { email: ADDRESS } },
  { part: "sms", method: "SMS", to: NUMBER, given: { phoneNumber: NUMBER } },
];

// Enrols with a code, then passes a challenge: a wrong code first, then the right one.
async function codes(person, version, { part, method, to, given }) {
  const { mock } = person;
  const page = await person.shop(version);
  await started(person, page);
  const enrolled = await call(page, `${part}.enroll`, given);
  assert.equal(enrolled.data.userId, ADA);
  const proved = await call(page, `${part}.verify`, { code: (await mock.message(to)).code });
  assert.equal(proved.data.isVerified, true);
  await mock.passed(proved.data.token, ADA, ACTION, method);
  const authenticator = proved.data.userAuthenticator;
  assert.deepEqual(
    [authenticator.verificationMethod, authenticator.userAuthenticatorId],
    [method, enrolled.data.userAuthenticatorId],
  );

  const { token } = await started(person, page);
  assert.ok((await call(page, `${part}.challenge`)).data.challengeId);
  const { code } = await mock.message(to);
  const refused = await call(page, `${part}.verify`, { code: wrong(code) });
  assert.equal(refused.data.isVerified, false);
  assert.ok(refused.data.failureReason);
  await mock.notPassed(token);
  const passed = await call(page, `${part}.verify`, { code });
  assert.deepEqual([passed.data.isVerified, passed.data.userAuthenticator], [true, undefined]);
  await mock.passed(passed.data.token, ADA, ACTION, method);
}

async function whatsapp(person, version) {
  const { mock } = person;
  await mock.enroll(ADA, { verificationMethod: "WHATSAPP", phoneNumber: NUMBER });
  const page = await person.shop(version);
  await started(person, page);
  assert.ok((await call(page, "whatsapp.challenge")).data.challengeId);
  const { code, channel } = await mock.message(NUMBER);
  assert.equal(channel, "whatsapp");
  const passed = await call(page, "whatsapp.verify", { code });
  await mock.passed(passed.data.token, ADA, ACTION, "WHATSAPP");
}

async function authenticatorApp(person, version) {
  const { mock } = person;
  const page = await person.shop(version);
  await mock.control("POST", "clock", { freeze: true });
  await started(person, page);
  const { data } = await call(page, "totp.enroll");
  assert.ok(data.uri.includes(data.secret));
  const code = oneTimeCode(data.uri, await mockTime(mock));
  const proved = await call(page, "totp.verify", { code });
  assert.equal(proved.data.userAuthenticator.verificationMethod, "AUTHENTICATOR_APP");
  await mock.passed(proved.data.token, ADA, ACTION, "AUTHENTICATOR_APP");

  const { token } = await started(person, page);
  const again = await call(page, "totp.verify", { code });
  assert.equal(again.data.isVerified, false, "a code works once");
  await mock.notPassed(token);
  await mock.control("POST", "clock", { advanceSeconds: 30 });
  const passed = await call(page, "totp.verify", { code: oneTimeCode(data.uri, await mockTime(mock)) });
  await mock.passed(passed.data.token, ADA, ACTION, "AUTHENTICATOR_APP");
}

// Opens the link of the newest message in another window, as a mail program does.
async function follow(person, to) {
  const { url } = await person.mock.message(to);
  const window = await person.page(url);
  await window.waitForSelector("main");
  return window;
}

async function magicLink(person, version) {
  const { mock } = person;
  const page = await person.shop(version);
  await started(person, page);
  assert.equal((await call(page, "emailML.enroll", { email: ADDRESS })).data.userId, ADA);
  const proving = call(page, "emailML.checkVerificationStatus");
  await follow(person, ADDRESS);
  const proved = await proving;
  assert.equal(proved.data.isVerified, true);
  await mock.passed(proved.data.token, ADA, ACTION, "EMAIL_MAGIC_LINK");

  const { token } = await started(person, page);
  assert.ok((await call(page, "emailML.challenge")).data.challengeId);
  await mock.notPassed(token);
  const passing = call(page, "emailML.checkVerificationStatus");
  await follow(person, ADDRESS);
  await mock.passed((await passing).data.token, ADA, ACTION, "EMAIL_MAGIC_LINK");
}

async function expired(person) {
  const { mock } = person;
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const page = await person.shop(newest);
  person.expect(/status of 401/);
  await started(person, page);
  await mock.control("POST", "clock", { advanceSeconds: 3600 });
  const late = await call(page, "email.challenge");
  assert.deepEqual([late.errorCode, late.data], ["expired_token", undefined]);
  assert.equal(await page.evaluate(() => window.expired), 1);
  await call(page, "setToken", "no token at all");
  const garbage = await call(page, "email.challenge");
  assert.deepEqual([garbage.errorCode, garbage.data], ["unauthorized", undefined]);
  assert.equal(await page.evaluate(() => window.expired), 1);
}

export default function (chromium) {
  for (const version of since("1.4.0")) {
    for (const method of CODES) {
      chromium.story(`${version}: a code by ${method.part}`, codes, version, method);
    }
    chromium.story(`${version}: an authenticator app`, authenticatorApp, version);
    chromium.story(`${version}: a magic link`, magicLink, version);
  }
  for (const version of since("1.13.1")) {
    chromium.story(`${version}: a code by WhatsApp`, whatsapp, version);
  }
  chromium.story("the SDK distinguishes an expired token from an invalid one", expired);
}
