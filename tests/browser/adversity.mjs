// What strangers send and what foreign pages do: no text that the mock keeps becomes markup or script, no page of another
// origin frames the desk, and none changes anything.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { NAMES } from "./chromium.mjs";
import { ACTION, ADA, ADDRESS } from "./sdk.mjs";
import { heading } from "./visit.mjs";

/** A text that becomes an image and a script wherever it is taken for markup: in an element, or in an attribute. */
const mark = (field) => `${field}"'><img src=/broken onerror=broken()><script src=/broken></script>`;

/** What takes a text for a URL runs this. */
const SCRIPT_URL = "javascript:broken()//";

const APPLICATION = mark("application");
const LOGIN = mark("login");
const TENANT = mark("tenant");
const USER = mark("user");
// Addresses are checked: an email has no blanks and no <, so it can only end an attribute, and a number has nothing but
// digits.
const tight = (field) => `${field}"'/onerror=broken()/`;
const HOST = "host.example";
const EMAIL = `${tight("email")}@${HOST}`;
const NUMBER = "+15550101";
const path = encodeURIComponent;
const inJson = (text) => JSON.stringify(text).slice(1, -1);

// The ids and names of a tenant come from a seed.
const SEED = {
  tenants: [
    {
      activeconnect: { id: APPLICATION, secret: "a secret", name: mark("shop"), users: [{ id: LOGIN }] },
      authsignal: {
        id: TENANT,
        secret: "an API secret",
        rules: [{
          ruleId: mark("rule id"), name: mark("rule"), description: mark("rule's description"), priority: 1,
          outcome: "CHALLENGE", conditions: { "==": [1, 1] },
        }],
      },
    },
    { authsignal: { id: mark("another tenant"), secret: "another API secret" } },
  ],
};

// Has the mock keep a mark in every text that it keeps. Returns the address of a page that the user may open.
async function poison({ mock, application }) {
  const tenantId = mock.tenantId;
  const vendor = async (route, body) => {
    const answer = await fetch(`${mock.url}/${route}`, { method: "POST", body: JSON.stringify(body) });
    return answer.json();
  };
  await mock.control("POST", "webhooks", { tenantId, webhooks: [{ url: `${application.back}?${mark("webhook")}` }] });
  await mock.enroll(USER, { verificationMethod: "EMAIL_OTP", email: EMAIL });
  await mock.enroll(USER, { verificationMethod: "SMS", phoneNumber: NUMBER });
  await mock.server("PATCH", `/users/${path(USER)}`, { displayName: mark("display name"), username: mark("username") });
  await mock.control("POST", "passkey/enroll", { tenantId, userId: USER, device: mark("passkey") });
  await mock.control("POST", "push/register", { tenantId, userId: USER, device: mark("software phone") });
  await mock.control("POST", "authsignal/next-outcome", { tenantId, userId: mark("next user"), action: "next-action", outcome: "BLOCK" });
  const link = await fetch(`${mock.url}/management/device_registration_link/${path(APPLICATION)}/${path(LOGIN)}`);
  const { register_url } = await link.json();
  await mock.control("POST", "phone/register", { link: register_url, name: mark("phone") });
  const sms = { phone_number: "+15550100", message: mark("message") };
  await vendor(`management/send_registration_sms/${path(APPLICATION)}/${path(LOGIN)}`, sms);
  await vendor(`authentication/authenticate_user/${path(APPLICATION)}/${path(LOGIN)}`, {});
  // The reason of a refusal names what was asked for.
  await vendor(`authentication/authenticate_user/${path(APPLICATION)}/${path(mark("nobody"))}`, {});
  const attributes = {
    redirectUrl: SCRIPT_URL, deviceId: mark("device"), ipAddress: mark("IP address"), locale: mark("locale"),
    userAgent: mark("user agent"), custom: { [mark("key")]: mark("value") },
  };
  const { url, token } = await mock.track(USER, ACTION, attributes);
  await fetch(`${mock.api}/client/challenge/push`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "user-agent": mark("header") },
    body: JSON.stringify({ action: ACTION }),
  });
  return url;
}

/** Asserts that a page took no text for markup, script or the address of a script. */
async function harmless(page, where) {
  const found = await page.$$eval(
    '[src="/broken"], [onerror], a[href^="javascript:" i], [action^="javascript:" i], [src^="javascript:" i]',
    (elements) => elements.map((element) => element.tagName),
  );
  assert.deepEqual(found, [], where);
}

