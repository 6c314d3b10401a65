// Each test runner: the tests of the project pass, and a test that fails shows its journal.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { renameSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { bin, PROGRAM, PROJECT, run, runners } from "./project.mjs";

test("the project is typed", () => {
  execFileSync(bin("tsc"), ["--project", join(PROJECT, "project/tsconfig.json")], { stdio: "inherit" });
});

for (const [name, start] of Object.entries(runners)) {
  test(`${name}: the project's tests pass`, () => {
    const { status, output } = start("project");
    assert.equal(status, 0, output);
    assert.ok(!output.includes("Requests to stepup-mock"), output);
  });

  test(`${name}: a test that fails shows its journal`, () => {
    const { status, output } = start("failing");
    assert.notEqual(status, 0);
    for (const line of [
      /Requests to stepup-mock \(app_/,
      /200 POST \/v1\/users\/fails\/actions\/pay \(track\)/,
      / request: \{\}/,
      / answer: \{"state":"ALLOW"/,
      /400 POST \/v1\/users\/fails\/authenticators \(enroll_verified_authenticator\)\n.* refused: /,
      /The mock got no request with the credentials of this test's tenant\./,
      /Requests that belong to no tenant, from this test or from one beside it:\n.*401 POST \/v1\/users\/hangs\/actions\/pay/,
    ]) {
      assert.match(output, line);
    }
    assert.ok(!output.includes("/users/passes/"), output);
    const journals = new Set(output.match(/Requests to stepup-mock \(app_.{16}\)/g));
    assert.equal(journals.size, 2, output);
  });

  test(`${name}: no program is installed`, (t) => {
    renameSync(PROGRAM, `${PROGRAM}.away`);
    t.after(() => renameSync(`${PROGRAM}.away`, PROGRAM));
    const { status, output } = start("failing", { PATH: join(PROJECT, "nothing") });
    assert.notEqual(status, 0);
    assert.match(output, /There is no stepup-mock to start: the package @stepup-mock\/\S+ is not installed, and none is on the PATH\./);
    assert.match(output, /- install it: npm install --include=optional/);
    assert.match(output, /\b1 passed\b|^pass 1$/m);
  });
}

const hasGlobalSetup = Number.parseInt(process.versions.node, 10) >= 24;

test("node:test: one mock for the files of a run", { skip: !hasGlobalSetup && "Node 24 has --test-global-setup" }, () => {
  const setup = "--test-global-setup=../node_modules/stepup-mock/node-test-setup.js";
  // The same file twice, under two names.
  const { status, output } = run("failing", ["--test", "--test-reporter=spec", setup, "url.node.mjs", "url-again.node.mjs"]);
  assert.equal(status, 0, output);
  const urls = output.match(/http:\/\/127\.0\.0\.1:\d+/g) ?? [];
  assert.deepEqual([urls.length, new Set(urls).size], [2, 1], output);
});

test("vitest without globalSetup", () => {
  const { output } = run("failing", [bin("vitest"), "run", "--no-color", "--config", "alone.config.js"]);
  assert.match(output, /200 POST \/v1\/users\/fails\/actions\/pay/);
  assert.match(output, /2 failed \| 2 passed/);
});

test("a run leaves no mock behind", () => {
  const { stdout } = spawnSync("ps", ["-A", "-o", "args"], { encoding: "utf8" });
  // By its flag: other tests may run beside these, with mocks of their own.
  const ours = stdout.split("\n").filter((line) => line.startsWith(`${PROGRAM} `) && line.includes("--stop-with-stdin"));
  assert.deepEqual(ours, []);
});
