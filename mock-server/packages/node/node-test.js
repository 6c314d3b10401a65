// For node:test: a tenant for a test, which goes with it, and the journal of one that fails.

import { journalOf, sharedTenant } from "./src/shared.js";

/**
 * @param {import("node:test").TestContext} t
 * @param {{ seed?: object, name?: string }} [options]
 */
export async function stepup(t, options) {
  const tenant = await sharedTenant({ name: t.name, ...options });
  t.after(async () => {
    // Node 20.12 and newer know here whether the test has passed.
    if (/** @type {{ passed?: boolean }} */ (t).passed === false) {
      for (const line of (await journalOf(tenant)).split("\n")) t.diagnostic(line);
    }
    await tenant.delete();
  });
  return tenant;
}
