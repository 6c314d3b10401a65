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

/**
 * @typedef {object} Value A number that a kind of fault needs.
 * @property {string} name
 * @property {string} label
 * @property {number} value at first
 * @property {number} min
 * @property {number} max
 */

/**
 * @typedef {object} Kind Something that can go wrong.
 * @property {string} title
 * @property {Value[]} values
 * @property {(values: Record<string, number>) => Fault} fault
 * @property {boolean} [stays] whether it counts requests itself, and applies until it is lifted
 */

/** @type {Record<string, Kind>} What the desk can plan; the control API has more. */
export const KINDS = {
  status: {
    title: "An error in place of the answer",
    values: [{ name: "status", label: "Status", value: 503, min: 400, max: 599 }],
    fault: ({ status }) => ({ status }),
  },
  latency: {
    title: "A late answer",
    values: [{ name: "milliseconds", label: "Milliseconds", value: 3000, min: 1, max: 600_000 }],
    fault: ({ milliseconds }) => ({ latency: { milliseconds } }),
  },
  rateLimit: {
    title: "Too many requests, beyond a limit",
    values: [
      { name: "count", label: "Requests that pass", value: 5, min: 0, max: 10_000 },
      { name: "seconds", label: "In so many seconds", value: 60, min: 1, max: 86_400 },
    ],
    fault: ({ count = 0, seconds = 1 }) => ({ rateLimit: { count, seconds } }),
    stays: true,
  },
  resetBefore: { title: "A connection that breaks before the answer", values: [], fault: () => ({ connection: "reset_before_answer" }) },
  resetAfter: { title: "A connection that breaks after the answer", values: [], fault: () => ({ connection: "reset_after_answer" }) },
  timeout: { title: "No answer for ten minutes", values: [], fault: () => ({ connection: "timeout" }) },
  truncated: {
    title: "A body that is cut off",
    values: [{ name: "bytes", label: "After so many bytes", value: 10, min: 0, max: 1_000_000 }],
    fault: ({ bytes }) => ({ truncateAfter: bytes }),
  },
  malformed: { title: "A body that is no JSON", values: [], fault: () => ({ malformed: true }) },
  renamed: { title: "A member with another name", values: [], fault: () => ({ wrongSchema: { change: "rename" } }) },
  dropped: { title: "A member that is missing", values: [], fault: () => ({ wrongSchema: { change: "drop" } }) },
};

/**
 * The fault that somebody has filled in.
 * @param {Kind} kind
 * @param {{ values: Record<string, number>, operation: string, userId: string, skip: number, times: number, always: boolean }} filled
 * @returns {Fault}
 */
export function planned({ fault, stays }, { values, operation, userId, skip, times, always }) {
  const span = stays ? {} : always ? { always } : { times };
  return {
    ...(operation.trim() && { operation: operation.trim() }),
    ...(userId.trim() && { userId: userId.trim() }),
    ...(skip > 0 && { skip }),
    ...span,
    ...fault(values),
  };
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
