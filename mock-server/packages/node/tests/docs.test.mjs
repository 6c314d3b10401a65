// The examples of docs/test-double/node.md, of checkout.md beside it and of the README run as they are written.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";

import { startMock } from "../../../../tests/browser/program.mjs";
import { bin, PROGRAM, PROJECT, run } from "./project.mjs";

const pages = ["../../../../docs/test-double/node.md", "../../../../docs/test-double/checkout.md", "../README.md"];
const page = pages.map((name) => readFileSync(resolve(import.meta.dirname, name), "utf8")).join("\n");
const blocks = [...page.matchAll(/```(?:js|ts|json)\n(?:\/\/ (\S+)\n)?([^]*?)```/g)].map(([, name, text]) => ({ name, text }));
/** The files of each runner's project. @type {Record<string, RegExp>} */
const projects = { vitest: /^vitest\.config\.js$|^(shop|app)\.ts$|\.test\.ts$/, jest: /^jest\.config\.json$|\.spec\.js$/, node: /\.mjs$/ };

rmSync(join(PROJECT, "docs"), { recursive: true, force: true });
for (const [runner, its] of Object.entries(projects)) {
  const folder = join(PROJECT, "docs", runner);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), runner === "vitest" ? '{ "type": "module" }' : "{}");
  for (const { name, text } of blocks.filter((one) => its.test(one.name))) {
    writeFileSync(join(folder, name), text);
  }
}

test("every example is a file of one of the projects", () => {
  const homeless = blocks.filter(({ name }) => !Object.values(projects).some((its) => its.test(name)));
  assert.deepEqual(homeless, []);
});

test("vitest", () => {
  const { status, output } = run("docs/vitest", [bin("vitest"), "run", "--no-color"]);
  assert.equal(status, 0, output);
  assert.match(output, /Tests {2}13 passed/);
});

test("jest", () => {
  const { status, output } = run("docs/jest", [bin("jest"), "--no-color"]);
  assert.equal(status, 0, output);
  assert.match(output, /Tests: +1 passed/);
});

test("node:test", () => {
  const { status, output } = run("docs/node", ["--test", "--test-reporter=spec", "payment.test.mjs"]);
  assert.equal(status, 0, output);
  assert.match(output, /^pass 1$/m);
});

test("an application that runs beside the mock", async (t) => {
  const { child, url } = await startMock(PROGRAM);
  t.after(() => child.kill());
  const { status, output } = run("docs/node", ["--test", "--test-reporter=spec", "end-to-end.mjs"], { STEPUP_MOCK_URL: url });
  assert.equal(status, 0, output);
  assert.match(output, /^pass 1$/m);
});
