// The tenant that the desk shows. `tenant-field.js` has the field to choose another.

import { get, Refused } from "../control.js";
import { empty } from "./dom.js";

/** @typedef {import("../model/tenants.js").Tenant} Tenant */

/** Where the address of the page names the tenant, so that a link leads to it, and a reload stays there. */
const IN_ADDRESS = "tenant";

/**
 * The chosen one with its settings, as it was loaded last; without them as long as these are being loaded.
 * @type {Tenant | undefined}
 */
let chosen;
/** Whether the mock has others. */
let several = false;

/** @returns {Tenant | undefined} */
export const chosenTenant = () => chosen;

/** Whether the mock has several tenants. */
export const hasSeveral = () => several;

/** The tenant to ask the mock for; undefined if it has only one, since no query needs it then. */
export const tenantName = () => (several ? chosen?.name : undefined);

/** The id of the chosen tenant in Authsignal. */
export const authsignalTenant = () => chosen?.tenantId;

/**
 * Loads the chosen tenant, or the first one if there is no chosen one. The mock may have thousands, so the others are not
 * loaded. Returns whether the desk has to ask for another tenant than before.
 * @returns {Promise<boolean>}
 */
export async function loadTenants() {
  const before = chosen;
  const asked = tenantName();
  const wanted = before?.name ?? new URLSearchParams(location.search).get(IN_ADDRESS) ?? undefined;
  const [{ tenants }, found] = await Promise.all([
    get("/_mock/tenants", { brief: true, limit: 2 }),
    wanted === undefined ? undefined : withSettings(wanted),
  ]);
  const [first] = tenants;
  const loaded = found ?? (first && await withSettings(first.name));
  several = tenants.length > 1;
  // Somebody may have chosen another one meanwhile.
  if (chosen === before) chosen = loaded;
  return tenantName() !== asked;
}

/**
 * A tenant with its settings; undefined if the mock has none of that name, any more.
 * @param {string} name
 */
async function withSettings(name) {
  try {
    return (await get("/_mock/tenants", { tenant: name })).tenants[0];
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/**
 * Shows another tenant from now on.
 * @param {Tenant} tenant
 */
export function chooseTenant(tenant) {
  chosen = tenant;
  const address = new URL(location.href);
  address.searchParams.set(IN_ADDRESS, tenant.name);
  history.replaceState(null, "", address);
}

/** What the views of Authsignal show if the chosen tenant has none. */
export const withoutAuthsignal = () =>
  empty("This tenant does not use Authsignal. Choose another tenant, or add Authsignal to it in the mock’s configuration.");

/** What the views of Activeconnect show if the chosen tenant has none. */
export const withoutActiveconnect = () =>
  empty("This tenant does not use Activeconnect. Choose another tenant, or add an application to it in the mock’s configuration.");
