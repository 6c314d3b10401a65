// The life of the chosen action: its decision, requests, messages, pushes and webhooks, in order.

import { get, getRequest, Refused } from "../control.js";
import { refreshOne } from "../refresh.js";
import { box, button, el, fill, sub, tag, time } from "./dom.js";
import { Changes } from "../model/rows.js";
import { timeline } from "../model/timeline.js";
import { DECIDERS, statusKind } from "../model/words.js";
import { stateTag } from "./action-cells.js";
import { tenantName } from "./tenants.js";

/** @typedef {import("control-api").components["schemas"]["ActionSummary"]} Action */
/** @typedef {import("../model/timeline.js").Event} Event */

/** How many of the newest requests, messages and deliveries are looked at. */
const MOST = 500;

/** How many requests are looked into, the first ones since the action was tracked. */
const LOOKED_INTO = 100;

/** @type {Record<Event["kind"], string>} */
const KINDS = { action: "Action", request: "Request", message: "Message", phone: "Phone", webhook: "Webhook" };

/** @type {Pick<Action, "userId" | "action" | "idempotencyKey"> | undefined} */
let chosen;
/** @type {(number: number) => void} */
let openRequest = () => {};
const changes = new Changes();
/**
 * Requests that were looked into, by number: one that was answered does not change.
 * @type {Map<number, import("../model/timeline.js").Detail>}
 */
const known = new Map();

/** @param {(number: number) => void} listener shows a request of the journal */
export function startTimeline(listener) {
  openRequest = listener;
}

/**
 * Chooses an action, and shows its life.
 * @param {Action} action
 */
export function openTimeline({ userId, action, idempotencyKey }) {
  chosen = { userId, action, idempotencyKey };
  refreshOne("actions", { atOnce: true });
}

/** Closes the details. */
export function closeTimeline() {
  chosen = undefined;
  changes.forget();
  // Numbers begin again after a reset.
  known.clear();
  box("action-detail").hidden = true;
  box("actions-split").classList.remove("open");
}

/** Loads the life of the chosen action, if one is chosen. */
export async function loadTimeline() {
  const subject = chosen;
  if (!subject) return;
  try {
    const life = await lifeOf(subject);
    if (chosen !== subject) return;
    if (life) show(life);
    else closeTimeline();
  } catch (error) {
    // The user or the tenant is gone.
    if (error instanceof Refused) return closeTimeline();
    throw error;
  }
}

/**
 * @param {Pick<Action, "userId" | "action" | "idempotencyKey">} subject
 * @returns {Promise<import("../model/timeline.js").Life | undefined>}
 */
async function lifeOf({ userId, action, idempotencyKey }) {
  const tenant = tenantName();
  const [{ actions }, { messages }, { requests: waiting }, { deliveries }, { requests }] = await Promise.all([
    get("/_mock/actions", { tenant, limit: MOST }),
    get("/_mock/messages", { tenant, userId, limit: MOST }),
    get("/_mock/phone/requests", { tenant }),
    get("/_mock/webhooks/deliveries", { tenant, limit: MOST }),
    get("/_mock/journal", { tenant, limit: MOST }),
  ]);
  const found = actions.find((one) => one.userId === userId && one.action === action && one.idempotencyKey === idempotencyKey);
  if (!found) return undefined;
  const since = requests.filter(({ at }) => Date.parse(at) >= Date.parse(found.createdAt)).slice(-LOOKED_INTO);
  const details = await Promise.all(since.map(({ number }) => detailOf(number)));
  return { action: found, others: actions, requests: details, messages, waiting, deliveries };
}

/** @param {number} number */
async function detailOf(number) {
  const detail = known.get(number) ?? await getRequest(number);
  known.set(number, detail);
  return detail;
}

/** @param {import("../model/timeline.js").Life} life */
function show(life) {
  const { action } = life;
  const events = timeline(life, action.rule ? `the rule ${action.rule}` : DECIDERS[action.decidedBy]);
  const place = box("action-detail");
  // Redrawing would lose the scroll position and the focus.
  if (!changes.differ([action, events]) && !place.hidden) return;
  fill(place,
    el("div", { class: "top" },
      el("div", { class: "title" }, `${action.action} of ${action.userId}`), button("Close", closeTimeline, { class: "quiet" })),
    el("div", { class: "row" }, stateTag(action.state), el("span", { class: "sub mono wrap" }, action.idempotencyKey)),
    el("h3", {}, "Timeline"),
    el("ol", { class: "timeline" }, events.map((event) => el("li", {}, eventParts(event)))));
  place.hidden = false;
  box("actions-split").classList.add("open");
}

/** @param {Event} event */
function eventParts({ at, kind, title, notes, number, status }) {
  return [
    el("div", { class: "item-head" }, el("span", { class: "sub" }, KINDS[kind]), time(at)),
    el("div", { class: "row" },
      number === undefined
        ? el("span", { class: "wrap" }, title)
        : button(title, () => openRequest(number), { class: "link", title: `Show request ${number}` }),
      status !== undefined && tag(String(status), statusKind(status))),
    ...notes.map((note) => sub(note)),
  ];
}
