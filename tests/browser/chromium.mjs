// Headless Chromium that can reach this machine only, and the virtual authenticators that it offers to pages.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Application } from "./application.mjs";
import { Mock } from "./mock.mjs";
import { load } from "./packages.mjs";
import { Person } from "./person.mjs";
import { PIN } from "./proxy.mjs";

/** @typedef {import("puppeteer-core").Browser} Browser */
/** @typedef {import("puppeteer-core").Page} Page */

/** @type {typeof import("puppeteer-core")} */
const { default: puppeteer } = await load("puppeteer-core");

/** Names that resolve to this machine: one that a stranger controls, one that the mock allows, and one without dots. */
export const NAMES = { foreign: "evil.test", allowed: "desk.test", single: "stepup-mock" };

const FLAGS = [
  `--host-resolver-rules=${Object.values(NAMES).map((name) => `MAP ${name} 127.0.0.1, `).join("")}MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1`,
  `--ignore-certificate-errors-spki-list=${PIN}`,
  "--disable-component-update",
  "--disable-domain-reliability",
  "--no-pings",
  // The SDK opens windows without a click, which Chromium takes for advertising.
  "--disable-popup-blocking",
];

export class Chromium {
  static async launch() {
    const folder = mkdtempSync(join(tmpdir(), "stepup-browser-"));
    const log = join(folder, "net-log.json");
    const args = [...FLAGS, `--log-net-log=${log}`];
    // Chromium's sandbox refuses to run as root.
    if (process.getuid?.() === 0) {
      args.push("--no-sandbox");
    }
    const browser = await puppeteer.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args,
      userDataDir: join(folder, "profile"),
      defaultViewport: { width: 1280, height: 800 },
      protocolTimeout: 60_000,
    });
    return new Chromium(browser, folder, log);
  }

  /** @type {Promise<void> | undefined} */
  #closed;

  /**
   * @param {Browser} browser
   * @param {string} folder where the profile is
   * @param {string} log the file with the record of the browser's traffic
   */
  constructor(browser, folder, log) {
    this.browser = browser;
    this.folder = folder;
    this.log = log;
  }

  /**
   * A test that plays a story.
   * @param {string} name
   * @param {(person: Person, ...given: any[]) => Promise<unknown>} tell
   * @param {any[]} given what the story gets beside the person
   */
  story(name, tell, ...given) {
    test(name, () => this.play((person) => tell(person, ...given)));
  }

  /**
   * Plays a story with a mock, an application and a browser profile of its own. If it fails, the error also shows the
   * requests that the mock got.
   * @param {(person: Person) => Promise<unknown>} story
   * @param {string[]} flags of the mock
   */
  async play(story, ...flags) {
    const [mock, application] = await Promise.all([Mock.start(...flags), Application.start()]);
    await mock.control("POST", "authsignal", { tenantId: mock.tenantId, defaultOutcome: "CHALLENGE" });
    const profile = await this.browser.createBrowserContext();
    const person = new Person(mock, application, profile);
    try {
      await story(person);
      assert.deepEqual(person.complaints, [], "errors in the browser's console");
      await person.noteExercised();
    } catch (error) {
      const complaints = person.complaints.map((line) => `  ${line}`);
      error.message += `\n${[...complaints, "Requests to the mock:", await mock.requestLines()].join("\n")}`;
      throw error;
    } finally {
      await profile.close();
      application.stop();
      mock.stop();
    }
  }

  /** Closes the browser, and checks by its own record that its traffic stayed on this machine. */
  close() {
    this.#closed ??= this.#leave();
    return this.#closed;
  }

  async #leave() {
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

export const PLATFORM = {
  protocol: "ctap2",
  transport: "internal",
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
};
export const SECURITY_KEY = { protocol: "ctap2", transport: "usb" };
export const OLD_SECURITY_KEY = { protocol: "u2f", transport: "usb" };

/**
 * Gives a page an authenticator, whose user agrees to everything.
 * @param {Page} page
 * @param {object} options of the DevTools command `WebAuthn.addVirtualAuthenticator`
 */
export async function authenticator(page, options) {
  const devtools = await page.createCDPSession();
  await devtools.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: /** @type {any} */ ({ automaticPresenceSimulation: true, ...options }),
  });
  return {
    credentials: async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    add: (credential) => devtools.send("WebAuthn.addCredential", { authenticatorId, credential }),
    setVerified: (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
  };
}
