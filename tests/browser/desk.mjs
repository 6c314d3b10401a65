// The desk: what it shows, what its buttons do. An accessibility checker inspects every view.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

import { inspect, tabStops } from "./accessibility.mjs";
import { ACTION, ADA, ADDRESS, NUMBER } from "./sdk.mjs";
import { back, enter, heading } from "./visit.mjs";

const TWO_TENANTS = join(import.meta.dirname, "two-tenants.json");

// Waits until a part of the desk shows a text.
async function shows(desk, part, text) {
  try {
    await desk.waitForFunction((part, text) => document.querySelector(part)?.textContent?.includes(text), {}, part, text);
  } catch (error) {
    const found = await desk.$eval(part, (element) => element.textContent).catch(() => "nothing");
    error.message += `: "${text}" in ${part}, which shows: ${found}`;
    throw error;
  }
}

// Chooses a tenant by a part of its name, by the keyboard alone.
async function chooseTenant(desk, search) {
  await desk.focus("#tenant");
  await desk.keyboard.type(search);
  await desk.keyboard.press("Enter");
  await desk.waitForFunction((name) => new URLSearchParams(location.search).get("tenant") === name, {}, search);
}

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
  const names = ["Actions", "Users", "Sessions", "Webhooks", "Decisions", "Faults", "Snapshots", "Scenarios"];
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
  // On a narrow screen these have tabs of their own.
  for (const name of ["Phone", "Inbox"]) {
    await desk.setViewport({ width: 320, height: 640 });
    await desk.locator(`#tabs ::-p-text(${name})`).click();
    await desk.waitForSelector(`#view-${name.toLowerCase()}`, { visible: true });
    await inspect(desk, `desk-${name.toLowerCase()}`);
  }
}

// The step-up in the README: the page in one window, the desk's inbox in the other.
async function inbox(person) {
  const { mock, application } = person;
  const desk = await person.page(`${mock.url}/`);
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const { url } = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  const page = await person.page(url);
  await heading(page, "Check your email");
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

// The login in the README: a link in the inbox, then a request on the phone.
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
  await shows(desk, "#phone", "The phone is nearby");
  assert.equal(await status(), "active");
  await push("#phone", "Walk away");
  await shows(desk, "#phone", "The phone is away");
  assert.equal(await status(), "walkaway");
}

// The list of requests: walked by the keyboard, filtered, and loaded page by page.
async function requests(person) {
  const { mock } = person;
  const users = Array.from({ length: 260 }, (_, at) => `user-${at}`);
  for (const user of users) {
    await mock.server("GET", `/users/${user}`);
  }
  await mock.track(ADA, ACTION);
  const desk = await person.page(`${mock.url}/`);
  await shows(desk, "#journal-count", "200+");
  const rows = () => desk.$$eval("#journal .req .target", (targets) => targets.map((target) => target.textContent));
  assert.equal((await rows())[0], `/v1/users/${ADA}/actions/${ACTION}`);
  assert.ok((await rows()).length < 60, "only rows on the screen are in the page");

  await desk.focus("#journal");
  await desk.keyboard.press("ArrowDown");
  await shows(desk, "#detail .title", `POST /v1/users/${ADA}/actions/${ACTION}`);
  await desk.keyboard.press("ArrowDown");
  await shows(desk, "#detail .title", "GET /v1/users/user-259");
  await desk.keyboard.press("Escape");
  await desk.waitForSelector("#detail", { hidden: true });
  await desk.keyboard.press("End");
  await shows(desk, "#journal-count", "261");
  await desk.keyboard.press("End");
  await shows(desk, "#detail .title", "GET /v1/users/user-0");

  await desk.locator("#journal-search").fill("user-25");
  await shows(desk, "#journal-count", "11");
  // A filter that matches nothing shows the first match as soon as it comes.
  await desk.locator("#journal-search").fill("user-late");
  await shows(desk, "#journal-empty", "No requests match the filter");
  await mock.server("GET", "/users/user-late");
  await shows(desk, "#journal", "/v1/users/user-late");
}

