// What the desk calls a tenant, and how the keyboard walks through those that the field offers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { about, label, walked } from "../../mock-server/src/http/desk/model/tenants.js";

const tenant = (name, parts = {}) => ({ number: 0, name, ...parts });
const application = (name) => ({ applicationId: "shop-app", name, users: 0 });

test("a tenant is called as its application, with the name that operations use", () => {
  assert.equal(label(tenant("bank", { tenantId: "bank" })), "bank");
  assert.equal(label(tenant("shop-app", { activeconnect: application("shop-app") })), "shop-app");
  assert.equal(label(tenant("shop-app", { activeconnect: application("The shop") })), "The shop (shop-app)");
});

test("a tenant says which APIs it uses, and an id that its label does not have", () => {
  assert.equal(about(tenant("bank", { tenantId: "bank" })), "Authsignal");
  assert.equal(about(tenant("shop-app", { activeconnect: application("shop-app") })), "Activeconnect");
  assert.equal(about(tenant("shop-app", { tenantId: "shop", activeconnect: application("shop-app") })),
    "Activeconnect · Authsignal shop");
});

test("the keyboard goes round the tenants", () => {
  assert.deepEqual([walked(-1, 3, 1), walked(0, 3, 1), walked(2, 3, 1)], [0, 1, 0]);
  assert.deepEqual([walked(-1, 3, -1), walked(2, 3, -1), walked(0, 3, -1)], [2, 1, 2]);
  assert.deepEqual([walked(-1, 0, 1), walked(-1, 0, -1)], [-1, -1], "there is nowhere to go");
});
