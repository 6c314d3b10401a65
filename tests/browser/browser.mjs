// Plays the vendor's unmodified browser SDK and the mock's own pages in headless Chromium, as users would.
//
// Usage: node browser.mjs MOCK VALIDATE FOLDER, with the mock's program, the client's example authsignal_validate as
// built, and a folder to keep the packages in. CHROMIUM names the browser, if it is not `chromium` on the PATH;
// SCREENSHOTS names a folder for a picture of each page. --test-name-pattern, before the file, picks tests by name.

import { after, test } from "node:test";

import { install } from "./packages.mjs";

const [mock, validate, folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node browser.mjs MOCK VALIDATE FOLDER");
  process.exit(2);
}
install(folder);
process.env.STEPUP_MOCK = mock;
process.env.STEPUP_VALIDATE = validate;

const { Chromium } = await import("./chromium.mjs");
const chromium = await Chromium.launch();
for (const part of ["launch", "sdk", "passkeys", "devices", "pages", "desk", "calls"]) {
  const { default: tests } = await import(`./${part}.mjs`);
  tests(chromium);
}
test("nothing left this machine", () => chromium.close());
after(() => chromium.close());