// A request copied from the desk does again what it did: a shell and curl send it.
async function copied(person) {
  const { mock, application } = person;
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await mock.track(ADA, ACTION, { redirectUrl: application.back, custom: { note: "it's $HOME" } });
  const desk = await person.page(`${mock.url}/`);
  await desk.evaluate(() => {
    navigator.clipboard.writeText = (text) => {
      document.body.dataset.copied = text;
      return Promise.resolve();
    };
  });
  await desk.locator("#journal-search").fill("track 200");
  await shows(desk, "#journal-count", "1");
  await desk.locator("#journal .req").click();
  await desk.locator("#detail ::-p-text(Copy as curl)").click();
  await shows(desk, "#toast", "Command copied");
  const command = await desk.evaluate(() => document.body.dataset.copied ?? "");
  assert.ok(!command.includes(mock.secret));
  const answer = execFileSync("sh", ["-c", command], { env: { ...process.env, AUTHSIGNAL_API_SECRET: mock.secret }, encoding: "utf8", stdio: "pipe" });
  assert.match(answer, /^HTTP\/1\.1 200 .*"state":"CHALLENGE_REQUIRED"/s);
  const [, again] = (await mock.journal()).filter(({ operation, status }) => operation === "track" && status === 200);
  const { request } = await mock.control("GET", `journal/${again.number}`);
  assert.deepEqual(JSON.parse(request.text).custom, { note: "it's $HOME" });
}

async function warnings(person) {
  const { mock } = person;
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await mock.track(ADA, ACTION, { redirectURL: "http://localhost/back" });
  const desk = await person.page(`${mock.url}/`);
  await shows(desk, "#journal .req .warned", "warning");
  await inspect(desk, "desk-warning");
  await wide(desk);
  await desk.locator("#journal .req").click();
  await shows(desk, "#detail", "redirectUrl");
}

