// The actions of the chosen Authsignal tenant.

import { get } from "../control.js";
import { box, button, code, el, empty, fill, table, time } from "./dom.js";
import { Changes } from "../model/rows.js";
import { challengeOf, decidedBy, stateTag } from "./action-cells.js";
import { authsignalTenant, tenantName, withoutAuthsignal } from "./tenants.js";
import { loadTimeline, openTimeline } from "./timeline.js";

const MOST = 200;
const changes = new Changes();

const HEADS = [
  { name: "Time", tight: true }, { name: "User" }, { name: "Action" }, { name: "State", tight: true },
  { name: "Decided by", label: "decided by" }, { name: "Challenge", tight: true },
];

/** @param {(userId: string) => void} openUser */
export async function loadActions(openUser) {
  const view = box("actions");
  if (!authsignalTenant()) {
    changes.forget();
    return fill(view, withoutAuthsignal());
  }
  const { actions } = await get("/_mock/actions", { tenant: tenantName(), limit: MOST });
  // Redrawing would take the focus from a button.
  if (changes.differ([tenantName(), actions])) draw(actions, openUser);
  await loadTimeline();
}

/**
 * @param {import("control-api").components["schemas"]["ActionSummary"][]} actions
 * @param {(userId: string) => void} openUser
 */
function draw(actions, openUser) {
  const view = box("actions");
  if (!actions.length) {
    return fill(view, empty("No actions yet. Track one with ", code("POST /v1/users/USER_ID/actions/ACTION"), "."));
  }
  fill(view, table(HEADS, actions.map((action) => ({ cells: [
    time(action.createdAt),
    button(action.userId, () => openUser(action.userId), { class: "link" }),
    [button(action.action, () => openTimeline(action), { class: "link", title: "Show the life of this action" }),
      el("div", { class: "sub mono" }, action.idempotencyKey)],
    stateTag(action.state),
    decidedBy(action),
    challengeOf(action),
  ] }))));
}