// Opens every page that links lead to. Returns their texts and what their fields hold.
async function visitAll(page, starts) {
  const [waiting, seen, texts] = [[...starts], new Set(), /** @type {string[]} */ ([])];
  while (waiting.length > 0) {
    const url = waiting.shift();
    if (seen.has(url)) continue;
    seen.add(url);
    assert.ok(seen.size < 200, "the pages have no end");
    await page.goto(url);
    await harmless(page, url);
    const { text, links } = await page.evaluate(() => ({
      text: document.body.innerText,
      links: [...document.querySelectorAll("main a")].map((link) => /** @type {HTMLAnchorElement} */ (link).href),
    }));
    texts.push(text);
    waiting.push(...links.filter((link) => new URL(link).pathname === "/challenge"));
  }
  return texts;
}

// A view of the desk, and what it must show.
const VIEWS = {
  Requests: ["#journal", []],
  Actions: ["#actions", [USER, mark("rule")]],
  Users: ["#users", [USER, mark("display name"), EMAIL, NUMBER]],
  Sessions: ["#sessions", [LOGIN, mark("phone")]],
  Webhooks: ["#webhooks", ["/back?***", inJson(EMAIL)]],
  Decisions: ["#decide", [mark("rule"), mark("rule's description"), mark("next user"), "next-action", TENANT]],
};

async function shows(desk, part, texts) {
  for (const text of texts) {
    await desk.waitForFunction((part, text) => document.querySelector(part)?.textContent?.includes(text), {}, part, text)
      .catch(async (error) => {
        error.message += `: ${text} in ${part}, which shows: ${await desk.$eval(part, ({ textContent }) => textContent)}`;
        throw error;
      });
  }
  await harmless(desk, part);
}

// The desk, in every view.
async function desk(person) {
  const { mock } = person;
  await poison(person);
  const page = await person.page(`${mock.url}/`);
  await shows(page, "#phone", [LOGIN, mark("shop"), USER]);
  await shows(page, "#inbox", [mark("message"), "+15550100"]);
  await page.locator("#tenant").click();
  await shows(page, "#tenant-options", [APPLICATION, mark("another tenant")]);
  await page.keyboard.press("Escape");
  for (const [name, [part, texts]] of Object.entries(VIEWS)) {
    await page.locator(`#tabs ::-p-text(${name})`).click();
    await shows(page, part, texts);
  }
  await page.locator("#tabs ::-p-text(Actions)").click();
  await page.locator("#actions td:nth-child(3) button").click();
  await shows(page, "#action-detail", [USER, mark("rule")]);
  await page.locator("#tabs ::-p-text(Users)").click();
  await page.locator("#users button.link").click();
  await shows(page, "#user-detail", [USER, EMAIL, NUMBER, mark("device"), mark("rule")]);
  await page.locator("#tabs ::-p-text(Requests)").click();
  await page.select("#journal-api", "*");
  for (const [search, texts] of Object.entries({
    "send_registration": [inJson(mark("message"))],
    "nobody": [mark("nobody")],
    "challenge/push": [mark("header")],
    [`actions/${ACTION}`]: [SCRIPT_URL, inJson(mark("value"))],
  })) {
    await page.locator("#journal-search").fill(search);
    await page.waitForFunction((search) => document.querySelector("#journal .req .target")?.textContent?.includes(search), {}, search);
    await page.focus("#journal");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    await shows(page, "#detail", texts);
  }
}

// The hosted pages, in every state that a link or a parameter leads to.
async function pages(person) {
  const { mock } = person;
  const url = await poison(person);
  const page = await person.page();
  person.expect(/status of 4\d\d/);
  const fresh = await mock.track(mark("new user"), "enrol", { redirectUrl: SCRIPT_URL, email: `${mark("new")}@example.com` });
  const ended = await mock.track(USER, "ended", { redirectUrl: SCRIPT_URL });
  await mock.control("POST", "challenge/succeed", { tenantId: mock.tenantId, userId: USER, action: "ended" });
  const all = ["mode", "opener", "nativeScheme", "view", "method", "enroll", "step", "done", "sent", "challenge", "authenticator", "code"];
  const odd = (given) => `${url}&${new URLSearchParams(all.map((name) => [name, given]))}`;
  const texts = await visitAll(page, [
    url, fresh.url, `${url}&force_enrollment=true`, `${url}&mode=popup`, `${ended.url}`, `${ended.url}&view=settings`,
    `${url}&nativeScheme=javascript`, odd(mark("parameter")), odd(SCRIPT_URL),
    `${mock.url}/challenge?token=${path(mark("token"))}`, `${mock.url}/magic-link?token=${path(mark("token"))}`,
    `${mock.url}/${path(mark("nothing"))}`,
  ]);
  assert.ok(texts.length > 12, `${texts.length} pages`);
  const shown = texts.join("\n");
  for (const text of [`@${HOST}`, NUMBER.slice(-3), mark("software phone")]) {
    assert.ok(shown.includes(text), `${text} is in none of the pages: ${shown}`);
  }
  // A form that is refused shows again what was typed.
  for (const [method, typed] of [["EMAIL_OTP", mark("typed")], ["SMS", SCRIPT_URL], ["SMS", mark("typed")]]) {
    await page.goto(`${fresh.url}&enroll=${method}`);
    await Promise.all([
      page.waitForNavigation(),
      page.evaluate((typed) => {
        const field = /** @type {HTMLInputElement} */ (document.querySelector("#address"));
        field.value = typed;
        field.form?.submit();
      }, typed),
    ]);
    await harmless(page, typed);
    assert.equal(await page.$eval("#address", (field) => /** @type {HTMLInputElement} */ (field).value), typed);
  }
}

