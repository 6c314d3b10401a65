// Tests that fail on purpose, to see what a person sees.

import assert from "node:assert/strict";
import test from "node:test";

import { stepup } from "stepup-mock/node-test";

const call = (tenant, path, secret = tenant.apiSecretKey) =>
  fetch(`${tenant.apiUrl}/${path}`, { method: "POST", body: "{}", headers: { authorization: `Basic ${btoa(`${secret}:`)}` } });

test("passes", async (t) => {
  await call(await stepup(t), "users/passes/actions/pay");
});

test("fails", async (t) => {
  const tenant = await stepup(t);
  await call(tenant, "users/fails/actions/pay");
  await call(tenant, "users/fails/authenticators");
  assert.equal(1, 2);
});

test("hangs", { timeout: 500 }, async (t) => {
  const tenant = await stepup(t);
  await call(tenant, "users/hangs/actions/pay", "a wrong secret");
  // Something has to keep the process alive.
  await new Promise((resolve) => { setTimeout(resolve, 2000); });
});

test("needs no mock", () => {});
