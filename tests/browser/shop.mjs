// The example application of the Rust client, played through: accounts, a passkey, a confirmed purchase, a phone.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";

import { inspect } from "./accessibility.mjs";
import { authenticator, PLATFORM } from "./chromium.mjs";
import { program } from "./mock.mjs";
import { lines } from "./program.mjs";
import { fill, follow, heading, press } from "./visit.mjs";

const ADDRESS = "ada@example.com";

/** Starts the shop on a free port, with the mock of the story as its vendors. */
async function start(mock) {
  const env = {
    ACTIVECONNECT_APPLICATION_ID: mock.application.applicationId,
    ACTIVECONNECT_APPLICATION_SECRET: mock.application.applicationSecret,
    ACTIVE_CONNECT_SERVER: mock.url,
    AUTHSIGNAL_API_SECRET: mock.secret,
    AUTHSIGNAL_API_URL: mock.api,
    AUTHSIGNAL_TENANT_ID: mock.tenantId,
    SHOP_LISTEN: "127.0.0.1:0",
  };
  const path = program("STEPUP_SHOP");
  const child = spawn(path, { env, stdio: ["ignore", "pipe", "inherit"] });
  const url = await lines(path, child)();
  const webhooks = [{ url: `${url}/webhooks`, events: ["authenticator.created"] }];
  await mock.control("POST", "webhooks", { webhooks });
  return { url, stop: () => child.kill() };
}

/** A story with a shop. */
const withShop = (tell) => async (person) => {
  const shop = await start(person.mock);
  try {
    await tell(person, shop);
  } finally {
    shop.stop();
  }
};

const says = (page, text) => page.waitForSelector(`main ::-p-text(${text})`);

/** Somebody opens an account, and adds a passkey. */
async function signUp(person, shop) {
  const page = await person.page(`${shop.url}/sign-in`);
  const device = await authenticator(page, PLATFORM);
  await inspect(page, "shop-sign-in");
  await fill(page, "Your email", ADDRESS);
  await press(page, "Open an account");
  await heading(page, "Your account");
  await says(page, "You have no passkey yet.");
  await press(page, "Add a passkey");
  await says(page, "You can confirm purchases.");
  // The vendor tells by a webhook.
  await person.mock.control("GET", "webhooks/deliveries?settled=true");
  await page.reload();
  await says(page, "A way to confirm was added.");
  await inspect(page, "shop-account");
  return { page, device };
}

async function purchase(person, shop) {
  const { page } = await signUp(person, shop);
  await follow(page, "Shop");
  await heading(page, "Welcome");
  await press(page, "Add Chair");
  await says(page, "Total: $180");
  await inspect(page, "shop-cart");
  // The layer leads to the vendor's page, and back.
  await follow(page, "Checkout");
  await heading(page, "Use your passkey");
  await press(page, "Continue with passkey");
  // The person's first visit there.
  await follow(page, "I saved my codes");
  await heading(page, "Checkout");
  await says(page, "You have confirmed this purchase");
  assert.equal(new URL(page.url()).search, "", "the token has left the address");
  await inspect(page, "shop-checkout");
  await press(page, "Pay $180");
  await heading(page, "Thank you");

  // A second purchase, which the person does not confirm.
  await follow(page, "Shop");
  await heading(page, "Welcome");
  await press(page, "Add Chair");
  await says(page, "Total: $180");
  await follow(page, "Checkout");
  await heading(page, "Use your passkey");
  person.expect(/status of 403/);
  await follow(page, "Cancel");
  await heading(page, "Not confirmed");
  await inspect(page, "shop-not-confirmed");
}

async function passkey(person, shop) {
  const { page, device } = await signUp(person, shop);
  await follow(page, "Shop");
  await press(page, "Sign out");
  await follow(page, "Sign in");
  await press(page, "Sign in with a passkey");
  await heading(page, "Welcome");
  await follow(page, "Account");
  await says(page, ADDRESS);
  const [credential] = await device.credentials();
  assert.equal(credential.rpId, "localhost");
}

async function phone(person, shop) {
  const { mock } = person;
  const { page } = await signUp(person, shop);
  await press(page, "Register my phone");
  const link = await page.waitForSelector("main code");
  await mock.control("POST", "phone/register", { link: await link.evaluate((code) => code.textContent) });
  await follow(page, "Shop");
  await press(page, "Sign out");
  await follow(page, "Sign in");
  await fill(page, "Email of your account", ADDRESS);
  await press(page, "Sign in with my phone");
  await heading(page, "Look at your phone");
  const { users } = await mock.server("GET", `/users?email=${encodeURIComponent(ADDRESS)}`);
  await mock.control("POST", "phone/approve", { userId: users[0].userId });
  await heading(page, "Welcome");
  await follow(page, "Account");
  await says(page, ADDRESS);
}

export default function (chromium) {
  chromium.story("shop: a purchase over the limit is confirmed by a passkey, or refused", withShop(purchase));
  chromium.story("shop: a passkey signs in", withShop(passkey));
  chromium.story("shop: a phone signs in", withShop(phone));
}
