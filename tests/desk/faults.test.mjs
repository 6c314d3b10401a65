// What the desk says of planned faults.

import assert from "node:assert/strict";
import { test } from "node:test";

import { effectOf, KINDS, planned, requestsOf } from "../../mock-server/src/http/desk/model/faults.js";

test("a fault says which requests it is about and what goes wrong", () => {
  const limited = { id: "fault-1", operation: "track", userId: "ada", skip: 2, times: 3, error: "too_many_requests", headers: { a: "b" } };
  assert.equal(requestsOf(limited), "track, of ada, after 2, 3 more");
  assert.equal(effectOf(limited), 'error too_many_requests, headers {"a":"b"}');
  /** @type {import("control-api").components["schemas"]["Fault"]} */
  const slow = { id: "slow", api: "authsignal", always: true, probability: 0.5, bytesPerSecond: 10 };
  assert.equal(requestsOf(slow), "every operation of authsignal, until it is lifted, with a probability of 0.5");
  assert.equal(effectOf(slow), "bytesPerSecond 10");
});

test("the form plans what is filled in, and leaves out what is not", () => {
  const filled = { values: {}, operation: " ", userId: "", skip: 0, times: 1, always: false };
  assert.deepEqual(planned(KINDS.malformed, filled), { times: 1, malformed: true });
  assert.deepEqual(planned(KINDS.status, { ...filled, values: { status: 503 }, operation: " track ", userId: "ada", skip: 2, times: 3 }),
    { operation: "track", userId: "ada", skip: 2, times: 3, status: 503 });
  assert.deepEqual(planned(KINDS.timeout, { ...filled, always: true, times: NaN }), { always: true, connection: "timeout" });
  // A rate limit stays anyway: with a number of times, it would end.
  assert.deepEqual(planned(KINDS.rateLimit, { ...filled, values: { count: 5, seconds: 60 } }), { rateLimit: { count: 5, seconds: 60 } });
});

test("each kind of fault has something that goes wrong", () => {
  for (const [name, kind] of Object.entries(KINDS)) {
    const values = Object.fromEntries(kind.values.map(({ name, value }) => [name, value]));
    assert.notEqual(effectOf(kind.fault(values)), "", name);
  }
});
