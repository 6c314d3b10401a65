// The list of requests: its pages, and the part that is on the screen.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PAGE_SIZE, RequestList, scrolledTo, visibleRows } from "../../mock-server/src/http/desk/model/request-list.js";

/** Requests with the numbers from `newest` down to `oldest`. */
const page = (newest, oldest) => Array.from({ length: newest - oldest + 1 }, (_, at) =>
  ({ number: newest - at, at: "2026-01-01T00:00:00Z", api: "pages", method: "GET", target: "/", status: 200 }));
const numbers = (list) => list.rows.map(({ number }) => number);

test("the first page is the newest, and later ones come before it", () => {
  const list = new RequestList();
  assert.deepEqual(list.newer, {});
  assert.equal(list.addNewer(page(3, 1), 3), true);
  assert.deepEqual([numbers(list), list.known, list.hasOlder, list.size], [[3, 2, 1], 3, false, "3"]);
  assert.deepEqual(list.newer, { after: 3 });
  assert.equal(list.addNewer(page(5, 4), 5), true);
  assert.deepEqual([numbers(list), list.known], [[5, 4, 3, 2, 1], 5]);
  assert.equal(list.addNewer([], 5), true);
  assert.deepEqual([numbers(list), list.known], [[5, 4, 3, 2, 1], 5]);
});

test("a filter that matches nothing still knows where the journal stands", () => {
  const list = new RequestList();
  list.addNewer([], 70);
  assert.deepEqual([list.rows, list.known, list.newer], [[], 70, { after: 70 }]);
  // A request that came in between has a greater number than the journal had.
  const other = new RequestList();
  other.addNewer(page(72, 72), 70);
  assert.equal(other.known, 72);
});

test("a full page of new requests may hide a gap, so it is refused", () => {
  const list = new RequestList();
  list.addNewer(page(3, 1), 3);
  assert.equal(list.addNewer(page(500, 501 - PAGE_SIZE), 500), false);
  assert.deepEqual(numbers(list), [3, 2, 1]);
  const { turn } = list;
  list.reset();
  assert.deepEqual([list.rows, list.known, list.hasOlder, list.turn], [[], 0, true, turn + 1]);
  assert.equal(list.addNewer(page(500, 501 - PAGE_SIZE), 500), true, "a full first page hides nothing");
  assert.deepEqual([list.hasOlder, list.size], [true, "200+"]);
});

test("older pages follow until one is not full", () => {
  const list = new RequestList();
  list.addNewer(page(250, 51), 250);
  assert.deepEqual([list.hasOlder, list.nearsEnd(140), list.nearsEnd(141)], [true, false, true]);
  list.addOlder(page(50, 1));
  assert.deepEqual([list.rows.length, list.rows.at(-1)?.number, list.hasOlder, list.nearsEnd(250)], [250, 1, false, false]);
});

test("the keyboard walks from the chosen row, and stops at both ends", () => {
  const list = new RequestList();
  assert.equal(list.stepped(undefined, 1), -1, "an empty list has no row");
  list.addNewer(page(9, 5), 9);
  assert.equal(list.stepped(undefined, 1), 0);
  assert.equal(list.stepped(undefined, 3), 2);
  assert.equal(list.stepped(undefined, Infinity), 4);
  assert.equal(list.stepped(4, -1), 0, "a row that is gone counts as none");
  assert.equal(list.stepped(9, 1), 1);
  assert.equal(list.stepped(9, -1), 0);
  assert.equal(list.stepped(7, Infinity), 4);
  assert.equal(list.stepped(7, -Infinity), 0);
  assert.equal(list.stepped(6, 10), 4);
});

test("only rows on the screen are drawn, with a margin", () => {
  const view = { count: 1000, rowHeight: 30, height: 300 };
  assert.deepEqual(visibleRows({ ...view, scrollTop: 0 }), { from: 0, to: 22 });
  assert.deepEqual(visibleRows({ ...view, scrollTop: 3010 }), { from: 94, to: 116 });
  assert.deepEqual(visibleRows({ ...view, scrollTop: 29_700 }), { from: 984, to: 1000 });
  assert.deepEqual(visibleRows({ ...view, count: 0, scrollTop: 0 }), { from: 0, to: 0 });
});

test("the list scrolls only as far as the row needs", () => {
  const view = { rowHeight: 30, height: 300, scrollTop: 600 };
  assert.equal(scrolledTo({ ...view, index: 25 }), 600, "it is visible");
  assert.equal(scrolledTo({ ...view, index: 10 }), 300, "it is above");
  assert.equal(scrolledTo({ ...view, index: 30 }), 630, "it is below");
  assert.equal(scrolledTo({ ...view, index: 29 }), 600, "it is the last one that fits");
});
