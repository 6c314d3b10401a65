// The hosted pages, as each version of the vendor's SDK launches them: by redirect, in a popup, in a window.

import assert from "node:assert/strict";

import { authenticator, PLATFORM } from "./chromium.mjs";
import { newest, since, versions } from "./packages.mjs";
import { ACTION, ADA, ADDRESS, note } from "./sdk.mjs";
import { back, choose, enter, heading, popup, press, problem } from "./visit.mjs";

// A user with an email address, and an action that requires a challenge.
async function asked({ mock, application }) {
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  return mock.track(ADA, ACTION, { redirectUrl: application.back });
}

async function enterCode({ mock }, frame) {
  await heading(frame, "Check your email");
  await enter(frame, (await mock.message(ADDRESS)).code);
}

// Launches the hosted page from the application's page, and records its messages and how it ends.
function launch(page, url, mode) {
  note(page, "launch");
  return page.evaluate(
    (url, mode) => {
      window.messages = [];
      window.errors = [];
      window.addEventListener("message", ({ data }) => window.messages.push(data));
      window.ended = window.authsignal.launch(url, { mode, onError: (error) => window.errors.push(error) });
    },
    url,
    mode,
  );
}

const ended = (page) => page.evaluate(() => window.ended);

const events = async (page) =>
  (await page.evaluate(() => window.messages)).filter((message) => typeof message === "string").map((message) => JSON.parse(message));

async function redirect(person, version) {
  const { mock, application } = person;
  const { url } = await asked(person);
  const page = await person.shop(version);
  await Promise.all([page.waitForNavigation(), page.evaluate((url) => void window.authsignal.launch(url), url)]);
  await enterCode(person, page);
  await mock.passed(await back(page, application), ADA, ACTION, "EMAIL_OTP");
}

async function framed(person, version) {
  const { mock } = person;
  const { url } = await asked(person);
  const page = await person.shop(version);
  await launch(page, url, "popup");
  await enterCode(person, await popup(page));
  const { token } = await ended(page);
  await mock.passed(token, ADA, ACTION, "EMAIL_OTP");
  await page.waitForSelector("#__authsignal-popup-container", { hidden: true });
  const messages = await page.evaluate(() => window.messages);
  assert.ok(messages.some((one) => Number.isInteger(one.height) && one.height > 100), "the page sends its height");
  const [ready, closed] = await events(page).then((all) => [all[0], all.at(-1)]);
  assert.deepEqual(ready, { event: "AUTHSIGNAL_READY" });
  assert.deepEqual(closed, { event: "AUTHSIGNAL_CLOSE_POPUP", token });
}

async function windowed(person, version) {
  const { mock } = person;
  const { url } = await asked(person);
  const page = await person.shop(version);
  const window = await person.opened(page, () => launch(page, url, "window"));
  const closed = new Promise((resolve) => { window.once("close", resolve); });
  await enterCode(person, window);
  const { token } = await ended(page);
  await mock.passed(token, ADA, ACTION, "EMAIL_OTP");
  await closed;
}

async function shown(person) {
  const { url } = await asked(person);
  const page = await person.shop(newest);
  // The SDK shows the frame after three seconds at the latest. Without that timer, only the ready event shows it.
  await page.evaluate(() => {
    const { setTimeout } = window;
    window.setTimeout = /** @type {any} */ ((act, wait) => (wait === 3_000 ? 0 : setTimeout(act, wait)));
  });
  await launch(page, url, "popup");
  const frame = await popup(page);
  await page.waitForSelector("iframe.as-iframe-ready");
  await heading(frame, "Check your email");
  await frame.waitForFunction(() => document.documentElement.scrollHeight <= window.innerHeight);
  // On a small screen the frame is as high as the screen, and its page scrolls.
  await page.setViewport({ width: 375, height: 400 });
  await frame.waitForFunction(() => document.documentElement.scrollHeight > window.innerHeight);
  await page.mouse.move(180, 200);
  await page.mouse.wheel({ deltaY: 10_000 });
  await frame.waitForFunction(() => window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 1);
}