// Only the desk, which acts without a secret, may not be framed. A page with a token does nothing for who has no token.
async function frames(person) {
  const { mock, application } = person;
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  const { url } = await mock.track(ADA, ACTION, { redirectUrl: application.back });
  person.expect(/frame-ancestors|Framing/);
  const policy = async (address) =>
    (await fetch(address, { headers: { accept: "text/html" } })).headers.get("content-security-policy") ?? "";
  for (const route of ["/", "/_mock/desk/desk.js", "/_mock/desk/desk.svg"]) {
    assert.match(await policy(`${mock.url}${route}`), /frame-ancestors 'none'/, route);
  }
  assert.doesNotMatch(await policy(`${url}&mode=popup`), /frame-ancestors/);

  const page = await person.page(application.back);
  const frame = async (tag, source) => {
    const element = await page.evaluateHandle((tag, source) => {
      const made = document.createElement(tag);
      made.setAttribute(tag === "object" ? "data" : "src", source);
      const loaded = new Promise((resolve) => {
        made.addEventListener("load", () => resolve(made));
        made.addEventListener("error", () => resolve(made));
      });
      document.body.append(made);
      return loaded;
    }, tag, source);
    return /** @type {import("puppeteer-core").ElementHandle<HTMLIFrameElement>} */ (element).contentFrame();
  };
  for (const tag of ["iframe", "embed", "object"]) {
    const inside = await frame(tag, `${mock.url}/`);
    const found = await inside?.$("#tabs").catch(() => undefined);
    assert.ok(!found, `the desk in ${tag}`);
  }
  await heading(await frame("iframe", `${url}&mode=popup`), "Check your email");
  // Not even a page of the mock itself.
  const own = await person.page(`${url}`);
  const inner = await own.evaluate(() => new Promise((resolve) => {
    const made = document.createElement("iframe");
    made.src = "/";
    made.addEventListener("load", () => resolve(made.contentDocument?.querySelector("#tabs") ? "the desk" : "nothing"));
    document.body.append(made);
  }));
  assert.equal(inner, "nothing");
}

/** The operations of an API: method and path, with a value for each parameter of the path. */
function operations(api) {
  const text = readFileSync(join(import.meta.dirname, `../../openapi/${api}.yaml`), "utf8");
  const values = { application_id: "mock-app", user_id: ADA, userId: ADA, action: ACTION, number: "1" };
  const found = [];
  let route = "";
  for (const line of text.slice(0, text.indexOf("\ncomponents:")).split("\n")) {
    route = /^ {2}(\/\S*):$/.exec(line)?.[1] ?? route;
    const method = /^ {4}(get|put|post|delete|patch):$/.exec(line)?.[1];
    if (method) found.push({ method: method.toUpperCase(), route: route.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "x") });
  }
  assert.ok(found.length > 10, api);
  return found;
}

/** Whether a page may send it without asking first. */
const isSimple = ({ method }) => ["GET", "POST"].includes(method);

// Sends a request for each operation, in every way that a page has.
async function assail(page, base, targets) {
  await page.evaluate(async (base, targets) => {
    for (const { method, route } of targets) {
      const simple = ["GET", "POST"].includes(method);
      const body = method === "GET" ? undefined : '{"users": ["mallory"], "userId": "ada"}';
      await fetch(base + route, { method, body, mode: simple ? "no-cors" : "cors", credentials: "include" }).catch(() => {});
      const json = { "content-type": "application/json" };
      await fetch(base + route, { method, body, headers: json }).catch(() => {});
    }
    // Forms: the text of the field is JSON. A sandboxed frame has no origin.
    for (const sandbox of [undefined, "allow-forms allow-scripts"]) {
      for (const { route } of targets.filter(({ method }) => method === "POST")) {
        const frame = document.createElement("iframe");
        if (sandbox) frame.setAttribute("sandbox", sandbox);
        const form = `<form method="post" enctype="text/plain" action="${base}${route}"><input name='{"userId":"ada","users":["mallory"],"x":"' value='"}'></form>`;
        await new Promise((resolve) => {
          let loads = 0;
          frame.addEventListener("load", () => {
            loads += 1;
            if (loads === 2) resolve(undefined);
          });
          // A form that is sent later makes a second load.
          frame.srcdoc = `${form}<script>onload = () => setTimeout(() => document.forms[0].submit())</script>`;
          document.body.append(frame);
        });
        // The frame stays: of one that is gone, the browser may tell no answer any more.
      }
    }
  }, base, targets);
}

