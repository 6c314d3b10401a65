// Headless Chromium that may talk to this machine alone, and what a person's devices do for it.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Application } from "./application.mjs";
import { Mock } from "./mock.mjs";
import { load, versions } from "./packages.mjs";

const { default: puppeteer } = await load("puppeteer-core");

// A condition that is not met by then is not going to be.
export const TIMEOUT = 20_000;

// What pages may ask for: this machine, and what needs no network.
const NEAR = /^((http|ws):\/\/(localhost|127\.0\.0\.1):\d+\/|data:|blob:|about:)/;

export class Chromium {
  static async launch() {
    const folder = mkdtempSync(join(tmpdir(), "stepup-browser-"));
    const log = join(folder, "net-log.json");
    const args = [
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
      "--disable-component-update",
      "--disable-domain-reliability",
      "--no-pings",
      `--log-net-log=${log}`,
      // Windows that the SDK opens are no pop-ups of an advertiser.
      "--disable-popup-blocking",
    ];
    // Chromium's sandbox refuses to run as root.
    if (process.getuid?.() === 0) {
      args.push("--no-sandbox");
    }
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    const browser = await puppeteer.launch({
      executablePath,
      args,
      userDataDir: join(folder, "profile"),
      defaultViewport: { width: 1280, height: 800 },
      protocolTimeout: 60_000,
    });
    return new Chromium(browser, folder, log);
  }

  constructor(browser, folder, log) {
    Object.assign(this, { browser, folder, log });
  }

  // Plays a story with a mock, an application and a browser profile of its own. What goes wrong in it is told with what
  // the mock was asked.
  async play(story, ...flags) {
    const [mock, application] = await Promise.all([Mock.start(...flags), Application.start()]);
    await mock.control("POST", "authsignal", { defaultOutcome: "CHALLENGE" });
    const profile = await this.browser.createBrowserContext();
    const person = new Person(mock, application, profile);
    try {
      await story(person);
      assert.deepEqual(person.complaints, [], "errors in the browser's console");
      await person.noteExercised();
    } catch (error) {
      const said = [...person.complaints.map((line) => `  ${line}`), "What the mock was asked:", await mock.asked()];
      error.message += `\n${said.join("\n")}`;
      throw error;
    } finally {
      await profile.close();
      application.stop();
      mock.stop();
    }
  }

  // The browser's own record of its traffic. It asks for news of its maker's by itself; such names are not resolved.
  close() {
    this.closed ??= this.leave();
    return this.closed;
  }

  async leave() {
    await this.browser.close();
    const { constants, events } = JSON.parse(readFileSync(this.log, "utf8"));
    const { TCP_CONNECT_ATTEMPT } = constants.logEventTypes;
    const addresses = events
      .filter(({ type, params }) => type === TCP_CONNECT_ATTEMPT && params?.address)
      .map(({ params }) => params.address);
    assert.ok(addresses.length > 0, "the browser's record of its traffic is empty");
    const far = addresses.filter((address) => !/^(127\.|\[::1\])/.test(address));
    assert.deepEqual(far, [], "connections that left this machine");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// Operations that each version of the SDK was answered with success, over all stories.
export const exercised = Object.fromEntries(versions.map((version) => [version, new Set()]));

// Somebody at the browser.
class Person {
  constructor(mock, application, profile) {
    Object.assign(this, { mock, application, profile, complaints: [], expected: [], answered: new Set() });
  }

  // The journal has what the browser asked by name, and what software devices asked as well.
  async noteExercised() {
    for (const { method, target, operation } of await this.mock.journal()) {
      if (this.answered.has(`${method} ${target.split("?")[0]}`)) {
        exercised[this.version].add(operation);
      }
    }
  }

  // A line in the browser's console that belongs to the story.
  expect(pattern) {
    this.expected.push(pattern);
  }

  async page(url) {
    const page = await this.profile.newPage();
    this.watch(page);
    if (url) {
      await page.goto(url);
    }
    return page;
  }

  watch(page) {
    page.setDefaultTimeout(TIMEOUT);
    const note = (text) => {
      if (!this.expected.some((pattern) => pattern.test(text))) {
        this.complaints.push(text);
      }
    };
    page.on("pageerror", (error) => note(`${error}`));
    page.on("response", (response) => {
      const { origin, pathname } = new URL(response.url());
      if (origin === this.mock.url && pathname.startsWith("/v1/client/") && response.ok()) {
        this.answered.add(`${response.request().method()} ${pathname}`);
      }
    });
    page.on("request", (request) => {
      if (!NEAR.test(request.url())) {
        this.complaints.push(`asked for ${request.url()}`);
      }
    });
    page.on("console", (message) => {
      if (message.type() === "error") {
        note(`${message.text()} ${message.location().url ?? ""}`);
      }
    });
  }

  // The application's page, with a version of the SDK.
  async shop(version, baseUrl) {
    this.version = version;
    const page = await this.page(this.application.url(this.mock, version, baseUrl));
    await page.waitForSelector("body[data-ready]");
    return page;
  }

  // A window that a page opens.
  async opened(page, act) {
    const found = new Promise((resolve) => page.once("popup", resolve));
    await act();
    const window = await found;
    this.watch(window);
    return window;
  }
}

export const PLATFORM = {
  protocol: "ctap2",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
};
export const SECURITY_KEY = { protocol: "ctap2", transport: "usb" };
export const OLD_SECURITY_KEY = { protocol: "u2f", transport: "usb" };

// Gives a page an authenticator, and a person who agrees to everything.
export async function authenticator(page, options) {
  const devtools = await page.createCDPSession();
  await devtools.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { automaticPresenceSimulation: true, ...options },
  });
  return {
    credentials: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    add: (credential) => devtools.send("WebAuthn.addCredential", { authenticatorId, credential }),
    set: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    remove: () => devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }),
  };
}