async function reset(person) {
  const { mock } = person;
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await mock.server("POST", "/challenge", { action: "signIn", verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await mock.control("POST", "clock", { advanceSeconds: 7200 });
  const desk = await person.page(`${mock.url}/`);
  await shows(desk, "#inbox", ADDRESS);
  await shows(desk, "#clock-state", "2 h ahead");
  await desk.locator("#journal .req").click();
  await shows(desk, "#detail", "Request body");
  await desk.locator("#reset").click();
  await inspect(desk, "desk-reset");
  await wide(desk);
  await desk.locator("#confirm ::-p-aria([role=\"button\"][name=\"Reset\"])").click();
  await shows(desk, "#toast", "The mock was reset");
  await shows(desk, "#inbox", "No messages yet");
  await shows(desk, "#journal-empty", "No requests yet");
  await desk.waitForSelector("#detail", { hidden: true });
  await desk.waitForSelector("#clock-state", { hidden: true });
}

async function decisions(person) {
  const { mock } = person;
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const desk = await person.page(`${mock.url}/#decide`);
  const field = (name) => desk.locator(`#decide ::-p-aria([role="textbox"][name="${name}"])`);
  await field("User").fill(ADA);
  await field("Action").fill(ACTION);
  await desk.select("#decide form select", "BLOCK");
  await desk.locator("#decide ::-p-text(Set outcome)").click();
  await shows(desk, "#decide", `next ${ACTION} of ${ADA}`);
  assert.equal((await mock.track(ADA, ACTION)).state, "BLOCK");
  await desk.waitForFunction(() => !document.querySelector("#decide")?.textContent?.includes("next pay"));
  assert.equal((await mock.track(ADA, ACTION)).state, "CHALLENGE_REQUIRED");

  await desk.locator("#tabs ::-p-text(Actions)").click();
  await desk.locator("#actions ::-p-text(Pass)").click();
  await shows(desk, "#toast", `${ACTION}: CHALLENGE_SUCCEEDED`);
  await shows(desk, "#actions", "CHALLENGE_SUCCEEDED");
}

// The desk plans each kind of fault, the mock takes it, and the desk lifts it.
async function faults(person) {
  const { mock } = person;
  await mock.server("GET", `/users/${ADA}`);
  const status = async (user) => {
    const authorization = `Basic ${Buffer.from(`${mock.secret}:`).toString("base64")}`;
    return (await fetch(`${mock.own}/v1/users/${user}`, { headers: { authorization } })).status;
  };
  const desk = await person.page(`${mock.url}/#faults`);
  const push = (part, name) => desk.locator(`${part} ::-p-aria([role="button"][name="${name}"])`).click();
  await shows(desk, "#faults", "No faults are planned");
  assert.deepEqual(await desk.$$eval("#fault-operations option", (options) => options.map(({ value }) => value)), ["get_user"]);
  await desk.locator("#fault-operation").fill("get_user");
  await desk.locator("#fault-user").fill(ADA);
  await desk.locator("#fault-skip").fill("1");
  await push("#fault-form", "Plan");
  await shows(desk, "#faults", `get_user, of ${ADA}, after 1, 1 more`);
  await inspect(desk, "desk-fault");
  await wide(desk);
  assert.deepEqual([await status("bob"), await status(ADA), await status(ADA), await status(ADA)], [200, 200, 503, 200]);
  await shows(desk, "#faults", "No faults are planned");

  const kinds = await desk.$$eval("#fault-kind option", (options) => options.map(({ value }) => value));
  for (const kind of kinds) {
    await desk.select("#fault-kind", kind);
    await push("#fault-form", "Plan");
    await desk.waitForFunction((count) => document.querySelectorAll("#faults li").length === count, {}, kinds.indexOf(kind) + 1);
  }
  await push("#faults li:last-child", "Lift");
  await desk.waitForFunction((count) => document.querySelectorAll("#faults li").length === count, {}, kinds.length - 1);
  await push("#faults", "Lift all");
  await shows(desk, "#faults", "No faults are planned");
  // The mock says what is wrong with an operation that it does not have.
  person.expect(/400 \(Bad Request\)/);
  await desk.locator("#fault-operation").fill("no_operation");
  await push("#fault-form", "Plan");
  await shows(desk, "#toast", "no vendor has such an operation");
}

// A snapshot is taken, restored and deleted with a click each.
async function snapshots(person) {
  const { mock } = person;
  const method = { verificationMethod: "EMAIL_OTP", email: ADDRESS };
  await mock.enroll(ADA, method);
  const desk = await person.page(`${mock.url}/#snapshots`);
  const push = (part, name) => desk.locator(`${part} ::-p-aria([role="button"][name="${name}"])`).click();
  const users = async () => (await mock.control("GET", "users")).users.map(({ userId }) => userId);
  await shows(desk, "#snapshots", "No snapshots");
  await desk.locator("#snapshot-name").fill("one user");
  await push("#snapshot-form", "Take");
  await shows(desk, "#snapshots", "one user");
  await inspect(desk, "desk-snapshots");
  await wide(desk);
  await mock.enroll("bob", { ...method, email: "bob@example.com" });
  assert.deepEqual(await users(), [ADA, "bob"]);
  await push("#snapshots", "Restore");
  await shows(desk, "#toast", "Back at one user");
  assert.deepEqual(await users(), [ADA]);
  await push("#snapshots", "Delete");
  await shows(desk, "#snapshots", "No snapshots");
  assert.deepEqual((await mock.control("GET", "snapshots")).snapshots, []);
}

// The desk plans each kind of scenario, the mock takes it, and the desk lifts it.
async function scenarios(person) {
  const { mock } = person;
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const desk = await person.page(`${mock.url}/#scenarios`);
  const push = (part, name) => desk.locator(`${part} ::-p-aria([role="button"][name="${name}"])`).click();
  await shows(desk, "#scenarios", "No scenarios are planned");
  await desk.select("#scenario-kind", "block");
  await desk.locator("#scenario-user").fill(ADA);
  await desk.locator("#scenario-action").fill(ACTION);
  await push("#scenario-form", "Plan");
  await shows(desk, "#scenarios", `${ACTION}, of ${ADA}, 1 more`);
  await inspect(desk, "desk-scenario");
  await wide(desk);
  assert.deepEqual([(await mock.track(ADA, ACTION)).state, (await mock.track(ADA, ACTION)).state], ["BLOCK", "CHALLENGE_REQUIRED"]);
  await shows(desk, "#scenarios", "No scenarios are planned");

  const kinds = await desk.$$eval("#scenario-kind option", (options) => options.map(({ value }) => value));
  for (const kind of kinds) {
    await desk.select("#scenario-kind", kind);
    await push("#scenario-form", "Plan");
    await desk.waitForFunction((count) => document.querySelectorAll("#scenarios li").length === count, {}, kinds.indexOf(kind) + 1);
  }
  await push("#scenarios li:last-child", "Lift");
  await desk.waitForFunction((count) => document.querySelectorAll("#scenarios li").length === count, {}, kinds.length - 1);
  await push("#scenarios", "Lift all");
  await shows(desk, "#scenarios", "No scenarios are planned");
}

// The life of an action, from its request to the webhook that tells its end, and none of the next one.
async function life(person) {
  const { mock, application } = person;
  await mock.control("POST", "webhooks", { webhooks: [{ url: application.back, events: ["action.verify"] }] });
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const { token } = await mock.track(ADA, ACTION, { idempotencyKey: "first" });
  const client = async (path, body = {}) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    await fetch(`${mock.own}/v1/client/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  };
  await client("challenge/email-otp");
  const { code } = await mock.message(ADDRESS);
  await client("verify/email-otp", { verificationCode: code });
  await mock.server("GET", `/users/${ADA}/actions/${ACTION}/first`);
  await mock.track(ADA, ACTION, { idempotencyKey: "second" });
  await mock.control("GET", "webhooks/deliveries?settled=true");
  const desk = await person.page(`${mock.url}/#actions`);
  await shows(desk, "#actions", "first");
  await desk.locator("#actions tbody tr:last-child td:nth-child(3) button").click();
  await shows(desk, "#action-detail", "first");
  await inspect(desk, "desk-action");
  await wide(desk);
  const rows = await desk.$$eval("#action-detail li .row", (lines) => lines.map((line) => line.textContent));
  assert.deepEqual([...rows].sort(), [
    "CHALLENGE_SUCCEEDED", "Tracked, decided by default outcome", `A code to ${ADDRESS}`, "challenge_email_otp200", "get_action200",
    "track200", "verify_email_otp200", `action.verify to ${application.back}200`,
  ].sort());
  assert.equal(rows[0], "Tracked, decided by default outcome");
  await desk.locator("#action-detail ::-p-text(verify_email_otp)").click();
  await shows(desk, "#detail", "isVerified");
}

async function tenants(person) {
  const { mock } = person;
  const desk = await person.page(`${mock.url}/`);
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await desk.waitForSelector("#tenant", { visible: true });
  await shows(desk, "#journal", "/authenticators");
  await inspect(desk, "desk-tenants");
  await wide(desk);
  await desk.locator("#tabs ::-p-text(Users)").click();
  await shows(desk, "#users", ADA);
  await chooseTenant(desk, "bank");
  await shows(desk, "#users", "No users yet");
  // A link leads to a tenant, and a reload stays there.
  assert.equal(new URL(desk.url()).search, "?tenant=bank");
  await desk.reload();
  await shows(desk, "#users", "No users yet");
  await desk.locator("#tabs ::-p-text(Sessions)").click();
  await shows(desk, "#sessions", "does not use Activeconnect");
  await desk.locator("#tabs ::-p-text(Requests)").click();
  await shows(desk, "#journal-empty", "No requests yet");
  await desk.select("#journal-api", "*");
  await shows(desk, "#journal", "/authenticators");
}

// Each tenant has a clock of its own: the desk freezes, sets and advances that of the chosen one.
async function clocks(person) {
  const { mock } = person;
  const desk = await person.page(`${mock.url}/?tenant=bank`);
  const push = (part, name) => desk.locator(`${part} ::-p-aria([role="button"][name="${name}"])`).click();
  const clock = (tenant) => mock.control("GET", `clock?tenant=${tenant}`);
  const ahead = async (tenant) => Date.parse((await clock(tenant)).now) - Date.now();
  await desk.waitForSelector("#tenant", { visible: true });
  await push(".clock", "Freeze");
  await shows(desk, "#clock-state", "frozen");
  assert.deepEqual([(await clock("bank")).frozen, (await clock("shop-app")).frozen], [true, false]);

  await push(".clock", "Set…");
  await shows(desk, "#clock-title", "The clock of bank");
  await inspect(desk, "desk-clock");
  await wide(desk);
  // What is no amount of time stays in the field, and moves nothing.
  const before = await clock("bank");
  await desk.locator("#advance").fill("soon");
  await push("#clock-dialog", "Move forward");
  assert.equal(await desk.$eval("#advance", (field) => field.matches(":invalid")), true);
  await desk.locator("#advance").fill("2 days 250 ms");
  await push("#clock-dialog", "Move forward");
  await shows(desk, "#toast", "Clock moved forward by 2 days");
  const moved = await clock("bank");
  assert.equal(Date.parse(moved.now) - Date.parse(before.now), 2 * 86_400_000 + 250);
  assert.ok(Math.abs(await ahead("shop-app")) < 60_000);

  await push(".clock", "Set…");
  await desk.$eval("#set-time", (field) => Object.assign(field, { value: "2031-05-06T07:08:09" }));
  await push("#clock-dialog", "Set");
  await shows(desk, "#now", "2031-05-06 07:08:09");
  assert.equal((await clock("bank")).now, "2031-05-06T07:08:09Z");

  await push(".clock", "Set…");
  await desk.locator("#advance").fill("3 h");
  await desk.locator("#every-clock").click();
  await push("#clock-dialog", "Move forward");
  await shows(desk, "#now", "2031-05-06 10:08:09");
  assert.ok(Math.abs(await ahead("shop-app") - 3 * 3_600_000) < 60_000);
}

// Clicks, and returns how long it takes until a part of the desk shows a text, in milliseconds.
const took = (desk, clicked, part, text) => desk.evaluate(async (clicked, part, text) => {
  const shows = () => document.querySelector(part)?.textContent?.includes(text);
  const element = document.querySelector(clicked);
  if (!(element instanceof HTMLElement) || shows()) throw new Error(`no ${clicked}, or "${text}" in ${part} already`);
  const began = performance.now();
  element.click();
  while (!shows()) {
    if (performance.now() - began > 10_000) throw new Error(`"${text}" does not come to ${part}`);
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - began;
}, clicked, part, text);

// A wait that people notice, on a machine that does nothing else. This one may run other tests.
const NOTICED = 500;

// Whoever is about to click the tenant's field still hits it after the clock's time arrived.
async function still(person) {
  const desk = await person.page();
  await wide(desk);
  let release = () => {};
  /** @type {Promise<void>} */
  const released = new Promise((resolve) => { release = resolve; });
  await desk.setRequestInterception(true);
  desk.on("request", (request) => {
    const first = new URL(request.url()).pathname === "/_mock/clock" ? released : Promise.resolve();
    first.then(() => request.continue());
  });
  await desk.goto(`${person.mock.url}/`);
  await desk.waitForSelector("#tenant", { visible: true });
  const place = () => desk.$eval("#tenant", (field) => field.getBoundingClientRect().left);
  const before = await place();
  release();
  await desk.waitForFunction(() => document.querySelector("#now")?.textContent !== "–");
  // A browser rounds widths to parts of a pixel.
  const moved = Math.abs(await place() - before);
  assert.ok(moved < 1, `moved by ${moved} pixels`);
}

async function thousand(person) {
  const { mock } = person;
  const busy = await mock.control("POST", "tenants", { name: "busy test" });
  for (let at = 0; at < 10_000; at += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, part) =>
      mock.call(busy.authsignal.secretKey, "GET", `/users/user-${at + part}`)));
  }
  for (let at = 0; at < 1000; at += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, part) => mock.control("POST", "tenants", { name: `test ${at + part}` })));
  }
  const desk = await person.page(`${mock.url}/`);
  await shows(desk, "#journal-empty", "No requests yet");
  const times = { open: await took(desk, "#tenant", "#tenant-note", "The first 50 tenants") };
  await inspect(desk, "desk-thousand-tenants");
  await wide(desk);
  // A part of a name finds one of a thousand; another tenant's name stays in the field meanwhile.
  await desk.focus("#tenant");
  await desk.keyboard.type("busy");
  await shows(desk, "#tenant-option-0", "busy test");
  times.choose = await took(desk, "#tenant-option-0", "#journal", "/v1/users/user-9");
  await shows(desk, "#journal-count", "200+");
  times.request = await took(desk, "#journal .req", "#detail", "Response body");
  times.actions = await took(desk, "#tab-actions", "#actions", "No actions yet");
  times.users = await took(desk, "#tab-users", "#users", "No users yet");
  await desk.focus("#tenant");
  await desk.keyboard.type("test 777");
  await shows(desk, "#tenant-option-0", "test 777");
  await desk.keyboard.press("Escape");
  assert.equal(await desk.$eval("#tenant", (field) => /** @type {HTMLInputElement} */ (field).value), `busy test (${busy.id})`);
  assert.deepEqual(Object.entries(times).filter(([, time]) => time > NOTICED), [], JSON.stringify(times));
}

