// The parts of an action that several views show: what decided it, and the buttons to end its challenge.

import { act } from "../act.js";
import { post } from "../control.js";
import { button, el, sub, tag } from "./dom.js";
import { authsignalTenant } from "./tenants.js";
import { DECIDERS, stateKind } from "../model/words.js";

/** @typedef {import("control-api").components["schemas"]["ActionSummary"]} Action */

/** @param {string} state */
export const stateTag = (state) => tag(state, stateKind(state));

/** @param {Action} action */
export const decidedBy = ({ rule, decidedBy, warning, flow }) => el("span", {},
  rule ? el("span", {}, "rule ", el("strong", {}, rule)) : el("span", { class: "sub" }, DECIDERS[decidedBy]),
  warning && sub(warning),
  ...(flow ? standing(flow) : []));

/**
 * Where a run of a flow stands, and how it came there.
 * @param {NonNullable<Action["flow"]>} flow
 */
function standing({ flowVersion, at, fault, path, steps }) {
  const stage = path.find(({ nodeId }) => nodeId === at);
  const ways = path.map(({ nodeId, nodeType, because }) => `${nodeId} (${nodeType}): ${because}`);
  const taken = steps.map(({ stepType, verificationMethod }) => `${stepType} by ${verificationMethod}`);
  return [
    stage && sub(`waits at ${stage.name ?? stage.nodeId} (${stage.nodeType})`),
    fault && sub(fault),
    el("details", { class: "sub" },
      el("summary", {}, flowVersion ? `the way, version ${flowVersion}` : "the way, default flow"),
      ...ways.map((way) => sub(way)),
      taken.length > 0 && sub(`taken: ${taken.join(", ")}`)),
  ];
}

/**
 * How the challenge of an action was passed, or buttons to end it.
 * @param {Action} action
 */
export function challengeOf({ state, userId, action, verificationMethod }) {
  if (state !== "CHALLENGE_REQUIRED") return verificationMethod ? tag(verificationMethod) : "";
  const subject = { userId, action, tenantId: authsignalTenant() };
  /**
   * @param {string} label
   * @param {"/_mock/challenge/succeed" | "/_mock/challenge/fail"} path
   * @param {string} look
   */
  const ending = (label, path, look) => button(label, (control) =>
    act(control, () => post(path, subject), (answer) => `${answer.action}: ${answer.state}`),
    { class: look, title: `${label} the challenge of this user’s newest ${action} action` });
  return el("div", { class: "row" },
    ending("Pass", "/_mock/challenge/succeed", "quiet"),
    ending("Fail", "/_mock/challenge/fail", "quiet danger"));
}
