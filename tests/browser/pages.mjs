// The hosted pages: every path that a person can take through them. An accessibility checker inspects each page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { blur, inspect, tabStops } from "./accessibility.mjs";
import { authenticator, PLATFORM, SECURITY_KEY } from "./chromium.mjs";
import { ACTION, ADA, ADDRESS, mockTime, NUMBER, oneTimeCode, wrong } from "./sdk.mjs";
import { back, choose, enter, fill, follow, heading, press, problem } from "./visit.mjs";

const EMAIL = { verificationMethod: "EMAIL_OTP", email: ADDRESS };
const SMS = { verificationMethod: "SMS", phoneNumber: NUMBER };

// Tracks an action, and opens its page.
async function visit(person, attributes = {}) {
  const { mock, application } = person;
  const tracked = await mock.track(ADA, ACTION, { redirectUrl: application.back, ...attributes });
  return { page: await person.page(tracked.url), ...tracked };
}

const code = async ({ mock }, to) => (await mock.message(to)).code;

async function chosen(person) {
  const { mock, application } = person;
  const { recoveryCodes } = await mock.enroll(ADA, EMAIL);
  await mock.enroll(ADA, SMS);
  const { page, token } = await visit(person);
  await heading(page, "Check your email");
  await follow(page, "Use another method");
  await heading(page, "Confirm it’s you");
  await inspect(page, "methods");
  await choose(page, "Text message");
  await heading(page, "Check your text messages");
  await inspect(page, "code-sms");
  person.expect(/status of 422/);
  await enter(page, wrong(await code(person, NUMBER)));
  await problem(page);
  await inspect(page, "code-sms-wrong");
  await mock.notPassed(token);
  await enter(page, await code(person, NUMBER));
  await mock.passed(await back(page, application), ADA, ACTION, "SMS");

  const other = await visit(person);
  await follow(other.page, "Use another method");
  await choose(other.page, "Recovery code");
  await heading(other.page, "Use a recovery code");
  await inspect(other.page, "recovery-code");
  await enter(other.page, recoveryCodes[0], "Recovery code");
  await mock.passed(await back(other.page, application), ADA, ACTION, "RECOVERY_CODE");
}

// The page as it appears in the frame of a popup.
async function framed(person) {
  await person.mock.enroll(ADA, EMAIL);
  const { url } = await person.mock.track(ADA, ACTION);
  const page = await person.page(`${url}&mode=popup`);
  await heading(page, "Check your email");
  await inspect(page, "popup");
}

async function sentAgain(person) {
  const { mock, application } = person;
  await mock.enroll(ADA, EMAIL);
  const { page } = await visit(person);
  await heading(page, "Check your email");
  const first = await code(person, ADDRESS);
  await page.reload();
  assert.equal(await code(person, ADDRESS), first, "reloading the page sends no second code");
  await press(page, "Send a new code");
  await page.waitForSelector("::-p-aria([role=\"status\"])");
  await inspect(page, "code-email-again");
  await enter(page, await code(person, ADDRESS));
  await mock.passed(await back(page, application), ADA, ACTION, "EMAIL_OTP");
}

// After the first authenticator, the page shows recovery codes and returns to the application.
async function saved(person, page, method) {
  await heading(page, "Save your recovery codes");
  await inspect(page, "recovery-codes");
  await follow(page, "I saved my codes");
  await person.mock.passed(await back(page, person.application), ADA, ACTION, method);
}

const ADDRESSES = [
  ["Email code", "EMAIL_OTP", "Add your email address", "Email address", ADDRESS, "Check your email"],
  ["Text message", "SMS", "Add your phone number", "Phone number", NUMBER, "Check your text messages"],
  ["WhatsApp message", "WHATSAPP", "Add your phone number", "Phone number", NUMBER, "Check WhatsApp"],
];

