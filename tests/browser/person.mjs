// The person at the browser: opens pages, and watches them for errors and for requests to other machines.

import { versions } from "./packages.mjs";

/** @typedef {import("puppeteer-core").BrowserContext} BrowserContext */
/** @typedef {import("puppeteer-core").Page} Page */

/** How long to wait for a condition, in milliseconds. */
export const TIMEOUT = 20_000;

/** What pages may request: this machine, and what needs no network. */
const NEAR = /^((https?|wss?):\/\/([^/@]*@)?(localhost|127\.0\.0\.1|evil\.test|desk\.test|stepup-mock):\d+\/|data:|blob:|about:)/;

/** The answers of success that each version of the SDK got over all stories, each `OPERATION:STATUS`. */
export const exercised = Object.fromEntries(versions.map((version) => [version, new Set()]));

export class Person {
  /** @type {string[]} Errors that the story does not expect. */
  complaints = [];
  /** @type {RegExp[]} */
  #expected = [];
  /** @type {Set<string>} Requests to the Client API that succeeded, as method and path. */
  #answered = new Set();
  /** The version of the SDK in the application's page. */
  version = "";

  /**
   * @param {import("./mock.mjs").Mock} mock
   * @param {import("./application.mjs").Application} application
   * @param {BrowserContext} profile
   */
  constructor(mock, application, profile) {
    this.mock = mock;
    this.application = application;
    this.profile = profile;
  }

  /** Records which operations the SDK used. The journal knows their names, but also has requests of simulated devices. */
  async noteExercised() {
    // A story without the SDK.
    if (!this.version) return;
    for (const { method, target, operation, status } of await this.mock.journal()) {
      if (status < 300 && this.#answered.has(`${method} ${target.split("?")[0]}`)) {
        exercised[this.version].add(`${operation}:${status}`);
      }
    }
  }

  /**
   * Expects an error in the browser's console.
   * @param {RegExp} pattern
   */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  /** @param {string} [url] */
  page(url) {
    return this.#open("tab", url);
  }

  /**
   * A page in a window of its own. It stays visible when another page is opened; a page in a tab does not.
   * @param {string} url
   */
  window(url) {
    return this.#open("window", url);
  }

  /**
   * @param {"tab" | "window"} type
   * @param {string} [url]
   */
  async #open(type, url) {
    const page = await this.profile.newPage({ type });
    this.#watch(page);
    if (url) {
      await page.goto(url);
    }
    return page;
  }

  /** @param {Page} page */
  #watch(page) {
    page.setDefaultTimeout(TIMEOUT);
    const complain = (text) => {
      if (!this.#expected.some((pattern) => pattern.test(text))) {
        this.complaints.push(text);
      }
    };
    page.on("pageerror", (error) => complain(`${error}`));
    page.on("response", (response) => {
      const { origin, pathname } = new URL(response.url());
      // Versions before 0.3 send paths without `client`; the journal keeps where they lead to.
      const [, target] = /^\/v1\/(?:client\/)?((?:user-authenticators|challenge|verify)(?:\/.*)?)$/.exec(pathname) ?? [];
      if (origin === this.mock.url && target && response.ok()) {
        this.#answered.add(`${response.request().method()} /v1/client/${target}`);
      }
    });
    page.on("request", (request) => {
      if (!NEAR.test(request.url())) {
        this.complaints.push(`request to ${request.url()}`);
      }
    });
    page.on("console", (message) => {
      if (message.type() === "error") {
        complain(`${message.text()} ${message.location().url ?? ""}`);
      }
    });
  }

  /**
   * Opens the application's page, with a version of the SDK.
   * @param {string} version
   */
  async shop(version) {
    this.version = version;
    const page = await this.page(this.application.url(this.mock, version));
    await page.waitForSelector("body[data-ready]");
    return page;
  }

  /**
   * The window that a page opens.
   * @param {Page} page
   * @param {() => Promise<unknown>} act has the page open it
   * @returns {Promise<Page>}
   */
  async opened(page, act) {
    /** @type {Promise<Page>} */
    const found = new Promise((resolve) => {
      page.once("popup", (window) => window && resolve(window));
    });
    await act();
    const window = await found;
    this.#watch(window);
    return window;
  }
}
