// What is planned to happen next in the chosen tenant, and the form to plan more.

import { post } from "../control.js";
import { box, byId, el, fill } from "./dom.js";
import { showPlanned, startPlanning } from "./planning.js";
import { Changes } from "../model/rows.js";
import { effectOf, KINDS, planned, subjectOf } from "../model/scenarios.js";
import { chosenTenant } from "./tenants.js";

const changes = new Changes();
const user = byId("scenario-user", HTMLInputElement);
const action = byId("scenario-action", HTMLInputElement);
const skip = byId("scenario-skip", HTMLInputElement);
const times = byId("scenario-times", HTMLInputElement);
const always = byId("scenario-always", HTMLInputElement);
const kinds = byId("scenario-kind", HTMLSelectElement);

const kind = () => KINDS[kinds.value];

/** Shows the planned scenarios of the tenant that was loaded last. */
export function showScenarios() {
  const tenant = chosenTenant();
  // Redrawing would take the focus from a button.
  if (!tenant || !changes.differ([tenant.name, tenant.scenarios])) return;
  const { name, scenarios = [] } = tenant;
  showPlanned("scenario", name, scenarios, subjectOf, effectOf,
    () => post("/_mock/scenarios", { tenant: name, scenarios: [] }));
}

/** Shows the fields of the chosen kind of scenario. */
function showFields() {
  const { values = [], anyAction = false } = kind() ?? {};
  fill(box("scenario-values"), ...values.map(({ name, label, value, pattern }) =>
    el("label", {}, label, el("input", { name, value, pattern, required: true, autocomplete: "off", inputmode: "numeric" }))));
  box("scenario-values").hidden = values.length === 0;
  box("scenario-action-field").hidden = anyAction;
  box("scenario-times-field").hidden = always.checked;
  times.disabled = always.checked;
}

/** What is in the fields of the chosen kind of scenario. */
const values = () => Object.fromEntries([...box("scenario-values").querySelectorAll("input")]
  .map(({ name, value }) => [name, value]));

export function startScenarios() {
  startPlanning("scenario", KINDS, showFields, () => {
    const chosen = kind();
    if (!chosen) return undefined;
    const scenario = planned(chosen, {
      values: values(), action: action.value, userId: user.value,
      skip: skip.valueAsNumber, times: times.valueAsNumber, always: always.checked,
    });
    return () => post("/_mock/scenarios", { tenant: chosenTenant()?.name, add: true, scenarios: [scenario] });
  });
}
