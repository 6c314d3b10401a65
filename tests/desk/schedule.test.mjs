// Which parts of the desk are loaded, and when.

import assert from "node:assert/strict";
import { test } from "node:test";

import { pause, ready, REST, waiting } from "../../mock-server/src/http/desk/model/schedule.js";

const section = (changes) => ({ load: () => {}, isShown: () => true, needsTenant: false, stale: true, loadedAt: undefined, ...changes });

test("what is shown and may have changed waits to be loaded", () => {
  const changed = section({});
  const hidden = section({ isShown: () => false });
  const unchanged = section({ stale: false });
  assert.deepEqual(waiting([changed, hidden, unchanged]), [changed]);
});

test("a section rests after it was loaded", () => {
  const never = section({});
  const now = 10_000;
  const lately = section({ loadedAt: now - REST + 1 });
  const rested = section({ loadedAt: now - REST });
  const unchanged = section({ loadedAt: 0, stale: false });
  assert.deepEqual(ready([never, lately, rested, unchanged], now), [never, rested]);
  assert.deepEqual(waiting([never, lately, rested, unchanged]), [never, lately, rested]);
});

test("the next load is due when the first section has rested, or at once if one was never loaded", () => {
  const now = 10_000;
  const lately = section({ loadedAt: now - REST + 40 });
  const before = section({ loadedAt: now - REST + 15 });
  assert.equal(pause([lately, before], now), 15);
  assert.equal(pause([lately, section({})], now), 0);
  assert.equal(pause([section({ loadedAt: now - 2 * REST })], now), 0);
});
