import type { TestAPI } from "vitest";

import type { Tenant } from "./index.js";

/** vitest's `test`, with a tenant of the test's own: `test("…", async ({ stepup }) => …)`. */
export const test: TestAPI<{ stepup: Tenant; stepupSeed: object | undefined }>;
export const it: typeof test;

export { afterAll, afterEach, assert, beforeAll, beforeEach, describe, expect, suite, vi } from "vitest";