async function keyboard(person) {
  const { mock } = person;
  const desk = await person.page(`${mock.url}/`);
  await shows(desk, "#live-text", "live");
  const stops = await tabStops(desk);
  assert.deepEqual(stops.filter(({ visible }) => !visible), [], "elements whose focus is not visible");
  assert.ok(stops.length > 5, JSON.stringify(stops));
}

const hidden = (desk) => desk.evaluate(() => document.hidden);

// More desks than a browser opens connections to one host.
async function windows(person) {
  const { mock, application } = person;
  const desks = [];
  for (let at = 0; at < 7; at += 1) {
    const desk = await person.window(`${mock.url}/`);
    await shows(desk, "#live-text", "live");
    desks.push(desk);
  }
  const behind = desks.pop();
  // It hides the tab in the same window.
  const page = await person.page();
  assert.deepEqual(await Promise.all([...desks, behind].map(hidden)), [...desks.map(() => false), true]);
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const { url } = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  await page.goto(url);
  await heading(page, "Check your email");
  for (const desk of desks) {
    await shows(desk, "#inbox", ADDRESS);
  }
  // A desk that nobody sees catches up when it is shown.
  assert.equal(await behind?.$eval("#inbox .who", () => true).catch(() => false), false);
  await behind?.bringToFront();
  await shows(behind, "#inbox", ADDRESS);
  desks.push(behind);
  // The stream outlives the window that came first.
  await desks.shift()?.close();
  // An open page notices the reset, and says that its link is no longer valid.
  await page.close();
  await mock.control("POST", "reset");
  for (const desk of desks) {
    await desk.waitForFunction((text) => !document.querySelector("#inbox")?.textContent?.includes(text), {}, ADDRESS);
  }
}

