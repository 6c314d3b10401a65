// The words and colours that the desk has for what the mock reports.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  channelName, count, deliveryProgress, indented, stateKind, statusKind, tasks, webAddress,
} from "../../mock-server/src/http/desk/model/words.js";

test("the colour of a status follows its class", () => {
  const statuses = [200, 204, 299, 302, 400, 401, 499, 500, 503];
  assert.deepEqual(statuses.map(statusKind), ["good", "good", "good", "info", "warn", "warn", "warn", "bad", "bad"]);
});

test("states of both vendors have a colour, and unknown ones have none", () => {
  const states = ["ALLOW", "BLOCK", "CHALLENGE_REQUIRED", "REVIEW_FAILED", "active", "walkaway", "timeout", "closed", "NEW"];
  assert.deepEqual(states.map(stateKind), ["good", "bad", "warn", "bad", "good", "warn", "bad", "", ""]);
});

test("a channel has its usual spelling, and an unknown one keeps its own", () => {
  assert.deepEqual([channelName("sms"), channelName("email"), channelName("whatsapp")], ["SMS", "Email", "WhatsApp"]);
  assert.equal(channelName(/** @type {any} */ ("pigeon")), "pigeon");
});

test("what a phone asks for is a list in words", () => {
  assert.equal(tasks([]), "confirm");
  assert.equal(tasks(["acceptance"]), "confirm a prompt");
  assert.equal(tasks(["acceptance", "facial"]), "confirm a prompt and show their face");
  assert.equal(tasks(["acceptance", "os_authentication", "dance"]), "confirm a prompt, unlock the phone, and dance");
});

test("a webhook that the receiver took is delivered", () => {
  assert.deepEqual(deliveryProgress("taken"), ["delivered", "good"]);
  assert.deepEqual(deliveryProgress("given_up"), ["given up", "bad"]);
  assert.deepEqual(deliveryProgress(/** @type {any} */ ("lost")), ["lost", ""]);
});

test("a count agrees with its noun", () => {
  assert.equal(count(0, "byte"), "0 bytes");
  assert.equal(count(1, "byte"), "1 byte");
  assert.equal(count(12_345, "byte"), "12,345 bytes");
  assert.equal(count(1, "older request is", "older requests are"), "1 older request is");
  assert.equal(count(3, "older request is", "older requests are"), "3 older requests are");
});

test("JSON is indented, and any other text stays as it is", () => {
  assert.equal(indented('{"a":[1,true]}'), '{\n  "a": [\n    1,\n    true\n  ]\n}');
  assert.equal(indented('{"cut":"of'), '{"cut":"of');
  assert.equal(indented(""), "");
});

test("only web addresses become links", () => {
  assert.equal(webAddress("https://example.com/a?b=c"), "https://example.com/a?b=c");
  assert.equal(webAddress("http://localhost:9000"), "http://localhost:9000/");
  for (const url of ["javascript:alert(1)", "data:text/html,x", "app://open", "/relative", "not a link", ""]) {
    assert.equal(webAddress(url), undefined, url);
  }
});
