// The users of the chosen Activeconnect application, with their phones and sessions.

import { box, code, el, empty, fill, sub, table, tag, time } from "./dom.js";
import { Changes } from "../model/rows.js";
import { commands } from "../model/phone.js";
import { stateKind } from "../model/words.js";
import { activeconnectUsers, commandButton } from "./phone.js";
import { chosenTenant, withoutActiveconnect } from "./tenants.js";

/** @typedef {import("../model/phone.js").User} User */

const SESSIONS = 5;
const changes = new Changes();

const HEADS = [{ name: "User" }, { name: "Phone" }, { name: "Sessions" }, { name: "Controls", tight: true, hidden: true }];

/** Shows what the phone loaded last. */
export function showSessions() {
  const view = box("sessions");
  const application = chosenTenant()?.activeconnect;
  const users = activeconnectUsers();
  // Redrawing would take the focus from a button.
  if (!changes.differ([application?.applicationId, users])) return;
  if (!application) return fill(view, withoutActiveconnect());
  if (!users.length) {
    return fill(view, empty("No users yet. Add them with ", code(`POST /management/add_users/${application.applicationId}`), "."));
  }
  fill(view, table(HEADS, users.map((user) => ({ cells: [user.userId, phoneOf(user), sessionsOf(user), controlsOf(user)] }))));
}

/** @param {User} user */
const phoneOf = ({ device }) => device
  ? [el("div", {}, device.name ?? "unnamed phone"), el("div", { class: "sub mono" }, device.deviceId)]
  : sub("no registered phone");

/** @param {User} user */
const sessionsOf = ({ sessions }) => sessions.length
  ? sessions.slice(0, SESSIONS).map(({ sessionId, status, startedAt }) => el("div", { class: "row" },
    tag(status, stateKind(status)), time(startedAt), el("span", { class: "sub mono wrap" }, sessionId)))
  : sub("no sessions");

/** @param {User} user */
const controlsOf = ({ userId, sessions }) => el("div", { class: "row" }, commands(sessions).map((command) =>
  commandButton(command, userId, command.kind === "danger" ? "quiet danger" : "quiet")));
