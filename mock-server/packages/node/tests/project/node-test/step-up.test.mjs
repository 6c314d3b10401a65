// A step-up with the vendor's SDK, by node:test.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Authsignal } from "@authsignal/node";
import { stepup } from "stepup-mock/node-test";

test("the control API answers a challenge in place of the user", async (t) => {
  const tenant = await stepup(t);
  const authsignal = new Authsignal({ apiSecretKey: tenant.apiSecretKey, apiUrl: tenant.apiUrl });
  const attributes = { verificationMethod: "EMAIL_OTP", email: "ada@example.com" };
  await authsignal.enrollVerifiedAuthenticator({ userId: "ada", attributes });
  const { token } = await authsignal.track({ userId: "ada", action: "pay", attributes: {} });
  const { tenants } = await tenant.control("GET", "/_mock/tenants");
  assert.equal(tenants[0].activeconnect.name, t.name);
  await tenant.succeedChallenge("ada");
  assert.equal((await authsignal.validateChallenge({ token })).isValid, true);
});

describe("tests at once", { concurrency: 20 }, () => {
  for (let number = 0; number < 100; number += 1) {
    test(`canary ${number}`, async (t) => {
      const tenant = await stepup(t, { seed: { authsignal: { users: [{ userId: `canary-${number}` }] } } });
      const now = new Date(Date.UTC(2030, 0, 1 + number));
      await tenant.clock.freeze(now);
      const { users } = await tenant.control("GET", "/_mock/users");
      assert.deepEqual(users.map(({ userId }) => userId), [`canary-${number}`]);
      assert.deepEqual(await tenant.clock.now(), now);
    });
  }
});
