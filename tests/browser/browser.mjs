// Uses the vendor's unmodified browser SDK, the hosted pages, the desk and example apps in headless Chromium, as people do.
//
// Usage: node browser.mjs MOCK VALIDATE SHOP FOLDER
//   MOCK      the mock's program
//   VALIDATE  the client's example authsignal_validate, built
//   SHOP      the program of the example application, built
//   FOLDER    where to keep the packages
//
// CHROMIUM names the browser; the default is /usr/bin/chromium. SCREENSHOTS names a folder for a picture of each page.
// To run some of the tests, put --test-name-pattern before the file.

import { after, test } from "node:test";

import { install } from "./packages.mjs";

const [mock, validate, shop, folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node browser.mjs MOCK VALIDATE SHOP FOLDER");
  process.exit(2);
}
install(folder);
process.env.STEPUP_MOCK = mock;
process.env.STEPUP_VALIDATE = validate;
process.env.STEPUP_SHOP = shop;

const { Chromium } = await import("./chromium.mjs");
const chromium = await Chromium.launch();
for (const part of ["launch", "sdk", "passkeys", "devices", "pages", "flows", "desk", "hosts", "adversity", "apps", "shop", "calls"]) {
  const { default: tests } = await import(`./${part}.mjs`);
  tests(chromium);
}
test("no traffic left this machine", () => chromium.close());
after(() => chromium.close());
