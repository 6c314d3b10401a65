// Tests the package as its users have it: packed, and installed in a project with each test runner.
//
// Usage: node run.mjs MOCK FOLDER, with the mock's program and a folder to keep the project in.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { install } from "../../../../tests/browser/npm.mjs";

const here = import.meta.dirname;
const source = resolve(here, "..");
const [mock, folder] = process.argv.slice(2).map((path) => resolve(path));

/** Installs what `npm pack` packs, and nothing else. */
function installPackage() {
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: source, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }),
  );
  const target = join(folder, "node_modules/stepup-mock");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  execFileSync("tar", ["-xf", join(folder, filename), "--strip-components=1", "-C", target]);
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
installPackage();
for (const part of ["project", "failing"]) {
  rmSync(join(folder, part), { recursive: true, force: true });
  cpSync(join(here, part), join(folder, part), { recursive: true });
}
checkTypes();
const env = { ...process.env, STEPUP_MOCK: mock, PROJECT: folder };
const tests = ["runners", "program", "docs"].map((name) => join(here, `${name}.test.mjs`));
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...tests], { env, stdio: "inherit" });
process.exitCode = status ?? 1;
