// What waits for a simulated phone, and what the phone can do next. Knows nothing of the page.

/** @typedef {import("control-api").components["schemas"]} Schemas */
/** @typedef {Schemas["PhoneRequest"]} PhoneRequest */
/** @typedef {Schemas["ActiveconnectUser"]} User */
/** @typedef {Schemas["ActiveconnectSession"]} Session */

/**
 * @typedef {object} Command Something that a simulated phone can do with a session.
 * @property {string} label
 * @property {`/_mock/phone/${"approve" | "deny" | "fail" | "walk-away" | "return" | "expire"}`} path
 * @property {string} done what the desk reports afterwards
 * @property {string} [kind] the look of the button
 * @property {string} [hint]
 */

/** @type {Record<"approve" | "deny" | "fail" | "walkAway" | "comeBack" | "expire", Command>} */
export const COMMANDS = {
  approve: { label: "Approve", path: "/_mock/phone/approve", done: "Approved", kind: "primary" },
  deny: { label: "Deny", path: "/_mock/phone/deny", done: "Denied", kind: "danger" },
  fail: {
    label: "Not recognised", path: "/_mock/phone/fail", done: "The session failed: the user was not recognised",
    hint: "The user accepts, but Activeconnect does not recognise them",
  },
  walkAway: { label: "Walk away", path: "/_mock/phone/walk-away", done: "The user walked away" },
  comeBack: { label: "Return", path: "/_mock/phone/return", done: "The user is back", kind: "primary" },
  expire: { label: "Expire", path: "/_mock/phone/expire", done: "The session expired" },
};

const NEARBY_SESSIONS = 20;

/**
 * The requests to show, newest first. A phone answers its newest Activeconnect request first, so older ones of the same
 * user are only counted.
 * @param {PhoneRequest[]} requests oldest first
 * @returns {{ request: PhoneRequest, older: number }[]}
 */
export function answerable(requests) {
  /** @type {Map<string, { request: PhoneRequest, older: number }>} */
  const shown = new Map();
  for (const request of [...requests].reverse()) {
    const key = request.kind === "activeconnect" ? `user ${request.userId}` : `push ${request.id}`;
    const newer = shown.get(key);
    if (newer) newer.older += 1;
    else shown.set(key, { request, older: 0 });
  }
  return [...shown.values()];
}

/**
 * Whether the session lets the user in, or did until the user walked away.
 * @param {Session} session
 */
const isOpen = ({ status }) => status === "active" || status === "walkaway";

/**
 * The newest open session of each user, up to 20 in all.
 * @param {User[]} users
 * @returns {{ userId: string, session: Session }[]}
 */
export function openSessions(users) {
  return users
    .flatMap(({ userId, sessions }) => sessions.filter(isOpen).slice(0, 1).map((session) => ({ userId, session })))
    .slice(0, NEARBY_SESSIONS);
}

/**
 * Whether time alone can change one of these sessions.
 * @param {User[]} users
 */
export const anyActive = (users) => users.some(({ sessions }) => sessions.some(({ status }) => status === "active"));

/**
 * What the phone can do with a user's newest session; nothing if every session is over.
 * @param {Session[]} sessions newest first
 * @returns {Command[]}
 */
export function commands(sessions) {
  /** @param {Session} session */
  const waiting = ({ status }) => status === "pending" || status === "identifying";
  const newest = sessions.find((session) => waiting(session) || isOpen(session));
  if (!newest) return [];
  if (waiting(newest)) return [COMMANDS.approve, COMMANDS.deny, COMMANDS.expire];
  return [newest.status === "active" ? COMMANDS.walkAway : COMMANDS.comeBack, COMMANDS.expire];
}
