// Installs the packages of package.json in the versions of the lock file, and finds them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const FILES = ["package.json", "package-lock.json"];
const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));
let installed = "";

/**
 * Installs the packages into a folder, unless they are there already.
 * @param {string} folder
 */
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
  // Written last, so a folder without it is not complete.
  writeFileSync(marker, wanted);
}

/**
 * Imports an installed package.
 * @param {string} name
 */
export function load(name) {
  return import(pathToFileURL(createRequire(join(installed, "package.json")).resolve(name)).href);
}

/** The text of a file in an installed package. */
export function text(name, file) {
  return readFileSync(join(installed, "node_modules", name, file), "utf8");
}

const PREFIX = "authsignal-";

/** The versions of the vendor's SDK, oldest first. */
export const versions = Object.keys(dependencies)
  .filter((name) => name.startsWith(PREFIX))
  .map((name) => name.slice(PREFIX.length))
  .sort((one, two) => one.localeCompare(two, "en", { numeric: true }));

/** @type {string} */
export const newest = versions[versions.length - 1];

/** The versions from this one on. */
export const since = (first) => versions.slice(versions.indexOf(first));

/** The module of a version that bundlers and browsers use. */
export function module(version) {
  const { exports, module } = JSON.parse(text(PREFIX + version, "package.json"));
  return text(PREFIX + version, exports?.["."].import ?? module);
}
