// What the desk says of planned faults.

import assert from "node:assert/strict";
import { test } from "node:test";

import { effectOf, requestsOf } from "../../mock-server/src/http/desk/model/faults.js";

test("a fault says which requests it is about and what goes wrong", () => {
  const limited = { id: "fault-1", operation: "track", userId: "ada", skip: 2, times: 3, error: "too_many_requests", headers: { a: "b" } };
  assert.equal(requestsOf(limited), "track, of ada, after 2, 3 more");
  assert.equal(effectOf(limited), 'error too_many_requests, headers {"a":"b"}');
  /** @type {import("control-api").components["schemas"]["Fault"]} */
  const slow = { id: "slow", api: "authsignal", always: true, probability: 0.5, bytesPerSecond: 10 };
  assert.equal(requestsOf(slow), "every operation of authsignal, until it is lifted, with a probability of 0.5");
  assert.equal(effectOf(slow), "bytesPerSecond 10");
});
