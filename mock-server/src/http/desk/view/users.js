// The users of the chosen Authsignal tenant, and one of them with all that belongs to them.

import { act, showProblem } from "../act.js";
import { get, post, Refused } from "../control.js";
import { refreshOne } from "../refresh.js";
import { copy } from "./feedback.js";
import { box, button, byId, el, empty, facts, fill, list, sub, table, tag, time } from "./dom.js";
import { Changes } from "../model/rows.js";
import { fullTime } from "../model/time.js";
import { challengeOf, decidedBy, stateTag } from "./action-cells.js";
import { openView } from "./navigation.js";
import { authsignalTenant, tenantName, withoutAuthsignal } from "./tenants.js";

/** @typedef {import("control-api").components["schemas"]} Schemas */

const MOST = 200;
const ACTIONS = 50;
/** Pause after the last key before the search starts, in milliseconds. */
const TYPING = 120;

const HEADS = [{ name: "User" }, { name: "Authenticators" }, { name: "Actions", tight: true, label: "actions" }];

const search = byId("users-search", HTMLInputElement);
/** @type {string | undefined} */
let chosen;
const listChanges = new Changes();
const detailChanges = new Changes();

export async function loadUsers() {
  const view = box("users");
  if (!authsignalTenant()) {
    listChanges.forget();
    return fill(view, withoutAuthsignal());
  }
  const text = search.value.trim();
  const { users, more } = await get("/_mock/users", { tenant: tenantName(), search: text, limit: MOST });
  box("users-count").textContent = users.length ? `${users.length}${more ? "+, sorted by id" : ""}` : "";
  // Redrawing would take the focus from a user's button.
  if (listChanges.differ([tenantName(), users, text, chosen])) {
    fill(view, users.length ? table(HEADS, users.map(userRow)) : noUsers(text));
  }
  if (chosen !== undefined) await loadChosen(chosen);
}

/** @param {string} text what was searched for */
const noUsers = (text) => empty(text
  ? "No users match the search. Clear it to see all users."
  : "No users yet. Track an action or enrol an authenticator to create one.");

/** @param {Schemas["UserSummary"]} user */
function userRow(user) {
  const about = [user.displayName, user.email, user.phoneNumber].filter(Boolean).join(" · ");
  const methods = user.verificationMethods.map((method) => tag(method));
  return {
    attributes: { class: user.userId === chosen && "chosen" },
    cells: [
      [button(user.userId, () => openUser(user.userId), { class: "link" }), sub(about)],
      el("div", { class: "row" }, methods.length ? methods : el("span", { class: "sub" }, "none")),
      el("span", { class: "num" }, String(user.actions)),
    ],
  };
}

/**
 * Opens the view with this user chosen.
 * @param {string} userId
 */
export function openUser(userId) {
  chosen = userId;
  openView("users");
  refreshOne("users");
}

/** Closes the details. */
export function closeUser() {
  chosen = undefined;
  box("user-detail").hidden = true;
  box("users-split").classList.remove("open");
  box("users").querySelector("tr.chosen")?.classList.remove("chosen");
}

/** @param {string} userId */
async function loadChosen(userId) {
  let detail;
  try {
    detail = await get("/_mock/user", { tenant: tenantName(), userId, limit: ACTIONS });
  } catch (error) {
    // The user was deleted.
    if (error instanceof Refused) return closeUser();
    throw error;
  }
  if (chosen !== userId) return;
  const place = box("user-detail");
  // Redrawing would lose the scroll position, and the code that the user asked for.
  if (!detailChanges.differ(detail) && !place.hidden) return;
  fill(place, ...detailParts(detail));
  place.hidden = false;
  box("users-split").classList.add("open");
}

/** @param {Schemas["UserDetail"]} detail */
function detailParts({ user, authenticators, actions, devices }) {
  return [
    el("div", { class: "top" }, el("div", { class: "title" }, user.userId), button("Close", closeUser, { class: "quiet" })),
    facts([["Name", user.displayName], ["Email", user.email], ["Phone", user.phoneNumber]]),
    el("h3", {}, "Authenticators"),
    list(authenticators.map((one) => authenticatorParts(one, user.userId)), "No authenticators. The mock does not challenge a user without one."),
    el("div", { class: "row" }, pushButton(user.userId)),
    el("h3", {}, "Actions"),
    list(actions.map((action) => [
      el("div", { class: "item-head" }, el("span", {}, action.action), time(action.createdAt)),
      el("div", { class: "row" }, stateTag(action.state), decidedBy(action), challengeOf(action)),
    ]), "No actions yet."),
    el("h3", {}, "Devices"),
    list(devices.map((device) => [el("span", { class: "mono" }, device.deviceId), sub(deviceState(device))]), "No devices yet."),
  ];
}

/**
 * @param {Schemas["AuthenticatorSummary"]} authenticator
 * @param {string} userId
 */
function authenticatorParts({ verificationMethod, email, phoneNumber, name, lastVerifiedAt }, userId) {
  return [
    tag(verificationMethod, "info"), " ", email ?? phoneNumber ?? name,
    verificationMethod === "AUTHENTICATOR_APP" && currentCode(userId),
    lastVerifiedAt ? sub("last used ", time(lastVerifiedAt)) : sub("never used"),
  ];
}

/** @param {Schemas["DeviceSummary"]} device */
function deviceState({ invalidatedAt, rememberedUntil, lastVerificationMethod }) {
  if (invalidatedAt) return "invalidated";
  if (rememberedUntil) return `remembered until ${fullTime(new Date(rememberedUntil))} UTC`;
  return lastVerificationMethod ? `last verified by ${lastVerificationMethod}` : "not verified yet";
}

/** @param {string} userId */
function pushButton(userId) {
  return button("Enrol a simulated phone for push", (control) => act(control,
    () => post("/_mock/push/register", { userId, tenantId: authsignalTenant() }),
    "The simulated phone can now receive pushes"), { class: "quiet" });
}

/**
 * The code that the user's authenticator app would show now.
 * @param {string} userId
 */
function currentCode(userId) {
  const row = el("div", { class: "row" });
  const show = button("Show the code", async () => {
    try {
      const { code, expiresAt } = await get("/_mock/totp", { userId, tenant: tenantName() });
      fill(row, el("span", { class: "code" }, code), button("Copy", () => copy(code, "Code")),
        el("span", { class: "hint" }, "valid until ", time(expiresAt)));
    } catch (error) {
      showProblem(error);
    }
  }, { class: "quiet" });
  row.append(show);
  return row;
}

export function startUsers() {
  /** @type {number | undefined} */
  let timer;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => refreshOne("users", { atOnce: true }), TYPING);
  });
}
