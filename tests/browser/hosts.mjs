// The names by which a browser reaches the mock: those that a stranger may control are refused everywhere, at the others
// the desk works whole, also below a path of a proxy with TLS.

import assert from "node:assert/strict";
import { test } from "node:test";

import { authenticator, NAMES, PLATFORM } from "./chromium.mjs";
import { scanned } from "./devices.mjs";
import { newest } from "./packages.mjs";
import { Proxy } from "./proxy.mjs";
import { ACTION, ADA, ADDRESS } from "./sdk.mjs";
import { back, choose, follow, heading, press } from "./visit.mjs";

/** The mock's URL by another name. */
const at = (mock, name) => mock.url.replace("localhost", name);

// A stranger's page whose domain now resolves to this machine: for the browser, the page and the mock are one origin.
async function rebound(person) {
  const { mock } = person;
  person.expect(/403/);
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await mock.server("POST", "/challenge", { action: "signIn", verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const page = await person.page();
  for (const path of ["/", "/_mock/messages", "/challenge?token=x", "/_mock/desk/desk.js", "/nothing"]) {
    const answer = await page.goto(`${at(mock, NAMES.foreign)}${path}`);
    assert.equal(answer?.status(), 403, path);
    assert.match((await answer?.text()) ?? "", new RegExp(`--allow-host ${NAMES.foreign}`), path);
  }
  const found = await page.evaluate(async (secret) => {
    const authorization = `Basic ${btoa(`${secret}:`)}`;
    /** @type {[string, number, boolean][]} */
    const statuses = [];
    /** @type {[string, RequestInit][]} */
    const requests = [
      ["/_mock/messages", {}],
      ["/_mock/events", {}],
      ["/_mock/reset", { method: "POST" }],
      ["/v1/users/ada", { headers: { authorization } }],
      ["/v1/users/ada/actions/pay", { method: "POST", headers: { authorization }, body: "{}" }],
    ];
    for (const [path, init] of requests) {
      const answer = await fetch(path, init);
      statuses.push([path, answer.status, (await answer.text()).includes("@")]);
    }
    const socket = new WebSocket(`ws://${location.host}/ws-v1-challenge`, ["authsignal-ws"]);
    const opened = await new Promise((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
    return { statuses, opened };
  }, mock.secret);
  for (const [path, status, leaks] of found.statuses) {
    assert.deepEqual([status, leaks], [403, false], path);
  }
  assert.equal(found.opened, false);
  assert.equal((await mock.message(ADDRESS)).to, ADDRESS, "nothing was reset");
}

// The desk at another URL: it follows the mock, and its buttons, which send POST requests, work.
async function operate(person, url) {
  const { mock, application } = person;
  await mock.control("POST", "push/register", { userId: ADA });
  const tracked = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  const desk = await person.page(`${url}/`);
  const page = await person.page(tracked.url);
  await heading(page, "Approve on your phone");
  await desk.bringToFront();
  await desk.waitForFunction(() => document.querySelector("#live-text")?.textContent === "live");
  await desk.locator("#phone ::-p-aria([role=\"button\"][name=\"Approve\"])").click();
  await desk.waitForFunction(() => !document.querySelector("#phone .ringing"));
  const { actions } = await mock.control("GET", "actions");
  assert.equal(actions[0].state, "CHALLENGE_SUCCEEDED");
  const reset = await desk.evaluate(async (path) => (await fetch(path, { method: "POST" })).status, `${url}/_mock/reset`);
  assert.equal(reset, 200);
}

const works = (name) => (person) => operate(person, at(person.mock, name));

/** Plays a story with a mock below a path of a proxy with TLS. */
async function proxied(chromium, story) {
  const proxy = await Proxy.start();
  try {
    await chromium.play((person) => {
      proxy.mock = person.mock.own;
      assert.equal(person.mock.url, proxy.url);
      return story(person);
    }, "--public-url", proxy.url);
  } finally {
    proxy.stop();
  }
}

// A hosted page, whose forms, files and ceremonies all go through the proxy.
async function passkey(person) {
  const { mock, application } = person;
  const tracked = () => mock.track(ADA, ACTION, { redirectUrl: application.back });
  const { url } = await tracked();
  assert.ok(url.startsWith(`${mock.url}/challenge?token=`), url);
  const page = await person.page(url);
  const device = await authenticator(page, PLATFORM);
  await choose(page, "Passkey");
  await press(page, "Create passkey");
  await follow(page, "I saved my codes");
  await mock.passed(await back(page, application), ADA, ACTION, "PASSKEY");
  assert.equal((await device.credentials())[0].rpId, "localhost");

  await page.goto((await tracked()).url);
  await press(page, "Continue with passkey");
  await mock.passed(await back(page, application), ADA, ACTION, "PASSKEY");
}

// The SDK makes the URL of its WebSocket from that of the Client API.
const socket = (person) => scanned(person, newest, { polling: false, bearer: true, approves: true });

// A page of another site, which knows where the mock is.
async function foreign(person) {
  const { mock, application } = person;
  person.expect(/403 \(Forbidden\)|CORS|ERR_FAILED|NotSameOrigin/);
  const page = await person.page(`${application.back}?elsewhere`);
  await page.evaluate(async (url) => {
    /** @type {RequestInit} */
    const simple = { method: "POST", mode: "no-cors", body: '{"users": ["mallory"]}' };
    await fetch(`${url}/management/add_users/mock-app`, simple).catch(() => {});
    await fetch(`${url}/_mock/reset`, simple).catch(() => {});
  }, mock.url);
  const { users } = await mock.control("GET", "activeconnect");
  assert.deepEqual(users, []);
}

export default function (chromium) {
  chromium.story("hosts: a stranger's name for this machine is refused", rebound);
  test("hosts: the desk at a name that is allowed", () => chromium.play(works(NAMES.allowed), "--allow-host", NAMES.allowed));
  chromium.story("hosts: the desk at a name without dots", works(NAMES.single));
  for (const [what, story] of [
    ["the desk", (person) => operate(person, person.mock.url)],
    ["a passkey on a hosted page", passkey],
    ["a QR code by WebSocket", socket],
  ]) {
    test(`proxy with TLS and a path: ${what}`, () => proxied(chromium, story));
  }
  test("hosts: a page of another site cannot use what needs no signature", () => chromium.play(foreign, "--no-signatures"));
}
