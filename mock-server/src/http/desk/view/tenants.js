// The tenant that the desk shows, and the field to choose it, which is there if the mock has several.

import { get } from "../control.js";
import { box, byId, el, empty } from "./dom.js";

/** @typedef {import("control-api").components["schemas"]["TenantSummary"]} Tenant */

/** @type {Tenant[]} */
let tenants = [];

const field = byId("tenant", HTMLSelectElement);

/** @returns {Tenant | undefined} */
export const chosenTenant = () => tenants.find(({ name }) => name === field.value) ?? tenants[0];

/** The tenant to ask the mock for; undefined if it has only one, since no query needs it then. */
export const tenantName = () => (tenants.length > 1 ? chosenTenant()?.name : undefined);

/** The id of the chosen tenant in Authsignal. */
export const authsignalTenant = () => chosenTenant()?.authsignal?.tenantId;

/**
 * Loads the tenants. Returns whether the field offers others than before.
 * @returns {Promise<boolean>}
 */
export async function loadTenants() {
  tenants = (await get("/_mock/tenants")).tenants;
  const names = tenants.map(({ name }) => name);
  const before = [...field.options].map(({ value }) => value);
  box("tenant-field").hidden = tenants.length < 2;
  if (names.join("\n") === before.join("\n")) return false;
  const { value } = field;
  field.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
  if (names.includes(value)) field.value = value;
  return true;
}

/** Whether the mock has several tenants. */
export const hasSeveral = () => tenants.length > 1;

/** @param {() => void} listener */
export const onTenantChosen = (listener) => field.addEventListener("change", listener);

/** What the views of Authsignal show if the chosen tenant has none. */
export const withoutAuthsignal = () =>
  empty("This tenant does not use Authsignal. Choose another tenant, or add Authsignal to it in the mock’s configuration.");

/** What the views of Activeconnect show if the chosen tenant has none. */
export const withoutActiveconnect = () =>
  empty("This tenant does not use Activeconnect. Choose another tenant, or add an application to it in the mock’s configuration.");
