// Drives every published version of the vendor's Node SDK, each against a mock of its own.
//
// Usage: node node.mjs MOCK FOLDER, with the mock's program and a folder to keep the SDKs in. The versions are those of
// node/package.json. exercised.json lists the answers that each version got; INSTA_UPDATE=always writes the list instead.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { install } from "../../browser/npm.mjs";
import { requestLine, startMock } from "../../browser/program.mjs";

const PACKAGE = "npm @authsignal/node";
const [program, folder] = process.argv.slice(2).map((path) => resolve(path));
const here = import.meta.dirname;
const exercised = join(here, "../exercised.json");
const updating = process.env.INSTA_UPDATE === "always";

async function drive(version) {
  const { child, url, apiSecret } = await startMock(program);
  try {
    const env = { PATH: process.env.PATH, MOCK_URL: url, AUTHSIGNAL_API_SECRET: apiSecret };
    const driver = spawnSync(process.execPath, [join(here, "driver.mjs"), version, folder], { env, encoding: "utf8" });
    const { requests } = await (await fetch(`${url}/_mock/journal?limit=10000`)).json();
    if (driver.status !== 0) {
      const output = [driver.stdout + driver.stderr, "Requests to the mock:", ...requests.reverse().map(requestLine)];
      throw new Error(`driving ${PACKAGE} ${version} failed:\n${output.join("\n")}`);
    }
    process.stdout.write(driver.stdout);
    const answers = requests.filter(({ operation }) => operation).map(({ operation, status }) => `${operation}:${status}`);
    return [...new Set(answers)].sort().join(" ");
  } finally {
    child.kill();
  }
}

/** The driver again, by https: Node trusts the mock's authority. */
async function trustsTheAuthority(version) {
  const kept = mkdtempSync(join(tmpdir(), "stepup-mock-"));
  const { child, httpsUrl, caFile, apiSecret } = await startMock(program, "--tls", "--tls-ca-dir", kept);
  try {
    const env = {
      PATH: process.env.PATH,
      MOCK_URL: httpsUrl,
      NODE_EXTRA_CA_CERTS: caFile,
      AUTHSIGNAL_API_SECRET: apiSecret,
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(here, "driver.mjs"), version, folder], {
      env,
      encoding: "utf8",
    });
    assert.equal(status, 0, `${PACKAGE} ${version} over https:\n${stdout}${stderr}`);
  } finally {
    child.kill();
    rmSync(kept, { recursive: true });
  }
}

async function makesUpSecrets(version) {
  const { child, url } = await startMock(program, "--tenants-on-demand");
  try {
    const env = { PATH: process.env.PATH, MOCK_URL: url };
    const { status, stderr } = spawnSync(process.execPath, [join(here, "on-demand.mjs"), version, folder], { env, encoding: "utf8" });
    assert.equal(status, 0, `made-up secrets, ${PACKAGE} ${version}:\n${stderr}`);
  } finally {
    child.kill();
  }
}

async function showFaults(version) {
  const { child, url } = await startMock(program);
  try {
    const env = { PATH: process.env.PATH, MOCK_URL: url };
    const shown = spawnSync(process.execPath, [join(here, "faults.mjs"), version, folder], { env, encoding: "utf8" });
    if (shown.status !== 0) {
      throw new Error(`faults with ${PACKAGE} ${version} failed:\n${shown.stdout}${shown.stderr}`);
    }
    process.stdout.write(shown.stdout);
  } finally {
    child.kill();
  }
}

install(join(here, "node"), folder);
const { dependencies } = JSON.parse(readFileSync(join(here, "node/package.json"), "utf8"));
const versions = Object.keys(dependencies).map((name) => name.replace("authsignal-", ""));
const sent = {};
for (const version of versions.sort()) {
  sent[version] = await drive(version);
}
await trustsTheAuthority(Object.keys(sent).at(-1));
await makesUpSecrets(Object.keys(sent).at(-1));
await showFaults(Object.keys(sent).at(-1));
const written = JSON.parse(readFileSync(exercised, "utf8"));
if (updating) {
  // Sorted by package, as the tests of the other packages write it.
  const sorted = Object.entries({ ...written, [PACKAGE]: sent }).sort(([one], [two]) => (one < two ? -1 : 1));
  writeFileSync(exercised, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
} else {
  const command = "INSTA_UPDATE=always node tests/sdk/authsignal/node.mjs MOCK FOLDER";
  assert.deepEqual(sent, written[PACKAGE], `exercised.json differs; if the new list is right, run \`${command}\``);
}
