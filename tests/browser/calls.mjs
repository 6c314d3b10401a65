// That nothing of the vendor's SDK was left out: each version's every call was made by the stories before this one, and
// was answered as exercised.json says. INSTA_UPDATE=always writes it there instead.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { exercised } from "./chromium.mjs";
import { versions } from "./packages.mjs";
import { made } from "./sdk.mjs";

const PACKAGE = "npm @authsignal/browser";

// Loads a script of a third party, which no story may.
const LEFT_OUT = ["initAdvancedProfiling"];

// The calls that somebody can make, by the names that they have.
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

// What these call by themselves, and nobody else.
const INNER = /^launchWith|\.(storeCredentialAgainstDevice|doesBrowserSupportConditionalCreate)$/;

export default function (chromium) {
  for (const version of versions) {
    test(`${version}: every call was made`, () =>
      chromium.play(async (person) => {
        const all = await calls(await person.shop(version));
        const open = all.filter((name) => !INNER.test(name) && !LEFT_OUT.includes(name));
        assert.ok(open.length > 0);
        assert.deepEqual(open.filter((name) => !made.has(`${version} ${name}`)), []);
      }));
  }

  test("what each version was answered with success is known", () => {
    const file = join(import.meta.dirname, "../sdk/exercised.json");
    const written = JSON.parse(readFileSync(file, "utf8"));
    const entries = Object.entries(exercised).map(([version, sent]) => [version, [...sent].sort().join(" ")]);
    // As text: by version, as the tests of the other packages write it.
    const sent = Object.fromEntries(entries.sort(([one], [two]) => (one < two ? -1 : 1)));
    if (process.env.INSTA_UPDATE === "always") {
      const sorted = Object.entries({ ...written, [PACKAGE]: sent }).sort(([one], [two]) => (one < two ? -1 : 1));
      writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
    } else {
      const advice = "not what exercised.json says; if it is right, run with INSTA_UPDATE=always";
      assert.deepEqual(sent, written[PACKAGE], advice);
    }
  });
}
