// What the simulated phone shows, and what it can do next.

import assert from "node:assert/strict";
import { test } from "node:test";

import { answerable, anyActive, commands, openSessions } from "../../mock-server/src/http/desk/model/phone.js";

const AT = "2026-01-01T00:00:00Z";

const request = (id, kind, userId) => ({ id, kind, userId, tenant: "t", asks: [], expiresAt: AT });
const session = (sessionId, status) => ({ sessionId, status, startedAt: AT });
const user = (userId, ...statuses) =>
  ({ userId, sessions: statuses.map((status, at) => session(`${userId}${at}`, status)) });

test("the newest request comes first, and older logins of the same user are only counted", () => {
  const requests = [
    request("1", "activeconnect", "ada"), request("2", "push", "ada"), request("3", "activeconnect", "bob"),
    request("4", "activeconnect", "ada"), request("5", "push", "ada"), request("6", "activeconnect", "ada"),
  ];
  const shown = answerable(requests).map(({ request: { id }, older }) => [id, older]);
  assert.deepEqual(shown, [["6", 2], ["5", 0], ["3", 0], ["2", 0]]);
  assert.equal(requests[0].id, "1", "the list itself stays in order");
  assert.deepEqual(answerable([]), []);
});

test("each user's newest open session is shown, up to 20 of them", () => {
  const users = [user("ada", "pending", "walkaway", "active"), user("bob", "closed", "failed"), user("cyd", "active")];
  assert.deepEqual(openSessions(users).map(({ userId, session: { status } }) => [userId, status]),
    [["ada", "walkaway"], ["cyd", "active"]]);
  const many = Array.from({ length: 30 }, (_, at) => user(`u${at}`, "active"));
  assert.equal(openSessions(many).length, 20);
});

test("only an active session can change by time alone", () => {
  assert.equal(anyActive([user("ada", "walkaway", "closed")]), false);
  assert.equal(anyActive([user("ada", "closed"), user("bob", "walkaway", "active")]), true);
  assert.equal(anyActive([]), false);
});

test("what the phone can do depends on the newest session that is not over", () => {
  const labels = (...statuses) => commands(user("ada", ...statuses).sessions).map(({ label }) => label);
  assert.deepEqual(labels("pending"), ["Approve", "Deny", "Expire"]);
  assert.deepEqual(labels("closed", "identifying", "active"), ["Approve", "Deny", "Expire"]);
  assert.deepEqual(labels("active", "pending"), ["Walk away", "Expire"]);
  assert.deepEqual(labels("walkaway"), ["Return", "Expire"]);
  assert.deepEqual(labels("timeout", "cancelled", "failed", "closed"), []);
  assert.deepEqual(labels(), []);
});
