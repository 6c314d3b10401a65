// The tenant that the desk shows, and the field to choose it, which is there if the mock has several.

import { get } from "../control.js";
import { box, byId, el, empty } from "./dom.js";

/** @typedef {import("control-api").components["schemas"]["TenantSummary"]} Tenant */

/** As many as a mock has. */
const MOST = 10_000;

/**
 * Without their settings, because there may be thousands.
 * @type {Tenant[]}
 */
let tenants = [];

/**
 * The chosen one with its settings, as it was loaded last.
 * @type {Tenant | undefined}
 */
let whole;

const field = byId("tenant", HTMLSelectElement);

/** @returns {Tenant | undefined} */
const chosen = () => tenants.find(({ name }) => name === field.value) ?? tenants[0];

/**
 * The chosen tenant; without its settings as long as these are being loaded.
 * @returns {Tenant | undefined}
 */
export function chosenTenant() {
  const tenant = chosen();
  return whole && whole.number === tenant?.number ? whole : tenant;
}

/** The tenant to ask the mock for; undefined if it has only one, since no query needs it then. */
export const tenantName = () => (tenants.length > 1 ? chosenTenant()?.name : undefined);

/** The id of the chosen tenant in Authsignal. */
export const authsignalTenant = () => chosenTenant()?.tenantId;

/**
 * Loads the tenants. Returns whether the field offers others than before.
 * @returns {Promise<boolean>}
 */
export async function loadTenants() {
  tenants = (await get("/_mock/tenants", { brief: true, limit: MOST })).tenants;
  const offered = offer();
  const name = chosen()?.name;
  [whole] = name === undefined ? [] : (await get("/_mock/tenants", { tenant: name })).tenants;
  return offered;
}

/** Puts the tenants into the field. Returns whether there were others before. */
function offer() {
  const names = tenants.map(({ name }) => name);
  const before = [...field.options].map(({ value }) => value);
  box("tenant-field").hidden = tenants.length < 2;
  if (names.join("\n") === before.join("\n")) return false;
  const { value } = field;
  field.replaceChildren(...tenants.map((tenant) => el("option", { value: tenant.name }, label(tenant))));
  if (names.includes(value)) field.value = value;
  return true;
}

/**
 * What people call a tenant, and its id if that is something else.
 * @param {Tenant} tenant
 */
function label({ name, activeconnect }) {
  return activeconnect && activeconnect.name !== name ? `${activeconnect.name} (${name})` : name;
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
