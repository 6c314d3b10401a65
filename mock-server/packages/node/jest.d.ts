import type { Tenant } from "./index.js";

declare global {
  /** A tenant of the test's own, in tests that jest runs with the preset or the environment of this package. */
  var stepup: Tenant;
}

/** An environment of jest, such as the one for jsdom, in which each test has the global `stepup`. */
export function withStepup<Environment extends abstract new (...args: any[]) => object>(environment: Environment): Environment;

declare const environment: abstract new (...args: any[]) => object;
export default environment;
