// For jest: the global `stepup`, which goes with the test, and the journal of one that fails.

import { createRequire } from "node:module";
import { join } from "node:path";

import { journalOf, sharedTenant } from "./src/shared.js";

/**
 * An environment in which each test has the global `stepup`.
 * @param {any} Environment jest's own for node or jsdom, or one of yours
 * @returns {any}
 */
export function withStepup(Environment) {
  return class extends Environment {
    /**
     * @param {any} event
     * @param {any} state
     */
    async handleTestEvent(event, state) {
      await super.handleTestEvent?.(event, state);
      if (event.name === "test_start" && runs(event.test, state)) await this.#begin(event.test.name);
      if (event.name === "test_done") await this.#end(event.test);
    }

    /** @type {import("./src/tenant.js").Tenant | undefined} */
    #tenant;
    #used = false;

    /** @param {string} name */
    async #begin(name) {
      this.#used = false;
      /** @type {() => unknown} */
      let get;
      try {
        this.#tenant = await sharedTenant({ name });
        get = () => {
          this.#used = true;
          return this.#tenant;
        };
      } catch (error) {
        // A test that asks for the tenant fails, and says why; the others do not need it.
        get = () => fail(error);
      }
      Object.defineProperty(this.global, "stepup", { configurable: true, get });
    }

    /** @param {any} test */
    async #end(test) {
      const tenant = this.#tenant;
      this.#tenant = undefined;
      delete this.global.stepup;
      if (!tenant) return;
      if (this.#used && test.errors.length) append(await journalOf(tenant), test.errors.at(-1));
      await tenant.delete();
    }
  };
}

/**
 * @param {any} test
 * @param {any} state
 */
function runs(test, state) {
  return test.mode !== "skip" && test.mode !== "todo" && !(state.hasFocusedTests && test.mode !== "only");
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function fail(error) {
  throw error;
}

/**
 * jest prints the stack of one of the two errors of a failure.
 * @param {string} journal
 * @param {any[]} errors
 */
function append(journal, errors) {
  for (const error of new Set([errors].flat())) {
    if (!error || typeof error !== "object") continue;
    const { message, stack } = error;
    error.message = `${message}\n\n${journal}`;
    if (stack) error.stack = stack.replace(message, () => error.message);
  }
}

/** jest's own environment for node. Package managers put it beside jest, or below. */
function nodeEnvironment() {
  let from = join(process.cwd(), "package.json");
  for (const name of ["jest", "@jest/core", "jest-config", "jest-environment-node"]) {
    try {
      from = createRequire(from).resolve(name);
    } catch {
      // The next one may be beside this one.
    }
  }
  return createRequire(from)("jest-environment-node").TestEnvironment;
}

export default withStepup(nodeEnvironment());
