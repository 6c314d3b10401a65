// What the desk says of planned faults. Knows nothing of the page.

/** @typedef {import("control-api").components["schemas"]["Fault"]} Fault */

/**
 * The requests that a fault is about.
 * @param {Fault} fault
 */
export function requestsOf({ operation, api, userId, skip, times, always, probability }) {
  return [
    operation ?? (api ? `every operation of ${api}` : "every operation"),
    userId && `of ${userId}`,
    skip && `after ${skip}`,
    always ? "until it is lifted" : `${times ?? 1} more`,
    probability && `with a probability of ${probability}`,
  ].filter(Boolean).join(", ");
}

/** Members that say which requests a fault is about. */
const OF_REQUESTS = ["id", "operation", "api", "userId", "skip", "times", "always", "probability"];

/**
 * What goes wrong with them.
 * @param {Fault} fault
 */
export function effectOf(fault) {
  const effects = Object.entries(fault).filter(([name]) => !OF_REQUESTS.includes(name));
  return effects.map(([name, value]) =>
    `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");
}
