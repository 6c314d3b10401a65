// Tests the package as its users have it: packed, and installed in a project with each test runner.
//
// Usage: node run.mjs MOCK FOLDER, with the mock's program and a folder to keep the project in.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { install } from "../../../../tests/browser/npm.mjs";
import { packAll } from "../pack.mjs";
import { packageOf, programOf } from "../src/platform.js";

const here = import.meta.dirname;
const source = resolve(here, "..");
const [mock, folder] = process.argv.slice(2).map((path) => resolve(path));
const platform = `${process.platform}-${process.arch}`;
const name = packageOf(platform);

/**
 * Unpacks a tarball of npm in node_modules of the project: npm would look for the packages of other platforms, too.
 * @param {string} tarball
 * @param {string} installed its name
 */
function unpack(tarball, installed) {
  const target = join(folder, "node_modules", installed);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-xf", tarball, "--strip-components=1", "-C", target]);
}

/** The types of the package itself, where it is installed: the test runners are there. A test checks those of the project. */
function checkTypes() {
  const config = join(folder, "tsconfig.package.json");
  const include = ["*.js", "*.d.ts", "src/*.js"].map((files) => `node_modules/stepup-mock/${files}`);
  // By default, node_modules is left out.
  writeFileSync(config, JSON.stringify({ extends: relative(folder, join(source, "tsconfig.json")), include, exclude: [] }));
  execFileSync(join(folder, "node_modules/.bin/tsc"), ["--project", config], { stdio: "inherit" });
}

install(here, folder);
const tarballs = packAll(join(folder, "tarballs"), { [platform]: mock });
assert.equal(tarballs.length, 2);
unpack(tarballs[0], name);
unpack(tarballs[1], "stepup-mock");
for (const part of ["project", "failing"]) {
  rmSync(join(folder, part), { recursive: true, force: true });
  cpSync(join(here, part), join(folder, part), { recursive: true });
}
checkTypes();
const program = join(folder, "node_modules", name, programOf(platform));
// The tests start the program that is installed, and know where it is.
const env = { ...process.env, STEPUP_MOCK: "", PROGRAM: program, PROJECT: folder, TARBALLS: tarballs.join("\n") };
const tests = ["install", "runners", "program", "docs"].map((file) => join(here, `${file}.test.mjs`));
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...tests], { env, stdio: "inherit" });
process.exitCode = status ?? 1;
