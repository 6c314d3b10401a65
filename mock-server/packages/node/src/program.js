// The program `stepup-mock` as a child of this process.

import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { MockNotFound, MockUnreachable } from "./errors.js";

// Milliseconds that the program may take to listen, and to end. It gives open requests 5 s.
const START = 60_000;
const STOP = 10_000;

// Credentials of the tenant that each mock begins with. An application that has kept the documented ones is refused, so it
// cannot meet other tests in that tenant unseen.
const OF_NO_TEST = {
  STEPUP_AUTHSIGNAL_SECRET: "this-secret-belongs-to-no-test-0123456789",
  STEPUP_APPLICATION_ID: "of-no-test",
  STEPUP_APPLICATION_SECRET: "this-secret-belongs-to-no-test",
};

/** The program, as a child of this process. */
export class Program {
  #child;
  #folder = mkdtempSync(join(tmpdir(), "stepup-mock-"));
  /** Where the program is. */
  #path;
  /** What spawn has against it. */
  #error = "";
  /** @type {Promise<string>} How it has ended. */
  #end;

  /**
   * @param {string} path
   * @param {string[]} args
   */
  constructor(path, args) {
    this.#path = path;
    this.log = join(this.#folder, "log");
    const log = openSync(this.log, "w");
    const quiet = process.env.STEPUP_LOG ? [] : ["--log", "warn"];
    // With its stdin, which ends with this process in any case, the mock ends too.
    const ours = ["--listen", "127.0.0.1:0", "--ready-json", "--stop-with-stdin", ...quiet];
    // Ctrl-C stops the tests first; they still need the mock to clean up.
    const detached = process.platform !== "win32";
    this.#child = spawn(path, [...ours, ...args], {
      stdio: ["pipe", "pipe", log],
      detached,
      env: { ...OF_NO_TEST, ...process.env },
    });
    closeSync(log);
    this.#child.on("error", (error) => {
      this.#error = `cannot start ${path}: ${error.message}`;
    });
    this.#end = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => resolve(`${path} has ended with ${signal ?? `exit code ${code}`}.`));
    });
    // Nobody writes to it; a mock that ends breaks the pipe.
    this.#child.stdin?.on("error", () => {});
  }

  /** The URL from the first line that the program prints. */
  async url() {
    const lines = createInterface(/** @type {import("node:stream").Readable} */ (this.#child.stdout));
    const line = await new Promise((resolve) => {
      const patience = setTimeout(resolve, START, undefined);
      const settle = (/** @type {string | undefined} */ text) => {
        clearTimeout(patience);
        resolve(text);
      };
      lines.once("line", settle);
      // At the end of a program that prints no line, and where there is none.
      this.#child.once("close", () => settle(""));
      this.#child.once("error", () => settle(""));
    });
    if (this.#error) throw new MockNotFound(this.#error);
    if (line === undefined) throw new MockUnreachable(`${this.#path} did not listen within ${START / 1000} s:\n${endOf(this.log)}`);
    try {
      const { url } = JSON.parse(line);
      this.#release();
      return url;
    } catch {
      throw new MockUnreachable(`${this.#path} did not start:\n${line}${endOf(this.log)}`);
    }
  }

  /** The mock must not keep a process alive whose tests are done. */
  #release() {
    this.#child.unref();
    for (const pipe of [this.#child.stdin, this.#child.stdout]) {
      /** @type {import("node:net").Socket} */ (pipe).unref();
    }
  }

  /** How the program has ended. Connections break a little before this process hears of it. */
  ended() {
    return Promise.race([this.#end, sleep(1000, undefined)]);
  }

  async stop() {
    if (this.#child.pid) {
      const patience = setTimeout(() => this.#child.kill("SIGKILL"), STOP);
      this.#child.ref();
      this.#child.kill();
      await this.#end;
      clearTimeout(patience);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * The end of a log file.
 * @param {string} log
 */
export function endOf(log) {
  let text;
  try {
    text = readFileSync(log, "utf8");
  } catch {
    return "  (it is gone)";
  }
  // What the mock prints when it starts ends with this line, and says nothing about its end.
  const started = text.lastIndexOf("\nListens: ");
  const lines = started < 0 ? text.split("\n") : text.slice(started + 1).split("\n").slice(1);
  const last = lines.filter(Boolean).slice(-20);
  return last.map((line) => `  ${line}`).join("\n") || "  (it is empty)";
}
