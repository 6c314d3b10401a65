// What the desk says of planned scenarios. Knows nothing of the page.

import { effectOf as faultEffect, requestsOf } from "./faults.js";

/** @typedef {import("control-api").components["schemas"]["Scenario"]} Scenario */

/**
 * What a scenario is about.
 * @param {Scenario} scenario
 */
export function subjectOf({ userId, action, channel, skip, times, always, fault }) {
  if (fault) return requestsOf(fault);
  return [
    action ?? (channel ? `messages by ${channel}` : "anything of the kind"),
    userId && `of ${userId}`,
    skip && `after ${skip}`,
    always ? "until it is lifted" : `${times ?? 1} more`,
  ].filter(Boolean).join(", ");
}

/**
 * What happens to it.
 * @param {Scenario} scenario
 */
export function effectOf({ outcome, facts, delivery, code, phone, challenge, afterSeconds, fault }) {
  const after = afterSeconds ? ` after ${afterSeconds} s` : "";
  if (outcome) return `outcome ${outcome}`;
  if (facts) return `facts ${JSON.stringify(facts)}`;
  if (delivery) return "the message does not arrive";
  if (code) return `the code is ${code}`;
  if (phone) return `the phone: ${phone.replace("_", " ")}${after}`;
  if (challenge) return `the challenge: ${challenge}${after}`;
  return fault ? faultEffect(fault) : "";
}

/**
 * @typedef {object} Value What a kind of scenario needs, besides what it is about.
 * @property {string} name
 * @property {string} label
 * @property {string} value at first
 * @property {string} [pattern] what it must look like
 */

/**
 * @typedef {object} Kind Something that can happen.
 * @property {string} title
 * @property {Value[]} values
 * @property {(values: Record<string, string>) => Scenario} scenario
 * @property {boolean} [anyAction] whether it is never about an action
 */

const AFTER = { name: "after", label: "After so many seconds", value: "3", pattern: "[0-9]{1,8}" };

/** @param {NonNullable<Scenario["phone"]>} phone */
const phone = (phone) => (/** @type {Record<string, string>} */ { after }) => ({ phone, afterSeconds: Number(after) });

/** @param {NonNullable<Scenario["challenge"]>} challenge */
const challenge = (challenge) => (/** @type {Record<string, string>} */ { after }) => ({ challenge, afterSeconds: Number(after) });

/** @type {Record<string, Kind>} What the desk can plan; the control API has more. */
export const KINDS = {
  allow: { title: "The action is ALLOW", values: [], scenario: () => ({ outcome: "ALLOW" }) },
  block: { title: "The action is BLOCK", values: [], scenario: () => ({ outcome: "BLOCK" }) },
  ask: { title: "The action is CHALLENGE", values: [], scenario: () => ({ outcome: "CHALLENGE" }) },
  review: { title: "The action is REVIEW", values: [], scenario: () => ({ outcome: "REVIEW" }) },
  lost: { title: "The message does not arrive", values: [], scenario: () => ({ delivery: "fails" }) },
  code: {
    title: "The message has this code",
    values: [{ name: "code", label: "Code", value: "123456", pattern: "[0-9]+" }],
    scenario: ({ code }) => ({ code }),
  },
  approve: { title: "The phone approves", values: [AFTER], scenario: phone("approve"), anyAction: true },
  deny: { title: "The phone denies", values: [AFTER], scenario: phone("deny"), anyAction: true },
  fail: { title: "The phone fails", values: [AFTER], scenario: phone("fail"), anyAction: true },
  walkAway: { title: "The phone walks away", values: [AFTER], scenario: phone("walk_away"), anyAction: true },
  back: { title: "The phone returns", values: [AFTER], scenario: phone("return"), anyAction: true },
  succeed: { title: "The challenge succeeds", values: [AFTER], scenario: challenge("succeed") },
  challengeFails: { title: "The challenge fails", values: [AFTER], scenario: challenge("fail") },
};

/**
 * The scenario that somebody has filled in.
 * @param {Kind} kind
 * @param {{ values: Record<string, string>, action: string, userId: string, skip: number, times: number, always: boolean }} filled
 * @returns {Scenario}
 */
export function planned({ scenario, anyAction }, { values, action, userId, skip, times, always }) {
  return {
    ...(action.trim() && !anyAction && { action: action.trim() }),
    ...(userId.trim() && { userId: userId.trim() }),
    ...(skip > 0 && { skip }),
    ...(always ? { always } : { times }),
    ...scenario(values),
  };
}
