// What the desk calls a tenant, and how the keyboard walks through those that the field offers. Knows nothing of the page.

/** @typedef {import("control-api").components["schemas"]["TenantSummary"]} Tenant */

/**
 * What people call a tenant, and its name if that is something else.
 * @param {Tenant} tenant
 */
export function label({ name, activeconnect }) {
  return activeconnect && activeconnect.name !== name ? `${activeconnect.name} (${name})` : name;
}

/**
 * What else tells a tenant from others: the APIs that it uses, and the id that its label does not have.
 * @param {Tenant} tenant
 */
export function about({ name, tenantId, activeconnect }) {
  return [
    activeconnect && "Activeconnect",
    tenantId && (tenantId === name ? "Authsignal" : `Authsignal ${tenantId}`),
  ].filter(Boolean).join(" · ");
}

/**
 * The place in a list after `step` places down, or up if it is negative. It goes on at the other end; -1 stands for no
 * place.
 * @param {number} at
 * @param {number} count of the list
 * @param {number} step
 */
export function walked(at, count, step) {
  if (count === 0) return -1;
  if (at < 0) return step > 0 ? 0 : count - 1;
  return (at + step + count) % count;
}
