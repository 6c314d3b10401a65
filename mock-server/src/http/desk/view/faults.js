// What is planned to go wrong with requests of the chosen tenant, and the form to plan more.

import { showProblem } from "../act.js";
import { get, post } from "../control.js";
import { box, byId, el, fill } from "./dom.js";
import { showPlanned, startPlanning } from "./planning.js";
import { effectOf, KINDS, planned, requestsOf } from "../model/faults.js";
import { Changes } from "../model/rows.js";
import { chosenTenant, tenantName } from "./tenants.js";

/** How many of the newest requests are asked for the operations that the form offers. */
const REQUESTS = 200;

const changes = new Changes();
const operation = byId("fault-operation", HTMLInputElement);
const user = byId("fault-user", HTMLInputElement);
const skip = byId("fault-skip", HTMLInputElement);
const times = byId("fault-times", HTMLInputElement);
const always = byId("fault-always", HTMLInputElement);
const kinds = byId("fault-kind", HTMLSelectElement);

const kind = () => KINDS[kinds.value];

/** Shows the planned faults, and offers the operations that the tenant has used lately. */
export async function openFaults() {
  showFaults();
  try {
    const { requests } = await get("/_mock/journal", { tenant: tenantName(), limit: REQUESTS });
    const used = [...new Set(requests.flatMap(({ operation }) => operation ?? []))].sort();
    fill(box("fault-operations"), ...used.map((value) => el("option", { value })));
  } catch (error) {
    showProblem(error);
  }
}

/** Shows the planned faults of the tenant that was loaded last. */
export function showFaults() {
  const tenant = chosenTenant();
  // Redrawing would take the focus from a button.
  if (!tenant || !changes.differ([tenant.name, tenant.faults])) return;
  const { name, faults = [] } = tenant;
  showPlanned("fault", name, faults, requestsOf, effectOf,
    () => post("/_mock/faults", { tenant: name, faults: [] }));
}

/** Shows the fields of the chosen kind of fault. */
function showFields() {
  const { values = [], stays = false } = kind() ?? {};
  fill(box("fault-values"), ...values.map(({ name, label, value, min, max }) =>
    el("label", {}, label, el("input", { type: "number", name, value, min, max, required: true }))));
  box("fault-values").hidden = values.length === 0;
  box("fault-times-field").hidden = stays || always.checked;
  times.disabled = stays || always.checked;
  box("fault-always-field").hidden = stays;
}

/** The numbers in the fields of the chosen kind of fault. */
const values = () => Object.fromEntries([...box("fault-values").querySelectorAll("input")]
  .map(({ name, valueAsNumber }) => [name, valueAsNumber]));

export function startFaults() {
  startPlanning("fault", KINDS, showFields, () => {
    const chosen = kind();
    if (!chosen) return undefined;
    const fault = planned(chosen, {
      values: values(), operation: operation.value, userId: user.value,
      skip: skip.valueAsNumber, times: times.valueAsNumber, always: always.checked,
    });
    return () => post("/_mock/faults", { tenant: chosenTenant()?.name, add: true, faults: [fault] });
  });
}
