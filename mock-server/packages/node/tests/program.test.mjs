// The mock as a program: one that runs already, is missing, does not start, or dies.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import { lines, startMock as startProgram } from "../../../../tests/browser/program.mjs";
import { Control } from "../src/control.js";
import { Inbox } from "../src/inbox.js";
import { PROGRAM, PROJECT, runners } from "./project.mjs";

/** @type {typeof import("../index.js")} */
const { MockNotFound, MockUnreachable, startMock } = await import(
  pathToFileURL(createRequire(join(PROJECT, "package.json")).resolve("stepup-mock")).href
);

/**
 * Why a mock does not start with these environment variables.
 * @param {Record<string, string>} given
 * @param {{ args?: string[] }} [options]
 */
async function refusal(given, options) {
  const before = { STEPUP_MOCK: "", STEPUP_MOCK_URL: "" };
  Object.assign(process.env, given);
  try {
    const mock = await startMock(options);
    await mock.stop();
  } catch (error) {
    return error;
  } finally {
    Object.assign(process.env, before);
  }
  throw new Error("it has started");
}

test("a mock that runs already is used, and left running", async (t) => {
  const { child, url } = await startProgram(PROGRAM);
  t.after(() => child.kill());
  for (const [name, start] of Object.entries(runners)) {
    const { status, output } = start("project", { STEPUP_MOCK_URL: `${url}/`, STEPUP_MOCK: "/nowhere", ONLY: "step-up" });
    assert.equal(status, 0, `${name}: ${output}`);
  }
  // The tenant of the mock itself is there, and those of the tests are gone.
  const { tenants } = await (await fetch(`${url}/_mock/tenants`)).json();
  assert.equal(tenants.length, 1);
});

test("an application that has kept the documented secret is refused", async () => {
  const mock = await startMock();
  try {
    const authorization = `Basic ${btoa("mock-authsignal-secret-0123456789abcdef:")}`;
    assert.equal((await fetch(`${mock.url}/v1/users/ada`, { headers: { authorization } })).status, 401);
  } finally {
    await mock.stop();
  }
});

test("a URL where no mock is", async () => {
  const nobody = await refusal({ STEPUP_MOCK_URL: "http://127.0.0.1:4" });
  assert.ok(nobody instanceof MockUnreachable);
  assert.match(nobody.message, /^the mock at http:\/\/127\.0\.0\.1:4 does not answer \(ECONNREFUSED\)\nCheck that a mock runs there, and STEPUP_MOCK_URL\.$/);
  const { message } = await refusal({ STEPUP_MOCK_URL: "127.0.0.1:4750" });
  assert.equal(message, '"127.0.0.1:4750" is no URL of a mock; it looks like http://127.0.0.1:4750');
});

test("the URL of an API is refused with that of the mock", async () => {
  for (const api of ["/v1", "/v1/", "/v1/client", "/v1/management", "/_mock"]) {
    const { message } = await refusal({ STEPUP_MOCK_URL: `http://127.0.0.1:4750${api}` });
    assert.equal(message, `"http://127.0.0.1:4750${api}" is the URL of an API of a mock; that of the mock itself is http://127.0.0.1:4750`);
  }
});

test("a URL where something else is", async (t) => {
  const server = createServer((_, answer) => answer.end("<html>")).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
  const { message } = await refusal({ STEPUP_MOCK_URL: url });
  assert.equal(message, `${url} is no stepup-mock: GET /_mock/health answered 200`);
});

test("a mock that stops while a test waits for a message", async (t) => {
  const server = createServer(({ url }, answer) => {
    answer.end(JSON.stringify({ messages: [], ...(url?.includes("wait=") && { stopped: true }) }));
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
  const inbox = new Inbox(new Control(url, () => Promise.resolve("")), "t");
  await assert.rejects(inbox.waitFor(undefined, { timeout: 60_000 }), {
    name: "MockUnreachable",
    message: "the mock stopped while the test waited for a message",
  });
});

test("a path without a program, and one that cannot start", async () => {
  const nowhere = await refusal({ STEPUP_MOCK: "/nowhere/stepup-mock" });
  assert.ok(nowhere instanceof MockNotFound);
  assert.equal(nowhere.message, "STEPUP_MOCK is /nowhere/stepup-mock, and no program is there");
  const file = join(PROJECT, "no-program");
  writeFileSync(file, "#!/nowhere/sh\n", { mode: 0o755 });
  assert.match((await refusal({ STEPUP_MOCK: file })).message, /^cannot start .*no-program: /);
});

test("a program that does not start says why", async () => {
  const { message } = await refusal({}, { args: ["--seed", "/nowhere.json"] });
  assert.match(message, /did not start:\n[^]*\/nowhere\.json/);
});

test("flags that the package needs itself, and arguments in one text, say what to do", async () => {
  for (const args of [["--strict", "--listen", "127.0.0.1:4767"], ["--listen=127.0.0.1:4767"], ["--ready-json"]]) {
    const { message } = await refusal({}, { args });
    assert.match(message, /^--\S+ is not for you to pass: this package starts the mock on a free port, and ends it\. /);
    assert.ok(message.endsWith(`start \`stepup-mock ${args.join(" ")}\` yourself, and set STEPUP_MOCK_URL to its URL.`), message);
  }
  const { message } = await refusal({}, { args: /** @type {any} */ ("--seed demo") });
  assert.equal(message, 'the arguments of the mock are a list: startMock({ args: ["--seed", "demo"] }), not "--seed demo"');
});

test("a deterministic mock makes secrets of names", async () => {
  const secrets = async () => {
    const mock = await startMock({ args: ["--deterministic"] });
    const made = [];
    for (const name of ["ada", "bob", "ada"]) made.push((await mock.createTenant({ name })).apiSecretKey);
    await mock.stop();
    return made;
  };
  const [first, second] = [await secrets(), await secrets()];
  // One of a name that is taken gets another secret.
  assert.equal(new Set(first).size, 3);
  assert.deepEqual(first.slice(0, 2), second.slice(0, 2));
});

test("a mock that died says so, and how", async () => {
  const mock = await startMock();
  const tenant = await mock.createTenant();
  const { stdout } = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  const line = stdout.split("\n").find((one) => one.includes(`${PROGRAM} `));
  process.kill(Number.parseInt(line ?? "", 10), "SIGKILL");
  await gone(mock.url);
  await assert.rejects(tenant.clock.now(), (error) => {
    assert.ok(error instanceof MockUnreachable);
    assert.match(error.message, /stepup-mock has ended with SIGKILL\. The end of its log:\n {2}\(it is empty\)/);
    return true;
  });
  await mock.stop();
});

test("a process that is killed leaves no mock", async () => {
  const script = `
    import { startMock } from "stepup-mock";
    const mock = await startMock();
    console.log(mock.url);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { cwd: PROJECT, stdio: ["ignore", "pipe", "inherit"] });
  const url = await lines("the script", child)();
  assert.ok((await fetch(`${url}/_mock/health`)).ok);
  child.kill("SIGKILL");
  await gone(url);
});

/**
 * Waits until a mock has ended, for longer than it gives open requests.
 * @param {string} url
 */
async function gone(url) {
  for (let left = 200; left; left -= 1) {
    try {
      await fetch(`${url}/_mock/health`);
    } catch {
      return;
    }
    await sleep(50);
  }
  throw new Error(`${url} still answers`);
}