async function enrolled(person, [name, method, title, label, to, next]) {
  const { page } = await visit(person);
  await heading(page, "Protect your account");
  await inspect(page, "enroll");
  await choose(page, name);
  await heading(page, title);
  await inspect(page, `enroll-${method}`);
  await fill(page, label, to);
  await press(page, "Send code");
  await heading(page, next);
  await inspect(page, `enroll-${method}-code`);
  await enter(page, await code(person, to));
  await saved(person, page, method);
}

async function app(person) {
  const { mock, application } = person;
  await mock.control("POST", "clock", { freeze: true });
  const { page } = await visit(person);
  await choose(page, "Authenticator app");
  await heading(page, "Set up an authenticator app");
  await inspect(page, "enroll-app");
  const secret = await page.$eval("[aria-labelledby=secret]", (key) => key.textContent.replaceAll(" ", ""));
  const now = async () => oneTimeCode(`otpauth://totp/x?secret=${secret}`, await mockTime(mock));
  await enter(page, await now());
  await saved(person, page, "AUTHENTICATOR_APP");
  await mock.control("POST", "clock", { advanceSeconds: 30 });
  const next = await visit(person);
  await heading(next.page, "Open your authenticator app");
  await inspect(next.page, "code-app");
  await enter(next.page, await now());
  await mock.passed(await back(next.page, application), ADA, ACTION, "AUTHENTICATOR_APP");
}

async function link(person) {
  const { mock, application } = person;
  await mock.enroll(ADA, { verificationMethod: "EMAIL_MAGIC_LINK", email: ADDRESS });
  const { page } = await visit(person);
  await heading(page, "Check your email");
  await inspect(page, "magic-link");
  const { url } = await mock.message(ADDRESS);
  const mail = await person.page(url);
  await heading(mail, "Link opened");
  await inspect(mail, "magic-link-opened");
  await mock.passed(await back(page, application), ADA, ACTION, "EMAIL_MAGIC_LINK");
  person.expect(/status of 4(04|10)/);
  await mail.reload();
  await heading(mail, "This link was already used");
  await inspect(mail, "magic-link-used");
  const unknown = await person.page(`${mock.url}/magic-link?token=unknown`);
  await heading(unknown, "This link is not valid");
  await inspect(unknown, "magic-link-unknown");

  const again = await visit(person);
  const older = (await mock.message(ADDRESS)).url;
  await press(again.page, "Send a new link");
  await again.page.waitForSelector("::-p-text(We sent a new link)");
  await heading(await person.page(older), "This link has expired");
  await mock.notPassed(again.token);
}

async function credential(person, kind, method, [name, create, creating, use, using]) {
  const { mock, application } = person;
  const first = await visit(person);
  const device = await authenticator(first.page, kind);
  await choose(first.page, name);
  await heading(first.page, create);
  await inspect(first.page, `enroll-${method}`);
  await press(first.page, creating);
  await saved(person, first.page, method);
  const [made] = await device.credentials();
  const { page } = await visit(person);
  const same = await authenticator(page, kind);
  await same.add(made);
  await heading(page, use);
  await inspect(page, `use-${method}`);
  await press(page, using);
  await mock.passed(await back(page, application), ADA, ACTION, method);
}

async function denied(person) {
  const { mock } = person;
  await mock.control("POST", "push/register", { userId: ADA });
  const { page, token } = await visit(person);
  await heading(page, "Approve on your phone");
  await mock.control("POST", "push/deny", { userId: ADA });
  await heading(page, "This did not work");
  await inspect(page, "push-denied");
  await mock.notPassed(token, "CHALLENGE_FAILED");
}

