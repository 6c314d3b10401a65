#!/usr/bin/env node
// `npx stepup-mock`: runs the program of this platform in place of this process, as far as Node can.

import { spawn } from "node:child_process";

import { howToInstall, installedProgram, whyNone } from "../src/platform.js";

const program = installedProgram();
if (!program) {
  console.error(`stepup-mock cannot start: ${whyNone()}. Do one of these:${howToInstall()}
  - build it with Rust: cargo install --path mock-server (in the repository of stepup)`);
  process.exit(1);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// The program ends itself, and this process with it. Ctrl-C reaches both.
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
}
child.on("error", (error) => {
  console.error(`stepup-mock cannot start: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 1;
  if (!signal) return;
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
