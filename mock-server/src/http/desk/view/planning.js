// What the views of faults and of scenarios share: the list of what is planned, with a button that lifts each, and the form that
// plans more. Knows no member of either.

import { act } from "../act.js";
import { remove } from "../control.js";
import { box, button, byId, el, fill, list, sub } from "./dom.js";

/**
 * Shows what is planned for a tenant.
 * @template {{ id?: string }} T
 * @param {"fault" | "scenario"} word
 * @param {string} tenant
 * @param {T[]} planned
 * @param {(one: T) => string} about what it is about
 * @param {(one: T) => string} effect what it does
 * @param {() => Promise<unknown>} clear takes all back
 */
export function showPlanned(word, tenant, planned, about, effect, clear) {
  const name = /** @type {const} */ (`${word}s`);
  const rows = planned.map((one) => [
    el("div", { class: "item-head" }, el("span", {}, about(one)),
      button("Lift", (control) => act(control, () => remove(name, one.id ?? "", tenant), `${capital(word)} lifted`), { class: "quiet" })),
    sub(effect(one)),
  ]);
  fill(box(name), list(rows, `No ${name} are planned.`), planned.length > 1 && el("div", { class: "row" },
    button("Lift all", (control) => act(control, clear, `All ${name} lifted`), { class: "quiet danger" })));
}

/**
 * Starts the form that plans one more.
 * @param {"fault" | "scenario"} word
 * @param {Record<string, { title: string }>} kinds what there is to choose from
 * @param {() => void} showFields shows the fields of the chosen kind
 * @param {() => (() => Promise<unknown>) | undefined} read how to plan what the fields say; nothing if no kind is chosen
 */
export function startPlanning(word, kinds, showFields, read) {
  const form = byId(`${word}-form`, HTMLFormElement);
  const select = byId(`${word}-kind`, HTMLSelectElement);
  select.append(...Object.entries(kinds).map(([value, { title }]) => el("option", { value }, title)));
  select.addEventListener("change", showFields);
  byId(`${word}-always`, HTMLInputElement).addEventListener("change", showFields);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const control = form.querySelector("button");
    const plan = read();
    if (control && plan) act(control, plan, `${capital(word)} planned`);
  });
  showFields();
}

/** @param {string} word */
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
