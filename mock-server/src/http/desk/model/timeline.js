// The life of an action: what happened to it, and what it caused, in order. Knows nothing of the page.

/** @typedef {import("control-api").components["schemas"]} Schemas */
/** @typedef {Schemas["ActionSummary"]} Action */
/** @typedef {Schemas["JournalDetail"]} Detail */

/**
 * @typedef {object} Event
 * @property {string} at when it happened
 * @property {"action" | "request" | "message" | "phone" | "webhook"} kind
 * @property {string} title
 * @property {string[]} notes what else to know of it
 * @property {number} [number] of the request in the journal
 * @property {number} [status] of the answer
 */

/**
 * @typedef {object} Life What the control API says of an action and its user.
 * @property {Action} action
 * @property {Action[]} others the tenant's actions
 * @property {Detail[]} requests those since the action was tracked
 * @property {Schemas["Message"][]} messages those to the user
 * @property {Schemas["PhoneRequest"][]} waiting what waits for a phone
 * @property {Schemas["WebhookDelivery"][]} deliveries those of the tenant
 */

/**
 * Members that name an action, or parts of them. The two APIs and the webhooks of the vendor have a name of their own for
 * its code.
 * @typedef {{ userId?: unknown, action?: unknown, actionCode?: unknown, idempotencyKey?: unknown }} Named
 */

/**
 * The JSON in a text as a list of objects; an empty list if it is none.
 * @param {string | undefined} text
 * @returns {any[]}
 */
function objects(text) {
  try {
    const value = JSON.parse(text ?? "");
    return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "object" && one !== null);
  } catch {
    return [];
  }
}

/**
 * Whether an object is about the action: "yes", "no", or undefined if it names none.
 * @param {Named} named
 * @param {Action} action
 * @returns {"yes" | "no" | undefined}
 */
function about(named, { action, idempotencyKey }) {
  if (typeof named.idempotencyKey === "string") return named.idempotencyKey === idempotencyKey ? "yes" : "no";
  const code = named.action ?? named.actionCode;
  return typeof code === "string" && code !== action ? "no" : undefined;
}

/**
 * Whether an action was the newest of these at that time.
 * @param {Action} action
 * @param {Action[]} others
 * @param {string} at
 */
function isNewest({ createdAt }, others, at) {
  const [begun, time] = [Date.parse(createdAt), Date.parse(at)];
  return begun <= time && !others.some((other) => Date.parse(other.createdAt) > begun && Date.parse(other.createdAt) <= time);
}

/**
 * Whether a request is about the action. The journal masks tokens: what is done with one counts for the newest action that
 * the tenant had then.
 * @param {Detail} detail
 * @param {Life} life
 */
function isAbout({ entry, request, answer }, { action, others }) {
  const said = [...objects(request?.text), ...objects(answer?.text)].map((named) => about(named, action));
  const path = `/actions/${encodeURIComponent(action.action)}/${encodeURIComponent(action.idempotencyKey)}`;
  if (said.includes("yes") || `${entry.target.split("?")[0]}/`.includes(`${path}/`)) return true;
  if (said.includes("no")) return false;
  return (entry.api === "authsignal-client" || entry.api === "pages") && isNewest(action, others, entry.at);
}

/**
 * @param {Detail} detail
 * @returns {Event}
 */
function requestEvent({ entry, variables = [] }) {
  const { at, number, method, target, operation, status, reason, warning } = entry;
  const read = variables.map(({ name, value }) => `${name} is ${value ?? "without a value"}`);
  return {
    at, kind: "request", number, status, title: operation ?? `${method} ${target}`,
    notes: [...(reason ? [reason] : []), ...(warning ? [`Warning: ${warning}`] : []),
      ...(read.length ? [`The rules read: ${read.join(", ")}`] : [])],
  };
}

/**
 * @param {Schemas["Message"]} message
 * @returns {Event}
 */
const messageEvent = ({ createdAt, kind, to }) =>
  ({ at: createdAt, kind: "message", title: kind === "code" ? `A code to ${to}` : `A link to ${to}`, notes: [] });

/**
 * @param {Schemas["WebhookDelivery"]} delivery
 * @returns {Event[]}
 */
const deliveryEvents = ({ type, target, attempts }) => attempts.map(({ at, status, error, fault }) => ({
  at, kind: "webhook", title: `${type} to ${target}`, status,
  notes: [error, fault && `Deliberate fault: ${fault}`].flatMap((note) => note || []),
}));

/**
 * Whether a delivery tells of the action.
 * @param {Schemas["WebhookDelivery"]} delivery
 * @param {Life} life
 */
function tells({ body }, { action }) {
  return objects(body).flatMap((event) => event.data ?? event)
    .some((data) => data.userId === action.userId && about(data, action) === "yes");
}

/**
 * What the action itself says: how it was decided, and how it ended.
 * @param {Action} action
 * @param {string} decider what decided it, in words
 * @returns {Event[]}
 */
function ownEvents({ createdAt, updatedAt, state, warning, verificationMethod, flow }, decider) {
  const way = (flow?.path ?? []).map(({ nodeId, nodeType, because }) => `${nodeId} (${nodeType}): ${because}`);
  const notes = [...(warning ? [`Warning: ${warning}`] : []), ...way];
  if (updatedAt === createdAt) return [{ at: createdAt, kind: "action", title: `${state}, decided by ${decider}`, notes }];
  return [
    { at: createdAt, kind: "action", title: `Tracked, decided by ${decider}`, notes },
    { at: updatedAt, kind: "action", title: state, notes: verificationMethod ? [`by ${verificationMethod}`] : [] },
  ];
}

/**
 * The events in the life of an action, oldest first.
 * @param {Life} life
 * @param {string} decider what decided the action, in words
 * @returns {Event[]}
 */
export function timeline(life, decider) {
  const { action, others, requests, messages, waiting, deliveries } = life;
  const own = others.filter(({ userId }) => userId === action.userId);
  /** @type {Event[]} */
  const events = [
    ...ownEvents(action, decider),
    ...requests.filter((detail) => isAbout(detail, life)).map(requestEvent),
    ...messages.filter(({ createdAt }) => isNewest(action, own, createdAt)).map(messageEvent),
    ...waiting.filter((one) => one.kind === "push" && one.userId === action.userId && one.action === action.action && one.createdAt)
      .map(({ createdAt = "" }) => ({ at: createdAt, kind: /** @type {const} */ ("phone"), title: "A push waits for the phone", notes: [] })),
    ...deliveries.filter((delivery) => tells(delivery, life)).flatMap(deliveryEvents),
  ];
  return events.map((event, place) => ({ event, place }))
    // What the action says comes before the request that caused it, because both have the same time.
    .sort((one, two) => Date.parse(one.event.at) - Date.parse(two.event.at) || one.place - two.place)
    .map(({ event }) => event);
}
