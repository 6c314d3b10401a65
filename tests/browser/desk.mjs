// The desk: what it shows while things happen, what its buttons do, and what an accessibility checker says of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { inspect, tabStops } from "./accessibility.mjs";
import { ACTION, ADA, ADDRESS, NUMBER } from "./sdk.mjs";
import { back, enter, heading } from "./visit.mjs";

// Text that comes to a part of the desk by itself.
const shows = (desk, part, text) =>
  desk.waitForFunction((part, text) => document.querySelector(part).textContent.includes(text), {}, part, text);

const wide = (desk) => desk.setViewport({ width: 1280, height: 800 });

async function views(person) {
  const { mock, application } = person;
  const desk = await person.page(`${mock.url}/`);
  await shows(desk, "#live-text", "live");
  await inspect(desk, "desk-empty");
  await mock.control("POST", "webhooks", { webhooks: [{ url: application.back }] });
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await mock.control("POST", "push/register", { userId: ADA });
  await mock.track(ADA, ACTION);
  await mock.server("POST", "/challenge", { action: "signIn", verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await shows(desk, "#inbox", ADDRESS);
  await shows(desk, "#journal", "/v1/challenge");
  await inspect(desk, "desk-requests");
  await desk.locator("#journal .req").click();
  await shows(desk, "#detail", "verificationMethod");
  await inspect(desk, "desk-request");
  const names = ["Actions", "Users", "Sessions", "Webhooks", "Decisions"];
  for (const name of names) {
    await wide(desk);
    await desk.locator(`#tabs ::-p-text(${name})`).click();
    await desk.waitForSelector(`::-p-aria([role="heading"][name="${name}"])`, { visible: true });
    await inspect(desk, `desk-${name.toLowerCase()}`);
    if (name === "Users") {
      await wide(desk);
      await desk.locator(`#users ::-p-text(${ADA})`).click();
      await shows(desk, "#user-detail", ADDRESS);
      await inspect(desk, "desk-user");
    }
  }
  // A phone's width has no room for these beside the others.
  for (const name of ["Phone", "Inbox"]) {
    await desk.setViewport({ width: 320, height: 640 });
    await desk.locator(`#tabs ::-p-text(${name})`).click();
    await desk.waitForSelector(`#view-${name.toLowerCase()}`, { visible: true });
    await inspect(desk, `desk-${name.toLowerCase()}`);
  }
}

// The step-up of the README: the page in one window, the desk's inbox in the other.
async function inbox(person) {
  const { mock, application } = person;
  const desk = await person.page(`${mock.url}/`);
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const { url } = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  const page = await person.page(url);
  await heading(page, "Check your e-mail");
  await desk.bringToFront();
  const code = await desk.waitForSelector("#inbox .code");
  const text = await code.evaluate((element) => element.textContent);
  await page.bringToFront();
  await enter(page, text);
  await mock.passed(await back(page, application), ADA, ACTION, "EMAIL_OTP");
}

async function phone(person) {
  const { mock, application } = person;
  await mock.control("POST", "push/register", { userId: ADA });
  const { url } = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  const desk = await person.page(`${mock.url}/`);
  const page = await person.page(url);
  await heading(page, "Approve on your phone");
  await inspect(page, "push");
  await desk.bringToFront();
  await desk.waitForSelector("#phone .ringing");
  await inspect(desk, "desk-phone-rings");
  await desk.locator("#phone ::-p-aria([role=\"button\"][name=\"Approve\"])").click();
  await page.bringToFront();
  await mock.passed(await back(page, application), ADA, ACTION, "PUSH");
}

// The login of the README: a link in the inbox, a phone that rings.
async function login(person) {
  const { mock } = person;
  const ask = async (method, path, body) => {
    const answer = await fetch(`${mock.url}/${path}`, { method, body: body && JSON.stringify(body) });
    return answer.json();
  };
  const desk = await person.page(`${mock.url}/`);
  const push = (part, name) => desk.locator(`${part} ::-p-aria([role="button"][name="${name}"])`).click();
  await ask("POST", "management/add_users/mock-app", { users: [ADA] });
  await ask("POST", `management/send_registration_sms/mock-app/${ADA}`, { phone_number: NUMBER });
  await push("#inbox", "Open on the phone");
  await shows(desk, "#toast", "registered");
  const { authentication_status } = await ask("POST", `authentication/authenticate_user/mock-app/${ADA}`);
  const status = async () => {
    const answer = await (await fetch(authentication_status.status_url)).json();
    return answer.session_status;
  };
  await desk.waitForSelector("#phone .ringing");
  await inspect(desk, "desk-login");
  assert.equal(await status(), "pending");
  await push("#phone", "Approve");
  await shows(desk, "#phone", "The phone is near");
  assert.equal(await status(), "active");
  await push("#phone", "Walk away");
  await shows(desk, "#phone", "The phone is away");
  assert.equal(await status(), "walkaway");
}

async function keyboard(person) {
  const { mock } = person;
  const desk = await person.page(`${mock.url}/`);
  await shows(desk, "#live-text", "live");
  const stops = await tabStops(desk);
  assert.deepEqual(stops.filter(({ visible }) => !visible), [], "who tabs sees where they are");
  assert.ok(stops.length > 5, JSON.stringify(stops));
}

export default function (chromium) {
  const story = (name, tell, ...flags) => test(name, () => chromium.play(tell, ...flags));
  story("desk: every view", views);
  story("desk: the inbox has the code that a page asks for", inbox);
  story("desk: the phone rings, and is answered", phone);
  story("desk: a login with Activeconnect", login, "--no-signatures");
  story("desk: by the keyboard alone", keyboard);
}
