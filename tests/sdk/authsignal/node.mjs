// Drives every published version of the vendor's Node SDK, each against a mock of its own.
//
// Usage: node node.mjs MOCK FOLDER, with the mock's program and a folder to keep the SDKs in. The versions are those of
// node/package.json. What each of them was answered with success is compared with exercised.json;
// INSTA_UPDATE=always writes it there instead.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const PACKAGE = "npm @authsignal/node";
const [program, folder] = process.argv.slice(2).map((path) => resolve(path));
const here = import.meta.dirname;
const exercised = join(here, "../exercised.json");
const updating = process.env.INSTA_UPDATE === "always";

// All versions at once, each under a name of its own, in the versions that the lock file says.
function install() {
  const wanted = readFileSync(join(here, "node/package-lock.json"), "utf8");
  const marker = join(folder, "complete");
  try {
    if (readFileSync(marker, "utf8") === wanted) {
      return;
    }
  } catch (error) {
    assert.equal(error.code, "ENOENT");
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, "node"), folder, { recursive: true });
  const quiet = ["--silent", "--no-audit", "--no-fund", "--no-update-notifier"];
  execFileSync("npm", ["ci", "--ignore-scripts", ...quiet], { cwd: folder, stdio: "inherit" });
  // Written last: a folder without it, or for another lock file, was not finished.
  writeFileSync(marker, wanted);
}

async function drive(version) {
  const mock = spawn(program, ["--listen", "127.0.0.1:0", "--ready-json", "--log", "off"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const [line] = await Promise.race([
      once(createInterface(mock.stdout), "line"),
      once(mock, "exit").then(() => assert.fail(`${program} does not start`)),
    ]);
    const { url, authsignal } = JSON.parse(line);
    const env = { PATH: process.env.PATH, MOCK_URL: url, AUTHSIGNAL_API_SECRET: authsignal.tenants[0].apiSecret };
    const driver = spawnSync(process.execPath, [join(here, "driver.mjs"), version, folder], { env, encoding: "utf8" });
    const { requests } = await (await fetch(`${url}/_mock/journal?limit=10000`)).json();
    if (driver.status !== 0) {
      const asked = requests.reverse().map(({ status, method, target, operation, reason }) =>
        `  ${status} ${method} ${target} (${operation ?? "no operation"})${reason ? `: ${reason}` : ""}`);
      const said = [driver.stdout + driver.stderr, "What the mock was asked:", ...asked];
      throw new Error(`driving ${PACKAGE} ${version} failed:\n${said.join("\n")}`);
    }
    process.stdout.write(driver.stdout);
    const operations = requests.filter(({ status }) => status < 300).map(({ operation }) => operation);
    return [...new Set(operations)].sort().join(" ");
  } finally {
    mock.kill();
  }
}

install();
const { dependencies } = JSON.parse(readFileSync(join(here, "node/package.json"), "utf8"));
const versions = Object.keys(dependencies).map((name) => name.replace("authsignal-", ""));
const sent = {};
for (const version of versions.sort()) {
  sent[version] = await drive(version);
}
const written = JSON.parse(readFileSync(exercised, "utf8"));
if (updating) {
  // Sorted by package, as the tests of the other packages write it.
  const sorted = Object.entries({ ...written, [PACKAGE]: sent }).sort(([one], [two]) => (one < two ? -1 : 1));
  writeFileSync(exercised, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
} else {
  const command = "INSTA_UPDATE=always node tests/sdk/authsignal/node.mjs MOCK FOLDER";
  assert.deepEqual(sent, written[PACKAGE], `not what exercised.json says; if it is right, run \`${command}\``);
}
