// The words and colours that the desk has for what the control API reports. Knows nothing of the page.

/** @typedef {"good" | "bad" | "warn" | "info" | ""} Kind The colour of a tag. */
/** @typedef {import("control-api").components["schemas"]} Schemas */

/** @type {Record<string, Kind>} */
const STATE_KINDS = {
  // Authsignal
  ALLOW: "good",
  BLOCK: "bad",
  CHALLENGE: "warn",
  CHALLENGE_REQUIRED: "warn",
  CHALLENGE_SUCCEEDED: "good",
  CHALLENGE_FAILED: "bad",
  REVIEW: "warn",
  REVIEW_REQUIRED: "warn",
  REVIEW_SUCCEEDED: "good",
  REVIEW_FAILED: "bad",
  // Activeconnect
  pending: "info",
  identifying: "info",
  active: "good",
  walkaway: "warn",
  timeout: "bad",
  failed: "bad",
  cancelled: "bad",
  closed: "",
};

/** @type {Record<Schemas["Channel"], string>} */
const CHANNELS = { sms: "SMS", email: "Email", whatsapp: "WhatsApp" };

/** @type {Record<string, string>} */
const TASKS = {
  acceptance: "confirm a prompt",
  os_authentication: "unlock the phone",
  facial: "show their face",
  approval: "approve",
};

/** @type {Record<Schemas["WebhookProgress"], [string, Kind]>} */
const PROGRESS = {
  waiting: ["waiting", "info"],
  sending: ["sending", "info"],
  taken: ["delivered", "good"],
  given_up: ["given up", "bad"],
};

/** @type {Record<Schemas["ChallengeMode"], string>} */
export const CHALLENGE_MODES = {
  interactive: "the user completes it",
  "auto-succeed": "it passes at once",
  "auto-fail": "it fails at once",
  abandon: "the user leaves",
};

/** @type {Record<Schemas["DecidedBy"], string>} What decided an action. */
export const DECIDERS = {
  rule: "a rule",
  "next-outcome": "outcome set for the next action",
  "action-outcome": "outcome of this action code",
  "default-outcome": "default outcome",
  flow: "its flow",
  "update-action": "set by the application",
};

/** @type {Schemas["Outcome"][]} */
export const OUTCOMES = ["ALLOW", "CHALLENGE", "BLOCK", "REVIEW"];

const LIST = new Intl.ListFormat("en", { style: "long", type: "conjunction" });

/**
 * The colour of an HTTP status.
 * @param {number} status
 * @returns {Kind}
 */
export function statusKind(status) {
  if (status < 300) return "good";
  if (status < 400) return "info";
  return status < 500 ? "warn" : "bad";
}

/**
 * The colour of a vendor's state or outcome.
 * @param {string} state
 * @returns {Kind}
 */
export const stateKind = (state) => STATE_KINDS[state] ?? "";

/** @param {Schemas["Channel"]} channel */
export const channelName = (channel) => CHANNELS[channel] ?? channel;

/**
 * What a phone asks its user to do, as a list in words.
 * @param {string[]} asks
 */
export function tasks(asks) {
  return LIST.format(asks.length ? asks.map((ask) => TASKS[ask] ?? ask) : ["confirm"]);
}

/**
 * Where the delivery of a webhook stands.
 * @param {Schemas["WebhookProgress"]} progress
 * @returns {[string, Kind]}
 */
export const deliveryProgress = (progress) => PROGRESS[progress] ?? [progress, ""];

/**
 * A number with its noun, as `1 request` or `2,000 requests`.
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/**
 * JSON with line breaks and indents; any other text as it is.
 * @param {string} text
 */
export function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/**
 * The address of a link that is safe to follow; undefined for anything but http and https.
 * @param {string} url
 * @returns {string | undefined}
 */
export function webAddress(url) {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed && ["http:", "https:"].includes(parsed.protocol) ? parsed.href : undefined;
}