async function scanned(person) {
  const { mock, application } = person;
  await mock.control("POST", "authsignal", { verificationMethods: ["QR_CODE"] });
  // The first code that a phone scans enrols it.
  const first = await mock.anonymous("/challenge/qr-code", { action: "signIn" });
  await mock.control("POST", "qr/approve", { userId: ADA, challengeId: first.challengeId });
  const { page } = await visit(person);
  await heading(page, "Scan with your phone");
  await inspect(page, "qr-code");
  const challengeId = await page.$eval(".about code", (code) => code.textContent);
  await mock.control("POST", "qr/claim", { userId: ADA, challengeId });
  await page.reload();
  await page.waitForSelector("::-p-text(Scanned)");
  await inspect(page, "qr-code-scanned");
  await mock.control("POST", "qr/approve", { userId: ADA, challengeId });
  await mock.passed(await back(page, application), ADA, ACTION, "QR_CODE");
}

async function unwilling(person) {
  const { page, token } = await visit(person);
  const device = await authenticator(page, PLATFORM);
  await device.setVerified(false);
  await choose(page, "Passkey");
  await press(page, "Create passkey");
  await problem(page);
  await inspect(page, "enroll-passkey-refused");
  await person.mock.notPassed(token, "ALLOW");
}

async function settings(person) {
  const { mock, application } = person;
  await mock.enroll(ADA, EMAIL);
  await mock.enroll(ADA, SMS);
  await mock.control("POST", "authsignal", { defaultOutcome: "ALLOW" });
  const { page } = await visit(person, { redirectToSettings: true });
  await heading(page, "Sign-in methods");
  await inspect(page, "settings");
  const held = async () => {
    const listed = await mock.server("GET", `/users/${ADA}/authenticators`);
    return listed.map(({ verificationMethod }) => verificationMethod).sort();
  };
  assert.deepEqual(await held(), ["EMAIL_OTP", "SMS"]);
  await page.locator("summary ::-p-text(Remove)").click().catch(() => page.locator("summary").click());
  await page.locator("details[open] button").click();
  await page.waitForFunction(() => document.querySelectorAll(".held li").length === 1);
  await inspect(page, "settings-removed");
  assert.equal((await held()).length, 1);
  await follow(page, "Done");
  assert.ok(await back(page, application));
}

const ENDINGS = [
  ["expired", "This link has expired", ({ mock }) => mock.control("POST", "clock", { advanceSeconds: 3600 })],
  ["gone", "This link is not valid", ({ mock }) => mock.control("POST", "reset")],
  ["failed", "This did not work", ({ mock }) => mock.control("POST", "challenge/fail", { userId: ADA })],
  ["passed", "Already confirmed", ({ mock }) => mock.control("POST", "challenge/succeed", { userId: ADA })],
];

async function ending(person, [name, title, happens]) {
  const { mock, application } = person;
  await mock.enroll(ADA, EMAIL);
  const { url } = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  await happens(person);
  person.expect(/status of 4\d\d/);
  const page = await person.page(url);
  await heading(page, title);
  await inspect(page, `ending-${name}`);
}

async function decided(person) {
  const { mock } = person;
  await mock.enroll(ADA, EMAIL);
  for (const [outcome, title] of [["BLOCK", "This is not allowed"], ["REVIEW", "This is being reviewed"]]) {
    await mock.control("POST", "authsignal", { defaultOutcome: outcome });
    const { url } = await mock.track(ADA, outcome);
    const page = await person.page(url);
    await heading(page, title);
    await inspect(page, `ending-${outcome}`);
  }
}

async function spoiled(person) {
  const { mock } = person;
  await mock.enroll(ADA, EMAIL);
  const { url, token } = await mock.track(ADA, ACTION);
  person.expect(/status of 40\d/);
  const tampered = await person.page(`${url}x`);
  await heading(tampered, "This link is not valid");
  await inspect(tampered, "ending-tampered");
  const bare = new URL(url);
  bare.search = "";
  const none = await person.page(bare.href);
  await heading(none, "This link is incomplete");
  await inspect(none, "ending-no-token");
  await mock.notPassed(token);
}

