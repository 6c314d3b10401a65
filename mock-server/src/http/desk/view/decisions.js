// How the chosen Authsignal tenant decides actions and challenges, and the fields to change that.

import { act } from "../act.js";
import { post } from "../control.js";
import { box, button, choice, code, el, facts, fill, list, sub } from "./dom.js";
import { Changes } from "../model/rows.js";
import { CHALLENGE_MODES, OUTCOMES } from "../model/words.js";
import { stateTag } from "./action-cells.js";
import { chosenTenant, withoutAuthsignal } from "./tenants.js";

/** @typedef {import("control-api").components["schemas"]} Schemas */
/** @typedef {Schemas["AuthsignalSummary"]} Authsignal */

const changes = new Changes();

/** Draws the view again, after a reset for example. */
export const forgetDecisions = () => changes.forget();

export function showDecisions() {
  const view = box("decide");
  const tenant = chosenTenant();
  const authsignal = tenant?.authsignal;
  // Its settings are still being loaded.
  if (tenant?.tenantId && !authsignal) return;
  if (!authsignal) return fill(view, withoutAuthsignal());
  // Redrawing would empty a form that the user is filling in.
  if (!changes.differ(authsignal) && view.childElementCount) return;
  fill(view, el("div", { class: "cards" }, [
    nextActionCard, challengesCard, defaultOutcomeCard, rulesCard, tenantCard,
  ].map((card) => card(authsignal))));
}

/**
 * @param {string} title
 * @param {string} about
 * @param {import("./dom.js").Child[]} parts
 */
const card = (title, about, ...parts) =>
  el("section", { class: "card" }, el("h3", {}, title), about && el("p", {}, about), ...parts);

/** @param {[string, string?][]} values */
const labelled = (values) => values;

/** @param {string} chosen */
const outcomes = (chosen, attributes = {}) => choice(attributes, labelled(OUTCOMES.map((word) => [word])), chosen);

/** @param {Authsignal} authsignal */
function nextActionCard({ tenantId, nextOutcomes }) {
  const planned = nextOutcomes.map((one) => el("div", { class: "item-head" },
    el("span", {}, stateTag(one.outcome), ` next ${one.action ?? "action"} of ${one.userId ?? "any user"}`),
    button("Remove", (control) => act(control, () => post("/_mock/authsignal/next-outcome",
      { tenantId, userId: one.userId, action: one.action }), "Outcome removed"), { class: "quiet" })));
  return card("Next action", "Sets the outcome of the next matching action, once. It overrides the rules.",
    nextOutcomeForm(tenantId), planned.length > 0 && list(planned, ""));
}

/** @param {string} tenantId */
function nextOutcomeForm(tenantId) {
  const user = el("input", { placeholder: "any user", autocomplete: "off" });
  const action = el("input", { placeholder: "any action", autocomplete: "off" });
  const outcome = outcomes("CHALLENGE");
  const submit = el("button", { class: "primary" }, "Set outcome");
  const form = el("form", { class: "form" },
    el("label", {}, "User", user), el("label", {}, "Action", action), el("label", {}, "Outcome", outcome),
    el("div", { class: "row" }, submit));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(submit, () => post("/_mock/authsignal/next-outcome", {
      tenantId,
      userId: user.value.trim() || undefined,
      action: action.value.trim() || undefined,
      outcome: asOutcome(outcome.value),
    }), "Outcome set for the next action");
  });
  return form;
}

/** @param {string} value */
const asOutcome = (value) => OUTCOMES.find((outcome) => outcome === value);

/**
 * A field that changes a setting as soon as a value is chosen.
 * @param {string} label
 * @param {HTMLSelectElement} field
 * @param {string} tenantId
 * @param {(value: string) => Schemas["AuthsignalConfiguration"]} change
 */
function setting(label, field, tenantId, change) {
  field.addEventListener("change", () => act(field,
    () => post("/_mock/authsignal", { tenantId, ...change(field.value) }), `${label} set to ${field.value}`));
  return el("div", { class: "form" }, el("label", {}, label, field));
}

/** @param {Authsignal} authsignal */
function challengesCard({ tenantId, challengeMode, challengeModes }) {
  const modes = Object.entries(CHALLENGE_MODES);
  const field = choice({}, labelled(modes.map(([mode, text]) => [mode, `${mode}: ${text}`])), challengeMode);
  /** @param {string} value */
  const asMode = (value) => /** @type {Schemas["ChallengeMode"]} */ (value);
  return card("Challenges", "What happens when a challenge page opens.",
    setting("Mode", field, tenantId, (value) => ({ challengeMode: asMode(value) })),
    challengeModes.length > 0 && list(challengeModes.map((one) => `${one.action}: ${one.challengeMode}`), ""));
}

/** @param {Authsignal} authsignal */
function defaultOutcomeCard({ tenantId, defaultOutcome, actions }) {
  return card("Default outcome",
    "Applies if no rule matches and the action has no outcome of its own. The mock never challenges a user without authenticators.",
    setting("Outcome", outcomes(defaultOutcome), tenantId, (value) => ({ defaultOutcome: asOutcome(value) })),
    actions.length > 0 && list(actions.map(({ action, outcome }) =>
      el("div", { class: "item-head" }, el("span", {}, action), stateTag(outcome))), ""));
}

/** @param {Authsignal} authsignal */
function rulesCard({ rules }) {
  return card("Rules", "Rules apply in order of priority. The first rule that matches decides.",
    rules.length ? list(rules.map((rule) => [
      el("div", { class: "item-head" }, el("strong", {}, rule.name), stateTag(rule.outcome)),
      sub(`priority ${rule.priority}, ${rule.action ?? "all actions"}`),
      rule.description && sub(rule.description),
      ...(rule.warnings ?? []).map((warning) => sub(`Warning: ${warning}.`)),
    ]), "") : el("p", { class: "none" }, "No rules. Set them with ", code("POST /_mock/authsignal"), "."));
}

/** @param {Authsignal} authsignal */
function tenantCard({ tenantId, users, verificationMethods }) {
  return card("Tenant", "", facts([
    ["Tenant id", el("span", { class: "mono" }, tenantId)],
    ["Users", users.toLocaleString("en")],
    ["Methods", verificationMethods.join(", ") || "none"],
  ]));
}