// Leaves the page by a form for each operation. Only then does a browser send credentials that are in a URL.
async function leave(page, base, posts) {
  const start = page.url();
  for (const { route } of posts) {
    await Promise.all([
      page.waitForNavigation(),
      page.evaluate((action) => {
        const form = document.createElement("form");
        Object.assign(form, { method: "post", action });
        document.body.append(form);
        form.submit();
      }, base + route),
    ]);
    await page.goto(start);
  }
}

// Pages at another port of this machine and at another name: their requests reach the mock, and change nothing.
const forged = (api, statuses) => async (person) => {
  const { mock, application } = person;
  person.expect(/status of 4\d\d|CORS|ERR_FAILED|ERR_BLOCKED/);
  await mock.enroll(ADA, { verificationMethod: "EMAIL_OTP", email: ADDRESS });
  await mock.track(ADA, ACTION);
  const state = async () => JSON.stringify([
    ...await Promise.all(["state", "clock", "messages", "webhooks/deliveries", "tenants"].map((what) => mock.control("GET", what))),
    (await mock.journal()).filter(({ status }) => status < 400),
  ]);
  await mock.control("POST", "clock", { freeze: true });
  const before = await state();
  const targets = operations(api).filter(({ route }) => !route.startsWith("/v1/client"));
  const posts = targets.filter(({ method }) => method === "POST");
  const withSecret = mock.url.replace("//", `//${path(mock.secret)}:@`);
  for (const origin of [application.origin, application.origin.replace("localhost", NAMES.foreign)]) {
    const page = await person.page(`${origin}/elsewhere`);
    const answers = [];
    // The browser hides the answer to what a page loads as its own image, script or style (Cross-Origin-Resource-Policy).
    let hidden = 0;
    page.on("requestfailed", (request) => {
      if (request.failure()?.errorText === "net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin") hidden += 1;
    });
    page.on("response", (answer) => {
      const { host, pathname } = new URL(answer.url());
      const method = answer.request().method();
      // The browser asks for these on its own.
      const isItsOwn = pathname === "/favicon.ico" || method === "OPTIONS";
      if (host === new URL(mock.url).host && !isItsOwn) answers.push(`${method} ${pathname} ${answer.status()}`);
    });
    await assail(page, mock.url, targets);
    await leave(page, api === "authsignal" ? withSecret : mock.url, posts);
    // Other methods need the mock's leave first, which it does not give.
    const sent = targets.filter(isSimple).length + 3 * posts.length;
    assert.equal(answers.length + hidden, sent, answers.join("\n"));
    assert.deepEqual(answers.filter((answer) => !statuses.test(answer)), [], origin);
    assert.equal(await state(), before, origin);
    await page.close();
  }
};

// A story with the seed of this file.
const poisoned = (chromium, story) => async () => {
  const folder = mkdtempSync(join(tmpdir(), "stepup-adversity-"));
  const seed = join(folder, "seed.json");
  writeFileSync(seed, JSON.stringify(SEED));
  try {
    await chromium.play(async (person) => {
      await story(person);
      const loaded = (await person.mock.journal()).filter(({ target }) => target.startsWith("/broken"));
      assert.deepEqual(loaded, [], "a text became markup");
    }, "--seed", seed, "--no-signatures");
  } finally {
    rmSync(folder, { recursive: true });
  }
};

export default function (chromium) {
  test("adversity: no text becomes markup on the desk", poisoned(chromium, desk));
  test("adversity: no text becomes markup on the hosted pages", poisoned(chromium, pages));
  chromium.story("adversity: nobody frames the desk", frames);
  chromium.story("adversity: no foreign page uses the control API", forged("mock-control", / 403$/));
  test("adversity: no foreign page uses Activeconnect without signatures", () =>
    chromium.play(forged("activeconnect", / (403|404)$/), "--no-signatures"));
  chromium.story("adversity: no foreign page uses the Server API", forged("authsignal", / (401|403)$/));
}
