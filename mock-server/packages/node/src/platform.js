// Where the program is. Each platform has a package with its program, and npm installs that of this machine. Knows nothing of
// mocks that run.
//
// The packages are in a scope, because a scope has one owner: nobody else can publish a package for one more platform.

import { createRequire } from "node:module";

/** The platforms that have a package, as Node names them. On Linux, the program is static: it needs neither glibc nor musl. */
export const PLATFORMS = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "win32-arm64", "win32-x64"];

/**
 * The package of a platform.
 * @param {string} platform
 */
export const packageOf = (platform) => `@stepup-mock/${platform}`;

/**
 * The program's path inside the package of a platform.
 * @param {string} platform
 */
export const programOf = (platform) => `bin/stepup-mock${platform.startsWith("win32") ? ".exe" : ""}`;

const HERE = `${process.platform}-${process.arch}`;

/** The path of the program that npm has installed, or nothing. */
export function installedProgram(platform = HERE) {
  if (!PLATFORMS.includes(platform)) return undefined;
  try {
    return createRequire(import.meta.url).resolve(`${packageOf(platform)}/${programOf(platform)}`);
  } catch {
    return undefined;
  }
}

/** Why npm has installed no program. */
export function whyNone(platform = HERE) {
  if (!PLATFORMS.includes(platform)) return `no package has stepup-mock for ${platform}, only for ${PLATFORMS.join(", ")}`;
  return `the package ${packageOf(platform)} is not installed`;
}

/** How to get npm to install the program, where that is possible. A line of a list, or nothing. */
export function howToInstall(platform = HERE) {
  if (!PLATFORMS.includes(platform)) return "";
  return `
  - install it: npm install --include=optional (on this platform: node_modules of another one has the program of that one)`;
}