export default function (chromium) {
  chromium.story("desk: every view", views);
  chromium.story("desk: the inbox has the code that a page asks for", inbox);
  chromium.story("desk: the phone answers a push", phone);
  test("desk: a login with Activeconnect", () => chromium.play(login, "--no-signatures"));
  chromium.story("desk: requests by keyboard and filter", requests);
  chromium.story("desk: a request copied as curl", copied);
  chromium.story("desk: a request with a warning", warnings);
  chromium.story("desk: a reset empties every view", reset);
  chromium.story("desk: decisions change what happens next", decisions);
  chromium.story("desk: faults planned and lifted", faults);
  chromium.story("desk: snapshots taken, restored and deleted", snapshots);
  chromium.story("desk: scenarios planned and lifted", scenarios);
  chromium.story("desk: the life of an action", life);
  test("desk: two tenants", () => chromium.play(tenants, "--seed", TWO_TENANTS));
  test("desk: the clock of a tenant", () => chromium.play(clocks, "--seed", TWO_TENANTS));
  test("desk: nothing moves when the time arrives", () => chromium.play(still, "--seed", TWO_TENANTS));
  chromium.story("desk: a thousand tenants and ten thousand requests", thousand);
  chromium.story("desk: by the keyboard alone", keyboard);
  chromium.story("desk: seven windows and a page", windows);
}
