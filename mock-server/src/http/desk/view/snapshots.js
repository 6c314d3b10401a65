// The snapshots of the chosen tenant, and the form to take one.

import { act } from "../act.js";
import { get, post, remove } from "../control.js";
import { box, button, byId, el, fill, list, sub, time } from "./dom.js";
import { Changes } from "../model/rows.js";
import { chosenTenant } from "./tenants.js";

const changes = new Changes();
const snapshotName = byId("snapshot-name", HTMLInputElement);

/** Shows the snapshots of the chosen tenant. */
export async function loadSnapshots() {
  const tenant = chosenTenant()?.name;
  if (tenant === undefined) return;
  const { snapshots } = await get("/_mock/snapshots", { tenant });
  // Redrawing would take the focus from a button.
  if (!changes.differ([tenant, snapshots])) return;
  const rows = snapshots.map(({ name, takenAt }) => [
    el("div", { class: "item-head" }, el("span", {}, name), el("span", { class: "row" },
      button("Restore", (control) => act(control, () => post("/_mock/snapshots/restore", { name, tenant }), `Back at ${name}`)),
      button("Delete", (control) => act(control, () => remove("snapshots", name, tenant), "Snapshot deleted"),
        { class: "quiet danger" }))),
    sub("taken at ", time(takenAt), " of the tenant’s clock"),
  ]);
  fill(box("snapshots"), list(rows, "No snapshots."));
}

export function startSnapshots() {
  const form = byId("snapshot-form", HTMLFormElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const control = form.querySelector("button");
    const tenant = chosenTenant()?.name;
    if (!control || tenant === undefined) return;
    act(control, () => post("/_mock/snapshots", { name: snapshotName.value, tenant }), "Snapshot taken");
  });
}
