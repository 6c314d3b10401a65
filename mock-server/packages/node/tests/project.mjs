// The project that run.mjs has made, and how its test runners start.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

export const PROJECT = /** @type {string} */ (process.env.PROJECT);
/** The program in the package of this platform. */
export const PROGRAM = /** @type {string} */ (process.env.PROGRAM);

/** @param {string} name */
export const bin = (name) => join(PROJECT, "node_modules/.bin", name);

/**
 * @param {string} folder
 * @param {string[]} command
 * @param {Record<string, string>} [env]
 */
export function run(folder, [program, ...args], env = {}) {
  const child = spawnSync(process.execPath, [program, ...args], {
    cwd: join(PROJECT, folder),
    // A node:test that sees the context of this one would speak to it in its own language.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, STEPUP_MOCK_URL: "", ...env },
    encoding: "utf8",
    timeout: 300_000,
  });
  // node:test marks a diagnostic.
  const output = stripVTControlCharacters(child.stdout + child.stderr).replace(/^ℹ /gm, "");
  return { status: child.status, output };
}

/** Each runs the tests of a folder. @type {Record<string, (folder: string, env?: Record<string, string>) => { status: number | null, output: string }>} */
export const runners = {
  vitest: (folder, env) => run(folder, [bin("vitest"), "run", "--no-color", ...(env?.ONLY ? [env.ONLY] : [])], env),
  jest: (folder, env) => run(folder, [bin("jest"), "--no-color"], env),
  "node:test": (folder, env) =>
    run(folder, ["--test", "--test-reporter=spec", folder === "project" ? "node-test/step-up.test.mjs" : "tests.node.mjs"], env),
};
