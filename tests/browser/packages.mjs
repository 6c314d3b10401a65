// The packages of package.json: the vendor's browser SDK in all its versions, two of its Node SDK, and the tools of the
// tests.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { install as installFrom } from "./npm.mjs";

const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));
let installed = "";

/**
 * Installs the packages into a folder, unless they are there already.
 * @param {string} folder
 */
export function install(folder) {
  installed = resolve(folder);
  installFrom(import.meta.dirname, installed);
}

/**
 * Imports an installed package.
 * @param {string} name
 */
export function load(name) {
  return import(pathToFileURL(createRequire(join(installed, "package.json")).resolve(name)).href);
}

/**
 * A version of the vendor's Node SDK.
 * @param {string} version
 */
export const node = (version) => load(`node-${version}`);

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