async function dismissed(person) {
  const { mock } = person;
  const tracked = await asked(person);
  const page = await person.shop(newest);
  await launch(page, tracked.url, "popup");
  await page.waitForSelector("iframe.as-iframe-ready");
  // Escape in the page cancels the challenge. Escape in the dialog around it closes the dialog without a token.
  const frame = await popup(page);
  await frame.waitForFunction(() => document.hasFocus());
  await page.keyboard.press("Escape");
  await mock.notPassed((await ended(page)).token);

  await launch(page, tracked.url, "popup");
  await page.waitForSelector("iframe.as-iframe-ready");
  await page.focus("#__authsignal-popup-container");
  await page.keyboard.press("Escape");
  assert.deepEqual(await ended(page), {});
  await mock.notPassed(tracked.token);
}

async function left(person, mode) {
  const { mock } = person;
  const tracked = await asked(person);
  const page = await person.shop(newest);
  let frame;
  if (mode === "popup") {
    await launch(page, tracked.url, mode);
    frame = await popup(page);
  } else {
    frame = await person.opened(page, () => launch(page, tracked.url, mode));
  }
  await press(frame, "Cancel");
  const { token } = await ended(page);
  await mock.notPassed(token ?? tracked.token);
}

// The popup is a frame of another origin, which may use passkeys only if the application allows it.
async function passkey(person) {
  const { mock } = person;
  const page = await person.shop(newest);
  await authenticator(page, PLATFORM);
  const first = await mock.track(ADA, ACTION);
  await launch(page, first.url, "popup");
  let frame = await popup(page);
  await choose(frame, "Passkey");
  await press(frame, "Create passkey");
  await press(frame, "I saved my codes");
  await mock.passed((await ended(page)).token, ADA, ACTION, "PASSKEY");
  await page.waitForSelector("#__authsignal-popup-container", { hidden: true });

  const { url } = await mock.track(ADA, ACTION);
  await launch(page, url, "popup");
  frame = await popup(page);
  await press(frame, "Continue with passkey");
  await mock.passed((await ended(page)).token, ADA, ACTION, "PASSKEY");
}

// This version does not let its frame create passkeys, and the page says so.
async function forbidden(person) {
  const { mock } = person;
  const page = await person.shop("0.2.2");
  await authenticator(page, PLATFORM);
  const { url } = await mock.track(ADA, ACTION);
  await launch(page, url, "popup");
  const frame = await popup(page);
  await choose(frame, "Passkey");
  assert.match(await problem(frame), /publickey-credentials-create/);
}

async function keyboard(person) {
  const { mock } = person;
  const { url } = await asked(person);
  const page = await person.shop(newest);
  await launch(page, url, "popup");
  const frame = await popup(page);
  await heading(frame, "Check your email");
  await page.waitForSelector("iframe.as-iframe-ready");
  const inCode = () => frame.evaluate(() => document.hasFocus() && document.activeElement?.id === "code");
  // The dialog gets the focus first, then the page in it.
  for (let presses = 0; presses < 5 && !(await inCode()); presses++) {
    await page.keyboard.press("Tab");
  }
  assert.ok(await inCode(), "the Tab key reaches the popup");
  await page.keyboard.type((await mock.message(ADDRESS)).code);
  await page.keyboard.press("Enter");
  await mock.passed((await ended(page)).token, ADA, ACTION, "EMAIL_OTP");
}

async function late(person) {
  const { mock } = person;
  const { url } = await asked(person);
  await mock.control("POST", "clock", { advanceSeconds: 3600 });
  const page = await person.shop(newest);
  person.expect(/status of 410/);
  await launch(page, url, "popup");
  const frame = await popup(page);
  await heading(frame, "This link has expired");
  await page.waitForFunction(() => window.errors.length > 0);
  assert.deepEqual(await page.evaluate(() => window.errors), [{ errorCode: "expired_token", statusCode: 401 }]);
  assert.ok((await problem(frame)).startsWith("The link is too old"));
}

export default function (chromium) {
  for (const version of versions) {
    chromium.story(`${version}: redirect`, redirect, version);
    chromium.story(`${version}: popup`, framed, version);
  }
  for (const version of since("0.3.3")) {
    chromium.story(`${version}: window`, windowed, version);
  }
  chromium.story("a popup opens when its page is ready, and is as high as the page", shown);
  chromium.story("Escape closes a popup, from inside and from outside", dismissed);
  for (const mode of ["popup", "window"]) {
    chromium.story(`leaving a ${mode} does not pass the challenge`, left, mode);
  }
  chromium.story("a passkey in a popup", passkey);
  chromium.story("a popup that may not create passkeys says so", forbidden);
  chromium.story("a popup by the keyboard alone", keyboard);
  chromium.story("the application learns that a token expired", late);
}
