// The names by which a browser reaches the mock: those that a stranger may control are refused everywhere, at the others
// the desk works whole.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NAMES } from "./chromium.mjs";
import { ACTION, ADA, ADDRESS } from "./sdk.mjs";
import { heading } from "./visit.mjs";

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

// The desk at another name: it follows the mock, and its buttons, which send POST requests, work.
const works = (name) => async (person) => {
  const { mock, application } = person;
  await mock.control("POST", "push/register", { userId: ADA });
  const { url } = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  const desk = await person.page(`${at(mock, name)}/`);
  const page = await person.page(url);
  await heading(page, "Approve on your phone");
  await desk.bringToFront();
  await desk.waitForFunction(() => document.querySelector("#live-text")?.textContent === "live");
  await desk.locator("#phone ::-p-aria([role=\"button\"][name=\"Approve\"])").click();
  await desk.waitForFunction(() => !document.querySelector("#phone .ringing"));
  const { actions } = await mock.control("GET", "actions");
  assert.equal(actions[0].state, "CHALLENGE_SUCCEEDED");
  assert.equal(await desk.evaluate(async () => (await fetch("/_mock/reset", { method: "POST" })).status), 200);
};

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
  test("hosts: a page of another site cannot use what needs no signature", () => chromium.play(foreign, "--no-signatures"));
}
