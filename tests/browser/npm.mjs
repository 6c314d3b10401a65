// Installs npm packages in the versions of a lock file, once for each lock file.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LOCK = "package-lock.json";

/**
 * Installs the packages that `source` names into `folder`, unless they are there already.
 * @param {string} source a folder with package.json and package-lock.json
 * @param {string} folder
 */
export function install(source, folder) {
  const wanted = readFileSync(join(source, LOCK), "utf8");
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
  for (const file of ["package.json", LOCK]) {
    cpSync(join(source, file), join(folder, file));
  }
  const quiet = ["--silent", "--no-audit", "--no-fund", "--no-update-notifier"];
  execFileSync("npm", ["ci", "--ignore-scripts", ...quiet], { cwd: folder, stdio: "inherit" });
  // Written last, so a folder without it is not complete.
  writeFileSync(marker, wanted);
}
