// The packages as npm installs them in a clean place: `npx stepup-mock`, and what it says where there is no program.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import test, { after } from "node:test";

import { lines } from "../../../../tests/browser/program.mjs";
import { howToInstall, installedProgram, whyNone } from "../src/platform.js";
import { packAll } from "../pack.mjs";
import { PROGRAM } from "./project.mjs";

const TARBALLS = /** @type {string} */ (process.env.TARBALLS).split("\n");
const SECRET = "mock-authsignal-secret-0123456789abcdef";
const clean = mkdtempSync(join(tmpdir(), "stepup-mock-clean-"));
after(() => rmSync(clean, { recursive: true }));

// Offline, because the tarballs are all there is: nothing of these names may come from elsewhere.
const npm = ["--offline", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
execFileSync("npm", ["install", ...npm, "--cache", join(clean, "cache"), ...TARBALLS], { cwd: clean, stdio: "inherit" });

/** @param {string[]} args */
const npx = (...args) => spawnSync("npx", ["--no-install", "stepup-mock", ...args], { cwd: clean, encoding: "utf8" });

test("npx runs the program, and hands on its exit code", () => {
  const { status, stdout } = npx("--version");
  assert.deepEqual([status, stdout], [0, execFileSync(PROGRAM, ["--version"], { encoding: "utf8" })]);
  const wrong = npx("--no-such-flag");
  assert.deepEqual([wrong.status, wrong.stderr.includes("--no-such-flag")], [2, true], wrong.stderr);
});

test("npx serves a step-up, and ends with a signal", async () => {
  // npx starts a shell, which does not hand on a signal, so the test starts what npx would.
  const launcher = join(clean, "node_modules/.bin/stepup-mock");
  const child = spawn(launcher, ["--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
  const url = (await lines("npx stepup-mock", child)()).replace("listening on ", "");
  const health = npx("health", "--url", url);
  assert.equal(health.status, 0, health.stderr);

  /**
   * @param {string} path
   * @param {string} authorization
   * @param {object} body
   */
  const call = async (path, authorization, body) => {
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${url}/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, await answer.clone().text());
    return await answer.json();
  };
  const server = `Basic ${btoa(`${SECRET}:`)}`;
  await call("/users/ada/authenticators", server, { verificationMethod: "EMAIL_OTP", email: "ada@example.com" });
  const tracked = await call("/users/ada/actions/pay", server, { redirectUrl: "http://localhost:4750/" });
  assert.equal(tracked.state, "CHALLENGE_REQUIRED");
  // What the hosted page does for the user.
  await call("/client/challenge/email-otp", `Bearer ${tracked.token}`, {});
  const { messages } = await (await fetch(`${url}/_mock/messages`)).json();
  const passed = await call("/client/verify/email-otp", `Bearer ${tracked.token}`, { verificationCode: messages[0].code });
  assert.equal((await call("/validate", server, { token: passed.accessToken })).isValid, true);

  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  await assert.rejects(fetch(`${url}/_mock/health`));
});

test("npx says what to do if the package of this platform is missing", () => {
  const name = join(clean, "node_modules/@stepup-mock");
  renameSync(name, `${name}-away`);
  const { status, stderr } = npx();
  renameSync(`${name}-away`, name);
  assert.equal(status, 1);
  assert.match(stderr, /^stepup-mock cannot start: the package @stepup-mock\/\S+ is not installed\. Do one of these:\n {2}- install it: npm install --include=optional/);
  assert.match(stderr, /- build it with Rust: cargo install/);
});

test("a platform without a package is named", () => {
  assert.equal(installedProgram("sunos-x64"), undefined);
  assert.match(whyNone("sunos-x64"), /^no package has stepup-mock for sunos-x64, only for darwin-arm64, /);
  assert.equal(howToInstall("sunos-x64"), "");
});

test("the licences beside a program are in its package", () => {
  const platform = `${process.platform}-${process.arch}`;
  const folder = join(clean, "licences");
  mkdirSync(folder);
  const program = join(folder, basename(PROGRAM));
  // What says which platform it is for is at its beginning. To pack the whole program takes long.
  writeFileSync(program, readFileSync(PROGRAM).subarray(0, 4096));
  const packed = () => execFileSync("tar", ["-tf", packAll(folder, { [platform]: program })[0]], { encoding: "utf8" }).split("\n");
  assert.ok(!packed().includes("package/THIRD-PARTY-NOTICES.txt"));
  writeFileSync(join(folder, "THIRD-PARTY-NOTICES.txt"), "Licences of others");
  assert.ok(packed().includes("package/THIRD-PARTY-NOTICES.txt"));
});

test("a program of another platform is not packed", () => {
  const other = process.platform === "darwin" ? "linux-x64" : "darwin-x64";
  assert.throws(() => packAll(clean, { [other]: PROGRAM }), /is a program for .*, not for /);
  assert.throws(() => packAll(clean, { [other]: import.meta.filename }), /is a program for unknown, not for /);
  assert.throws(() => packAll(clean, { "sunos-x64": PROGRAM }), /^Error: sunos-x64 is not a platform; the platforms are: darwin-arm64, /);
});
