// For vitest: `test` with the fixture `stepup`, which goes with the test, and the journal of one that fails.

import { test as base } from "vitest";

import { journalOf, sharedTenant } from "./src/shared.js";

export const test = base.extend({
  // What the tenant begins with: test.override("stepupSeed", { … }) changes it for a file or a suite.
  stepupSeed: undefined,
  stepup: async ({ stepupSeed, task }, use) => {
    const tenant = await sharedTenant({ seed: stepupSeed, name: `${task.file.name} > ${task.name}` });
    await use(tenant);
    const error = task.result?.state === "fail" && task.result.errors?.at(-1);
    if (error) error.message += `\n\n${await journalOf(tenant)}`;
    await tenant.delete();
  },
});

export const it = test;
export { afterAll, afterEach, assert, beforeAll, beforeEach, describe, expect, suite, vi } from "vitest";
