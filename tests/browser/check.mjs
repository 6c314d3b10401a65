// Checks every JavaScript file of the repository: its types by TypeScript, and the rest by ESLint.
//
// Usage: node check.mjs FOLDER, with a folder to keep the packages in.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { install, load } from "./packages.mjs";

const ROOT = resolve(import.meta.dirname, "../..");
const CONTROL_API = "openapi/mock-control.yaml";
// The scripts that the mock serves run in a browser, the tests in Node: each kind sees its own globals only.
const PROJECTS = ["mock-server/src/http", "tests"];
// Its types need the test runners: tests/run.mjs there checks them.
const PACKAGES = "mock-server/packages";
// What the example application serves, and others copy: plain JavaScript, without annotations.
const EXAMPLES = "client/examples";

const [given] = process.argv.slice(2);
if (!given) {
  console.error("usage: node check.mjs FOLDER");
  process.exit(2);
}
const folder = resolve(given);
const node = (...args) => execFileSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
const program = (name, path) => join(folder, "node_modules", name, path);

function checkTypes() {
  // What the desk asks for and gets is checked against the spec.
  const api = join(folder, "control-api.d.ts");
  node(program("openapi-typescript", "bin/cli.js"), CONTROL_API, "--output", api);
  for (const project of PROJECTS) {
    const config = join(folder, `tsconfig.${project.replaceAll("/", "-")}.json`);
    // The packages are not in a folder where TypeScript looks by default.
    const compilerOptions = {
      typeRoots: [join(folder, "node_modules/@types")],
      paths: { "control-api": [api], "*": [join(folder, "node_modules/*"), join(folder, "node_modules/@types/*")] },
    };
    const base = relative(folder, join(ROOT, project, "tsconfig.json"));
    writeFileSync(config, JSON.stringify({ extends: base, compilerOptions }));
    node(program("typescript-7", "bin/tsc"), "--project", config);
    console.log(`types of ${project}: ok`);
  }
}

async function lint() {
  const { ESLint } = (await load("eslint")).default;
  const js = (await load("@eslint/js")).default;
  const globals = (await load("globals")).default;
  const { default: rules } = await import("./lint.mjs");
  const eslint = new ESLint({ cwd: ROOT, overrideConfigFile: true, overrideConfig: rules(js, globals) });
  const results = await eslint.lintFiles([...PROJECTS, PACKAGES, EXAMPLES].map((project) => `${project}/**/*.{js,mjs}`));
  const faults = await (await eslint.loadFormatter("stylish")).format(results);
  if (faults) {
    console.error(faults);
    process.exit(1);
  }
  console.log(`lint of ${results.length} files: ok`);
}

install(folder);
checkTypes();
await lint();
