// The simulated phone: what waits for it, and the buttons to answer.

import { act } from "../act.js";
import { get, post } from "../control.js";
import { announce } from "./feedback.js";
import { box, button, el, empty, fill, tag } from "./dom.js";
import { answerable, COMMANDS, openSessions } from "../model/phone.js";
import { Changes, Seen } from "../model/rows.js";
import { duration } from "../model/time.js";
import { count, stateKind, tasks } from "../model/words.js";
import { mockTime } from "./clock.js";
import { showCount } from "./navigation.js";
import { authsignalTenant, chosenTenant, tenantName } from "./tenants.js";

/** @typedef {import("../model/phone.js").PhoneRequest} PhoneRequest */
/** @typedef {import("../model/phone.js").Session} Session */
/** @typedef {import("../model/phone.js").User} User */
/** @typedef {import("../model/phone.js").Command} Command */

const TITLE = "stepup-mock desk";
const USERS = 200;

/** @type {User[]} */
let users = [];
const seen = new Seen();
const changes = new Changes();

/** The users of the chosen tenant's Activeconnect application, with their sessions. */
export const activeconnectUsers = () => users;

export async function loadPhone() {
  const tenant = tenantName();
  const [waiting, known] = await Promise.all([
    get("/_mock/phone/requests", { tenant }),
    chosenTenant()?.activeconnect ? get("/_mock/activeconnect", { tenant, limit: USERS }) : { users: [] },
  ]);
  users = known.users;
  showPhone(waiting.requests);
}

/** @param {PhoneRequest[]} requests */
function showPhone(requests) {
  // Redrawing would take the focus from a button. The timer of the clock keeps the times up to date.
  if (!changes.differ([chosenTenant()?.name, requests, users])) return;
  const waiting = answerable(requests).map(({ request, older }) =>
    request.kind === "push" ? pushCard(request) : activeconnectCard(request, older));
  const sessions = openSessions(users).map(({ userId, session }) => sessionCard(userId, session));
  const cards = [...waiting, ...sessions];
  fill(box("phone"), cards.length
    ? cards
    : empty("No requests are waiting. Start an Activeconnect login or an Authsignal push challenge, then answer it here."));
  showCount("phone", requests.length);
  document.title = requests.length ? `(${requests.length}) ${TITLE}` : TITLE;
  const started = seen.started;
  const fresh = seen.record(requests, ({ id }) => id);
  const [first] = started ? fresh : requests;
  if (first) announce(`A request is waiting on the phone of ${first.userId}.`);
}

/**
 * A button that has the phone of a user do something.
 * @param {Command} command
 * @param {string} userId
 * @param {string} [look] instead of the command's own
 */
export function commandButton({ label, path, done, kind, hint }, userId, look = kind) {
  const applicationId = chosenTenant()?.activeconnect?.applicationId;
  return button(label, (control) => act(control, () => post(path, { userId, applicationId }), done),
    { class: look, title: hint });
}

/**
 * @param {PhoneRequest} request
 * @param {string} title
 * @param {string | undefined} note
 * @param {HTMLButtonElement[]} buttons
 */
function requestCard(request, title, note, buttons) {
  const until = Date.parse(request.expiresAt);
  return el("div", { class: "item ringing", "data-id": request.id },
    el("div", { class: "item-head" },
      el("span", { class: "who" }, el("span", { class: "bell", "aria-hidden": "true" }, "◉"), request.userId),
      el("span", { class: "hint num", "data-until": until, title: "Time left to answer" }, duration(until - mockTime()))),
    el("p", { class: "meta" }, title),
    note && el("p", { class: "meta" }, note),
    el("div", { class: "row" }, buttons));
}

/**
 * @param {PhoneRequest} request
 * @param {number} older
 */
function activeconnectCard(request, older) {
  const name = chosenTenant()?.activeconnect?.name ?? "Activeconnect";
  const note = older ? `${count(older, "older request is", "older requests are")} also waiting.` : undefined;
  const buttons = [COMMANDS.approve, COMMANDS.deny, COMMANDS.fail].map((command) => commandButton(command, request.userId));
  return requestCard(request, `${name} asks the user to ${tasks(request.asks)}.`, note, buttons);
}

/** @param {PhoneRequest} request */
function pushCard(request) {
  const subject = { userId: request.userId, challengeId: request.id, tenantId: authsignalTenant() };
  const title = request.action ? `Authsignal push for the action ${request.action}.` : "Authsignal push.";
  return requestCard(request, title, undefined, [
    button("Approve", (control) => act(control, () => post("/_mock/push/approve", subject), "Approved"), { class: "primary" }),
    button("Deny", (control) => act(control, () => post("/_mock/push/deny", subject), "Denied"), { class: "danger" }),
  ]);
}

/**
 * @param {string} userId
 * @param {Session} session
 */
function sessionCard(userId, session) {
  const away = session.status === "walkaway";
  return el("div", { class: "item" },
    el("div", { class: "item-head" }, el("span", { class: "who" }, userId), tag(session.status, stateKind(session.status))),
    el("p", { class: "meta" }, away
      ? "The phone is away. The session stays open, but the user has no access."
      : "The phone is nearby. The user is logged in."),
    el("div", { class: "row" },
      commandButton(away ? COMMANDS.comeBack : COMMANDS.walkAway, userId),
      commandButton(COMMANDS.expire, userId)));
}
