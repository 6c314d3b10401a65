// What stays on the page, and what is new.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Changes, keptRows, Seen } from "../../mock-server/src/http/desk/model/rows.js";

test("a row that is shown stays, in the new order", () => {
  const shown = new Map([["a", "row a"], ["b", "row b"], ["gone", "row gone"]]);
  const made = [];
  const rows = keptRows(["new", "b", "a"], shown, (item) => item, (item) => {
    made.push(item);
    return `made ${item}`;
  });
  assert.deepEqual(rows, ["made new", "row b", "row a"]);
  assert.deepEqual(made, ["new"]);
});

test("nothing is new at the first look; afterwards, what was not there before", () => {
  const seen = new Seen();
  const key = (item) => item;
  assert.equal(seen.started, false);
  assert.deepEqual(seen.record(["a"], key), []);
  assert.equal(seen.started, true);
  assert.deepEqual(seen.record(["b", "a"], key), ["b"]);
  assert.deepEqual(seen.record(["a"], key), []);
  assert.deepEqual(seen.record(["b", "a"], key), ["b"], "what went and came back is new");
});

test("equal values are no change, until they are forgotten", () => {
  const changes = new Changes();
  assert.equal(changes.differ([]), true, "an empty list differs from no list");
  assert.equal(changes.differ([]), false);
  assert.equal(changes.differ([{ a: 1 }]), true);
  assert.equal(changes.differ([{ a: 1 }]), false);
  changes.forget();
  assert.equal(changes.differ([{ a: 1 }]), true);
});
