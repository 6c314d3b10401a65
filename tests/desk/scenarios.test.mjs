// What the desk says of planned scenarios.

import assert from "node:assert/strict";
import { test } from "node:test";

import { effectOf, KINDS, planned, subjectOf } from "../../mock-server/src/http/desk/model/scenarios.js";

test("a scenario says what it is about and what happens", () => {
  /** @type {import("control-api").components["schemas"]["Scenario"]} */
  const block = { id: "scenario-1", userId: "ada", action: "signIn", skip: 2, times: 3, outcome: "BLOCK" };
  assert.equal(subjectOf(block), "signIn, of ada, after 2, 3 more");
  assert.equal(effectOf(block), "outcome BLOCK");
  assert.equal(subjectOf({ channel: "sms", always: true, delivery: "fails" }), "messages by sms, until it is lifted");
  assert.equal(effectOf({ phone: "walk_away", afterSeconds: 3 }), "the phone: walk away after 3 s");
  assert.equal(effectOf({ facts: { ip: { countryCode: "FR" } } }), 'facts {"ip":{"countryCode":"FR"}}');
  /** @type {import("control-api").components["schemas"]["Scenario"]} */
  const poll = { fault: { operation: "session_status", skip: 2, connection: "timeout" } };
  assert.equal(subjectOf(poll), "session_status, after 2, 1 more");
  assert.equal(effectOf(poll), "connection timeout");
});

test("the form plans what is filled in, and leaves out what is not", () => {
  const filled = { values: { after: "3", code: "123456" }, action: " ", userId: "", skip: 0, times: 1, always: false };
  assert.deepEqual(planned(KINDS.block, filled), { times: 1, outcome: "BLOCK" });
  assert.deepEqual(planned(KINDS.lost, { ...filled, action: " pay ", userId: "ada", skip: 2, times: 3 }),
    { action: "pay", userId: "ada", skip: 2, times: 3, delivery: "fails" });
  assert.deepEqual(planned(KINDS.code, { ...filled, always: true, times: NaN }), { always: true, code: "123456" });
  // A session of Activeconnect has no action.
  assert.deepEqual(planned(KINDS.approve, { ...filled, action: "pay" }), { times: 1, phone: "approve", afterSeconds: 3 });
});

test("each kind of scenario has something that happens", () => {
  for (const [name, kind] of Object.entries(KINDS)) {
    const values = Object.fromEntries(kind.values.map(({ name, value }) => [name, value]));
    assert.notEqual(effectOf(kind.scenario(values)), "", name);
  }
});
