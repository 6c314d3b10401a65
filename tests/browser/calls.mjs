// Checks that the stories called every method of every version of the SDK, and that exercised.json lists the operations
// that answered. INSTA_UPDATE=always writes the list instead.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { exercised } from "./person.mjs";
import { versions } from "./packages.mjs";
import { made } from "./sdk.mjs";

const PACKAGE = "npm @authsignal/browser";

// It loads a script from another machine, which no story may do.
const LEFT_OUT = ["initAdvancedProfiling"];

// The methods of the SDK, by name.
const calls = (page) =>
  page.evaluate(() => {
    const methods = (object) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => name !== "constructor");
    const parts = ["passkey", "totp", "email", "emailML", "sms", "whatsapp", "securityKey", "push", "qrCode"];
    return [
      ...methods(window.authsignal),
      ...parts
        .filter((part) => window.authsignal[part])
        .flatMap((part) => methods(window.authsignal[part]).map((name) => `${part}.${name}`)),
    ];
  });

// Methods that only the SDK itself calls.
const INNER = /^launchWith|\.(storeCredentialAgainstDevice|doesBrowserSupportConditionalCreate)$/;

export default function (chromium) {
  for (const version of versions) {
    test(`${version}: the stories call every method`, () =>
      chromium.play(async (person) => {
        const all = await calls(await person.shop(version));
        const open = all.filter((name) => !INNER.test(name) && !LEFT_OUT.includes(name));
        assert.ok(open.length > 0);
        assert.deepEqual(open.filter((name) => !made.has(`${version} ${name}`)), []);
      }));
  }

  test("exercised.json lists the operations that answered each version", () => {
    const file = join(import.meta.dirname, "../sdk/exercised.json");
    const written = JSON.parse(readFileSync(file, "utf8"));
    const entries = Object.entries(exercised).map(([version, sent]) => [version, [...sent].sort().join(" ")]);
    // Sorted as text, as the tests of the other packages write it.
    const sent = Object.fromEntries(entries.sort(([one], [two]) => (one < two ? -1 : 1)));
    if (process.env.INSTA_UPDATE === "always") {
      const sorted = Object.entries({ ...written, [PACKAGE]: sent }).sort(([one], [two]) => (one < two ? -1 : 1));
      writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
    } else {
      const advice = "exercised.json differs; if the new list is right, run with INSTA_UPDATE=always";
      assert.deepEqual(sent, written[PACKAGE], advice);
    }
  });
}
