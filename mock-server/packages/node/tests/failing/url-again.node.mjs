// Says which mock serves this file.

import test from "node:test";

import { stepup } from "stepup-mock/node-test";

test("the mock", async (t) => {
  t.diagnostic((await stepup(t)).url);
});
