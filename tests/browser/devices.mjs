// Push notifications and QR codes: the SDK acts for the application, the mock's control API for the phone.

import assert from "node:assert/strict";

import { since } from "./packages.mjs";
import { ACTION, ADA, call, note, NUMBER, started } from "./sdk.mjs";

const VERSIONS = since("1.13.1");

async function pushed(person, version, approves) {
  const { mock } = person;
  await mock.control("POST", "push/register", { userId: ADA });
  const page = await person.shop(version);
  const { token } = await started(person, page);
  const { challengeId } = (await call(page, "push.challenge", { action: ACTION })).data;
  const verify = async () => {
    const { isVerified, isConsumed, token } = (await call(page, "push.verify", { challengeId })).data;
    return { isVerified, isConsumed, token };
  };
  assert.deepEqual(await verify(), { isVerified: false, isConsumed: false, token: undefined });
  await mock.notPassed(token);
  await mock.control("POST", `push/${approves ? "approve" : "deny"}`, { userId: ADA });
  const answer = await verify();
  assert.deepEqual([answer.isVerified, answer.isConsumed], [approves, true]);
  if (approves) {
    await mock.passed(answer.token, ADA, ACTION, "PUSH");
  } else {
    assert.equal(answer.token, undefined);
    await mock.notPassed(token, "CHALLENGE_FAILED");
  }
}

/** Shows a QR code, and records its states. The SDK polls every three seconds; a shorter interval saves time. */
function show(page, polling) {
  note(page, "qrCode.challenge");
  return page.evaluate(
    (action, polling) => {
      window.states = [];
      const onStateChange = (state, token) => window.states.push([state, token]);
      window.refreshed = [];
      const onRefresh = (challengeId) => window.refreshed.push(challengeId);
      return window.authsignal.qrCode.challenge({ action, polling, pollInterval: 50, onStateChange, onRefresh });
    },
    ACTION,
    polling,
  );
}

const became = (page, wanted) =>
  page
    .waitForFunction((wanted) => window.states.find(([state]) => state === wanted), {}, wanted)
    .then((found) => found.jsonValue());

export async function scanned(person, version, { polling, bearer, approves }) {
  const { mock } = person;
  await mock.enroll(ADA, { verificationMethod: "SMS", phoneNumber: NUMBER });
  const page = await person.shop(version);
  const tracked = bearer ? await started(person, page) : undefined;
  const { data } = await show(page, polling);
  assert.ok(Date.parse(data.expiresAt) > Date.now());
  const scan = (step) => mock.control("POST", `qr/${step}`, { challengeId: data.challengeId, userId: ADA });
  await scan("claim");
  await became(page, "claimed");
  await scan(approves ? "approve" : "deny");
  const [, token] = await became(page, approves ? "approved" : "rejected");
  if (approves) {
    await mock.passed(token, ADA, ACTION, "QR_CODE");
  } else {
    assert.ok(!token, "a rejected user has no token");
    if (tracked) {
      await mock.notPassed(tracked.token, "CHALLENGE_FAILED");
    }
  }
}

async function refreshed(person, version, polling) {
  const { mock } = person;
  const page = await person.shop(version);
  const { data } = await show(page, polling);
  await call(page, "qrCode.refresh");
  const [challengeId] = await page.evaluate(() => window.refreshed);
  assert.notEqual(challengeId, data.challengeId);
  await mock.control("POST", "qr/approve", { challengeId, userId: ADA });
  const [, token] = await became(page, "approved");
  await mock.passed(token, ADA, ACTION, "QR_CODE");
  await call(page, "qrCode.disconnect");
}

export default function (chromium) {
  for (const version of VERSIONS) {
    chromium.story(`${version}: a push is approved`, pushed, version, true);
    chromium.story(`${version}: a push is denied`, pushed, version, false);
    for (const polling of [true, false]) {
      const way = polling ? "polling" : "WebSocket";
      for (const approves of [true, false]) {
        for (const bearer of [true, false]) {
          const name = `a QR code by ${way}${bearer ? "" : " without a token"}, ${approves ? "approved" : "rejected"}`;
          chromium.story(`${version}: ${name}`, scanned, version, { polling, bearer, approves });
        }
      }
      chromium.story(`${version}: a QR code by ${way} that is refreshed`, refreshed, version, polling);
    }
  }
}
