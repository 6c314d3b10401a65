// Tests that fail on purpose, to see what a person sees.

const call = (path, secret = stepup.apiSecretKey) =>
  fetch(`${stepup.apiUrl}/${path}`, { method: "POST", body: "{}", headers: { authorization: `Basic ${btoa(`${secret}:`)}` } });

test("passes", async () => {
  await call("users/passes/actions/pay");
});

test("fails", async () => {
  await call("users/fails/actions/pay");
  await call("users/fails/authenticators");
  expect(1).toBe(2);
});

test("hangs", async () => {
  await call("users/hangs/actions/pay", "a wrong secret");
  await new Promise(() => {});
}, 500);

test("needs no mock", () => {});

test("needs no mock, and fails", () => {
  throw new Error("of the test itself");
});
