// What is planned to happen next in the chosen tenant, and the form to plan more.

import { act } from "../act.js";
import { post, remove } from "../control.js";
import { box, button, byId, el, fill, list, sub } from "./dom.js";
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
  const rows = scenarios.map((scenario) => [
    el("div", { class: "item-head" }, el("span", {}, subjectOf(scenario)),
      button("Lift", (control) => act(control, () => remove("scenarios", scenario.id ?? "", name), "Scenario lifted"), { class: "quiet" })),
    sub(effectOf(scenario)),
  ]);
  fill(box("scenarios"), list(rows, "No scenarios are planned."), scenarios.length > 1 && el("div", { class: "row" },
    button("Lift all",
      (control) => act(control, () => post("/_mock/scenarios", { tenant: name, scenarios: [] }), "All scenarios lifted"),
      { class: "quiet danger" })));
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
  const form = byId("scenario-form", HTMLFormElement);
  kinds.append(...Object.entries(KINDS).map(([value, { title }]) => el("option", { value }, title)));
  kinds.addEventListener("change", showFields);
  always.addEventListener("change", showFields);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const control = form.querySelector("button");
    const chosen = kind();
    if (!control || !chosen) return;
    const scenario = planned(chosen, {
      values: values(), action: action.value, userId: user.value,
      skip: skip.valueAsNumber, times: times.valueAsNumber, always: always.checked,
    });
    act(control, () => post("/_mock/scenarios", { tenant: chosenTenant()?.name, add: true, scenarios: [scenario] }), "Scenario planned");
  });
  showFields();
}
