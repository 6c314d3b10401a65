// Tests that fail on purpose, to see what a person sees.

import { expect, test } from "stepup-mock/vitest";

const call = (tenant, path, secret = tenant.apiSecretKey) =>
  fetch(`${tenant.apiUrl}/${path}`, { method: "POST", body: "{}", headers: { authorization: `Basic ${btoa(`${secret}:`)}` } });

test("passes", async ({ stepup }) => {
  await call(stepup, "users/passes/actions/pay");
});

test("fails", async ({ stepup }) => {
  await call(stepup, "users/fails/actions/pay");
  await call(stepup, "users/fails/authenticators");
  expect(1).toBe(2);
});

test("hangs", { timeout: 500 }, async ({ stepup }) => {
  await call(stepup, "users/hangs/actions/pay", "a wrong secret");
  await new Promise(() => {});
});

test("needs no mock", () => {});
