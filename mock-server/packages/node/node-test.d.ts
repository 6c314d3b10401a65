import type { Tenant, TenantOptions } from "./index.js";

/** What this needs of the context that node:test gives a test. */
export interface Context {
  readonly name: string;
  after(hook: () => Promise<void>): void;
  diagnostic(message: string): void;
}

/** A tenant of the test's own. It goes with the test; one that fails shows the tenant's journal. */
export function stepup(t: Context, options?: TenantOptions): Promise<Tenant>;
