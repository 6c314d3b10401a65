// The packages of package.json, in the versions that the lock file says: installs them, and finds them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const FILES = ["package.json", "package-lock.json"];
const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));
let installed;

export function install(folder) {
  installed = resolve(folder);
  const wanted = readFileSync(join(import.meta.dirname, "package-lock.json"), "utf8");
  const marker = join(installed, "complete");
  try {
    if (readFileSync(marker, "utf8") === wanted) {
      return;
    }
  } catch (error) {
    assert.equal(error.code, "ENOENT");
  }
  rmSync(installed, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  for (const file of FILES) {
    cpSync(join(import.meta.dirname, file), join(installed, file));
  }
  const quiet = ["--silent", "--no-audit", "--no-fund", "--no-update-notifier"];
  execFileSync("npm", ["ci", "--ignore-scripts", ...quiet], { cwd: installed, stdio: "inherit" });
  // Written last: a folder without it, or for another lock file, was not finished.
  writeFileSync(marker, wanted);
}

export function load(name) {
  return import(pathToFileURL(createRequire(join(installed, "package.json")).resolve(name)));
}

// The text of a package's file.
export function text(name, file) {
  return readFileSync(join(installed, "node_modules", name, file), "utf8");
}

const PREFIX = "authsignal-";

// The versions of the vendor's SDK, oldest first.
export const versions = Object.keys(dependencies)
  .filter((name) => name.startsWith(PREFIX))
  .map((name) => name.slice(PREFIX.length))
  .sort((one, two) => one.localeCompare(two, "en", { numeric: true }));

export const newest = versions.at(-1);

export const since = (first) => versions.slice(versions.indexOf(first));

// The file that a bundler or a script of type module takes of a version.
export function module(version) {
  const { exports, module } = JSON.parse(text(PREFIX + version, "package.json"));
  return text(PREFIX + version, exports?.["."].import ?? module);
}
