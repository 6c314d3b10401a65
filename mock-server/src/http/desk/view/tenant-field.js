// The field to choose a tenant, which is there if the mock has several. It offers those that match what is typed.

import { showProblem } from "../act.js";
import { get } from "../control.js";
import { box, byId, el, fill, sub } from "./dom.js";
import { about, label, walked } from "../model/tenants.js";
import { chooseTenant, chosenTenant, hasSeveral } from "./tenants.js";

/** @typedef {import("../model/tenants.js").Tenant} Tenant */

/** More than fit on a screen: whoever does not see theirs types a part of its name. */
const MOST = 50;
/** Pause after the last key before the search starts, in milliseconds. */
const TYPING = 120;

const field = byId("tenant", HTMLInputElement);
const popup = box("tenant-popup");
const options = box("tenant-options");

/** @type {Tenant[]} */
let offered = [];
/** The place of the option that Enter chooses; -1 for none. */
let at = -1;
/** Grows with each search, to tell answers that come too late. */
let turn = 0;
/** @type {number | undefined} */
let timer;
/** @type {(tenant: Tenant) => void} */
let chosen = () => {};

/** Shows the chosen tenant in the field, unless somebody is using it. */
export function showTenant() {
  box("tenant-field").hidden = !hasSeveral();
  const tenant = chosenTenant();
  if (document.activeElement !== field && tenant) field.value = label(tenant);
}

/**
 * Searches the mock's tenants, and offers those that match.
 * @param {string} search
 */
async function offer(search) {
  clearTimeout(timer);
  timer = undefined;
  turn += 1;
  const own = turn;
  try {
    const { tenants, more } = await get("/_mock/tenants", { brief: true, search, limit: MOST });
    if (own === turn) show(tenants, more, search);
  } catch (error) {
    showProblem(error);
  }
}

/**
 * @param {Tenant[]} tenants
 * @param {boolean} more whether others match, too
 * @param {string} search
 */
function show(tenants, more, search) {
  offered = tenants;
  fill(options, ...tenants.map((tenant, place) => el("li", { role: "option", id: `tenant-option-${place}` },
    label(tenant), sub(about(tenant)))));
  options.hidden = tenants.length === 0;
  box("tenant-note").textContent = tenants.length === 0
    ? "No tenant matches."
    : more ? `The first ${MOST} tenants. Type to search all of them.` : "";
  popup.hidden = false;
  field.setAttribute("aria-expanded", "true");
  mark(search ? 0 : tenants.findIndex(({ name }) => name === chosenTenant()?.name));
}

/** @param {number} place */
function mark(place) {
  at = Math.min(place, offered.length - 1);
  [...options.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
  const option = options.children[at];
  if (!option) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

/** Closes the list, and shows the chosen tenant again. */
function close() {
  clearTimeout(timer);
  turn += 1;
  popup.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
  const tenant = chosenTenant();
  field.value = tenant ? label(tenant) : "";
}

/** @param {Tenant | undefined} tenant */
function choose(tenant) {
  const other = tenant && tenant.number !== chosenTenant()?.number;
  if (other) chooseTenant(tenant);
  close();
  field.select();
  if (other) chosen(tenant);
}

/** @param {number} step */
function walk(step) {
  if (popup.hidden) return offer("");
  return mark(walked(at, offered.length, step));
}

async function enter() {
  // What is offered may not match yet what is typed.
  if (timer !== undefined) await offer(field.value.trim());
  if (!popup.hidden) choose(offered[at]);
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  /** @type {Record<string, () => unknown>} */
  const keys = { ArrowDown: () => walk(1), ArrowUp: () => walk(-1), Enter: enter, Escape: close };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

/** @param {(tenant: Tenant) => void} listener called when another tenant was chosen */
export function startTenantField(listener) {
  chosen = listener;
  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", () => popup.hidden && offer(""));
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => offer(field.value.trim()), TYPING);
  });
  field.addEventListener("keydown", pressed);
  field.addEventListener("blur", close);
  // The field keeps the focus.
  popup.addEventListener("mousedown", (event) => event.preventDefault());
  options.addEventListener("click", ({ target }) => {
    const option = target instanceof Element ? target.closest("[role=option]") : null;
    if (option) choose(offered[[...options.children].indexOf(option)]);
  });
}
