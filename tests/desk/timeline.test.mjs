// The life of an action: which requests, messages and webhooks belong to it, and in which order.

import assert from "node:assert/strict";
import { test } from "node:test";

import { timeline } from "../../mock-server/src/http/desk/model/timeline.js";

/** @typedef {import("../../mock-server/src/http/desk/model/timeline.js").Life} Life */

const at = (second) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** @returns {Life["action"]} */
const action = (idempotencyKey, created, updated = created, parts = {}) => ({
  userId: "ada", action: "pay", idempotencyKey, state: "CHALLENGE_REQUIRED", decidedBy: "rule",
  createdAt: at(created), updatedAt: at(updated), ...parts,
});

/** @returns {Life["requests"][number]} */
const request = (number, second, entry = {}, bodies = {}) => {
  const body = (text) => text && { length: text.length, text };
  return {
    entry: { number, at: at(second), api: "authsignal", operation: `operation-${number}`, method: "POST", target: "/v1/x", status: 200, ...entry },
    request: body(bodies.request), answer: body(bodies.answer),
  };
};

/** @param {Partial<Life>} parts */
const life = (parts) => {
  const own = parts.action ?? action("key", 10);
  return { action: own, others: [own], requests: [], messages: [], waiting: [], deliveries: [], ...parts };
};

const titles = (one) => timeline(one, "the rule R").map(({ title }) => title);

test("an action says how it was decided, and how it ended", () => {
  assert.deepEqual(timeline(life({ action: action("key", 10, 10, { warning: "no authenticator" }) }), "the rule R"),
    [{ at: at(10), kind: "action", title: "CHALLENGE_REQUIRED, decided by the rule R", notes: ["Warning: no authenticator"] }]);
  const ended = action("key", 10, 20, { state: "CHALLENGE_SUCCEEDED", verificationMethod: "SMS" });
  assert.deepEqual(timeline(life({ action: ended }), "the rule R").map(({ title, notes }) => [title, notes]),
    [["Tracked, decided by the rule R", []], ["CHALLENGE_SUCCEEDED", ["by SMS"]]]);
});

test("a request belongs to the action if its path or a body says so", () => {
  const requests = [
    request(1, 10, { target: "/v1/users/ada/actions/pay" }, { answer: '{"idempotencyKey":"key"}' }),
    request(2, 11, { target: "/v1/users/ada/actions/pay/key?x=1" }),
    request(3, 12, { target: "/v1/users/ada/actions/pay/key-2" }),
    request(4, 13, {}, { request: '{"idempotencyKey":"other"}' }),
    request(5, 14, {}, { request: '{"userId":"ada","action":"pay","idempotencyKey":"key"}' }),
    request(6, 15, { target: "/v1/users/ada" }),
    request(7, 16, {}, { answer: "not JSON" }),
  ];
  assert.deepEqual(titles(life({ requests })).slice(1), ["operation-1", "operation-2", "operation-5"]);
});

test("what a token or a page does belongs to the newest action that the tenant had then, a message to that of its user", () => {
  const first = action("key", 10);
  const others = [action("next", 40), { ...action("another", 30), userId: "bob" }, first];
  const client = (number, second, bodies) => request(number, second, { api: "authsignal-client" }, bodies);
  const requests = [
    client(1, 5, {}), client(2, 11, {}), request(3, 12, { api: "pages" }), client(4, 31, {}),
    client(5, 13, { request: '{"action":"signIn"}' }),
  ];
  assert.deepEqual(titles(life({ action: first, others, requests })).slice(1), ["operation-2", "operation-3"]);
  const messages = [31, 41].map((second) => /** @type {any} */ ({ kind: "code", to: `+${second}`, createdAt: at(second) }));
  assert.deepEqual(titles(life({ action: first, others, messages })).slice(1), ["A code to +31"]);
});

test("messages, pushes and webhooks are in the life of their action", () => {
  const message = (second, kind) => ({ id: "t:1", tenant: "t", kind, channel: "sms", to: "+64", text: "", createdAt: at(second) });
  const delivery = (data) => ({
    tenantId: "t", number: 1, type: "action.verify", target: "http://x/", progress: "taken", eventIds: [], body: JSON.stringify({ data }),
    attempts: [{ at: at(21), error: "refused", signature: "" }, { at: at(22), status: 200, fault: "late", signature: "" }],
  });
  const push = (code) => ({ id: "p", kind: "push", tenant: "t", userId: "ada", action: code, asks: [], createdAt: at(20), expiresAt: at(99) });
  const own = /** @type {any} */ ({
    messages: [message(12, "link"), message(11, "code"), message(5, "code")],
    waiting: [push("pay"), push("signIn")],
    deliveries: [
      delivery({ userId: "ada", action: "pay", idempotencyKey: "key" }), delivery({ userId: "ada", idempotencyKey: "other" }),
      delivery({ userId: "bob", idempotencyKey: "key" }),
    ],
  });
  const events = timeline(life(own), "the rule R").slice(1);
  assert.deepEqual(events.map(({ kind, title, status, notes }) => [kind, title, status, notes]), [
    ["message", "A code to +64", undefined, []], ["message", "A link to +64", undefined, []],
    ["phone", "A push waits for the phone", undefined, []],
    ["webhook", "action.verify to http://x/", undefined, ["refused"]],
    ["webhook", "action.verify to http://x/", 200, ["Deliberate fault: late"]],
  ]);
});

test("a request says why it was refused, what is wrong with it, and what the rules have read", () => {
  const tracked = {
    ...request(1, 10, { reason: "no such user", warning: "unknown member" }, { answer: '{"idempotencyKey":"key"}' }),
    variables: [{ name: "custom.amount", value: "5", origin: "the request" }, { name: "ip.isAnonymous" }],
  };
  assert.deepEqual(timeline(life({ requests: [/** @type {any} */ (tracked)] }), "the rule R")[1]?.notes,
    ["no such user", "Warning: unknown member", "The rules read: custom.amount is 5, ip.isAnonymous is without a value"]);
});
