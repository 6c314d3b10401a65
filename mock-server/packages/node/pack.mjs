// Packs what npm gets: a package for each program that is given, and the package `stepup-mock`, which depends on them.
//
// Usage: node pack.mjs FOLDER PLATFORM=PROGRAM..., such as: node pack.mjs target/npm linux-x64=target/debug/stepup-mock
// It prints the path of each tarball, and refuses a program of another platform. If the licences of what a program contains are
// beside it, as those of a release are, they get into its package, too.

import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { packageOf, PLATFORMS, programOf } from "./src/platform.js";

const HERE = import.meta.dirname;
const LICENSES = ["LICENSE-APACHE", "LICENSE-MIT"];
const NOTICES = "THIRD-PARTY-NOTICES.txt";
const OURS = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));

/**
 * The platform that a program is for, as Node names it; "unknown" for anything else.
 * @param {string} file
 */
function platformOf(file) {
  const head = Buffer.alloc(4096);
  const open = openSync(file, "r");
  readSync(open, head, 0, head.length, 0);
  closeSync(open);
  const cpu = (/** @type {number} */ machine, /** @type {Record<number, string>} */ known) => known[machine] ?? "unknown";
  if (head.readUInt32BE(0) === 0x7f454c46) return `linux-${cpu(head.readUInt16LE(18), { 0x3e: "x64", 0xb7: "arm64" })}`;
  if (head.readUInt32LE(0) === 0xfeedfacf) return `darwin-${cpu(head.readUInt32LE(4), { 0x1000007: "x64", 0x100000c: "arm64" })}`;
  if (head.readUInt16BE(0) === 0x4d5a) {
    const header = Math.min(head.readUInt32LE(0x3c), head.length - 6);
    return `win32-${cpu(head.readUInt16LE(header + 4), { 0x8664: "x64", 0xaa64: "arm64" })}`;
  }
  return "unknown";
}

/**
 * Packs a folder, and returns the path of the tarball.
 * @param {string} source
 * @param {string} folder
 */
function pack(source, folder) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  // On Windows, npm is a script, which starts in a shell only.
  const options = { cwd: source, encoding: /** @type {const} */ ("utf8"), shell: process.platform === "win32" };
  const [{ filename }] = JSON.parse(execFileSync("npm", args, { ...options, stdio: ["ignore", "pipe", "inherit"] }));
  return join(folder, filename);
}

/**
 * Packs the package of a platform.
 * @param {string} platform
 * @param {string} program
 * @param {string} folder
 */
function packPlatform(platform, program, folder) {
  const [os, cpu] = platform.split("-");
  const source = mkdtempSync(join(tmpdir(), "stepup-mock-pack-"));
  const target = join(source, programOf(platform));
  mkdirSync(dirname(target));
  cpSync(program, target);
  chmodSync(target, 0o755);
  for (const license of LICENSES) cpSync(join(HERE, license), join(source, license));
  const notices = join(dirname(program), NOTICES);
  if (existsSync(notices)) cpSync(notices, join(source, NOTICES));
  const name = packageOf(platform);
  writeFileSync(join(source, "README.md"), `# ${name}\n\nThe program of the package \`stepup-mock\` for ${os} on ${cpu}. Install \`stepup-mock\`.\n`);
  const { version, license } = OURS;
  const description = `The program of the package stepup-mock for ${os} on ${cpu}.`;
  // Yarn's Plug'n'Play keeps packages in archives, and no program starts from there.
  const manifest = { name, version, description, license, os: [os], cpu: [cpu], files: ["bin", "LICENSE-*", NOTICES], preferUnplugged: true };
  writeFileSync(join(source, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  try {
    return pack(source, folder);
  } finally {
    rmSync(source, { recursive: true });
  }
}

/**
 * Packs all, and returns the paths of the tarballs.
 * @param {string} folder
 * @param {Record<string, string>} programs by platform
 */
export function packAll(folder, programs) {
  for (const [platform, program] of Object.entries(programs)) {
    if (!PLATFORMS.includes(platform)) throw new Error(`${platform} is not a platform; the platforms are: ${PLATFORMS.join(", ")}`);
    const found = platformOf(program);
    if (found !== platform) throw new Error(`${program} is a program for ${found}, not for ${platform}`);
  }
  mkdirSync(folder, { recursive: true });
  return [...Object.entries(programs).map(([platform, program]) => packPlatform(platform, program, folder)), pack(HERE, folder)];
}

if (process.argv[1] === import.meta.filename) {
  const [folder, ...programs] = process.argv.slice(2);
  if (!programs.length || programs.some((one) => !one.includes("="))) {
    console.error("usage: node pack.mjs FOLDER PLATFORM=PROGRAM...");
    process.exit(2);
  }
  try {
    const pairs = programs.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]);
    console.log(packAll(resolve(folder), Object.fromEntries(pairs)).join("\n"));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