async function keyboard(person) {
  const { mock, application } = person;
  await mock.enroll(ADA, EMAIL);
  await mock.enroll(ADA, SMS);
  const { page } = await visit(person);
  await follow(page, "Use another method");
  await heading(page, "Confirm it’s you");
  const stops = await tabStops(page);
  assert.deepEqual(stops.filter(({ visible }) => !visible), [], "elements whose focus is not visible");
  assert.ok(stops.length > 2, JSON.stringify(stops));
  // Tab to the method, choose it, type the code, confirm.
  const at = stops.findIndex(({ text }) => text.startsWith("Email code"));
  await blur(page);
  await page.reload();
  for (let press = 0; press <= at; press++) {
    await page.keyboard.press("Tab");
  }
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await heading(page, "Check your email");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "code", "the field for the code has the focus");
  person.expect(/status of 422/);
  await page.keyboard.type(wrong(await code(person, ADDRESS)));
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  await problem(page);
  const field = await page.evaluate(() => {
    const element = document.activeElement;
    return { id: element?.id, ariaInvalid: element?.ariaInvalid, described: element?.getAttribute("aria-describedby") };
  });
  assert.deepEqual(field, { id: "code", ariaInvalid: "true", described: "problem" });
  await page.keyboard.type(await code(person, ADDRESS));
  await page.keyboard.press("Enter");
  await mock.passed(await back(page, application), ADA, ACTION, "EMAIL_OTP");
}

/** @type {["succeed" | "fail"][]} */
const ELSEWHERE = [["succeed"], ["fail"]];

// The challenge ends at the desk while the page is open.
async function elsewhere(person, end) {
  const { mock, application } = person;
  await mock.enroll(ADA, EMAIL);
  const { page } = await visit(person);
  await heading(page, "Check your email");
  await mock.control("POST", `challenge/${end}`, { userId: ADA });
  if (end === "fail") return heading(page, "This did not work");
  const answer = await mock.validate(await back(page, application));
  assert.equal(answer.isValid, true);
}

/** @type {[string, boolean, string][]} */
const MODES = [
  ["auto-succeed", true, "CHALLENGE_SUCCEEDED"],
  ["auto-fail", false, "CHALLENGE_FAILED"],
  ["abandon", false, "CHALLENGE_REQUIRED"],
];

async function alone(person, valid, state) {
  const { mock, application } = person;
  await mock.enroll(ADA, EMAIL);
  const { page } = await visit(person);
  const answer = await mock.validate(await back(page, application));
  assert.deepEqual([answer.isValid, answer.state], [valid, state]);
}

export default function (chromium) {
  chromium.story("page: the user chooses a method", chosen);
  chromium.story("page: in a popup", framed);
  chromium.story("page: the user asks for a new code", sentAgain);
  for (const way of ADDRESSES) {
    chromium.story(`page: enrolling ${way[1]}`, enrolled, way);
  }
  chromium.story("page: an authenticator app", app);
  chromium.story("page: a magic link", link);
  const passkey = ["Passkey", "Create a passkey", "Create passkey", "Use your passkey", "Continue with passkey"];
  chromium.story("page: a passkey", credential, PLATFORM, "PASSKEY", passkey);
  const key = ["Security key", "Add a security key", "Add security key", "Use your security key", "Use security key"];
  chromium.story("page: a security key", credential, SECURITY_KEY, "SECURITY_KEY", key);
  chromium.story("page: the user denies a push", denied);
  chromium.story("page: a QR code", scanned);
  chromium.story("page: the user does not create the passkey", unwilling);
  chromium.story("page: settings", settings);
  for (const [end] of ELSEWHERE) {
    chromium.story(`page: open while its challenge ends elsewhere (${end})`, elsewhere, end);
  }
  for (const how of ENDINGS) {
    chromium.story(`page: ends as ${how[0]}`, ending, how);
  }
  chromium.story("page: an action is blocked or under review", decided);
  chromium.story("page: a broken link", spoiled);
  chromium.story("page: by the keyboard alone", keyboard);
  for (const [mode, valid, state] of MODES) {
    test(`page: --challenge ${mode}`, () => chromium.play((person) => alone(person, valid, state), "--challenge", mode));
  }
}
