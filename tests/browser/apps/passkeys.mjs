// An app whose users sign in by a link in an email first, and by a passkey later, as the vendor's example for NextAuth
// does. Its page calls the mock from another origin, and signs in without naming an action.

import assert from "node:assert/strict";

import { authenticator, PLATFORM } from "../chromium.mjs";
import { newest, node } from "../packages.mjs";
import { ADA, ADDRESS, call } from "../sdk.mjs";
import { CURRENT, inOrder, send } from "./calls.mjs";

async function serve({ mock, application }) {
  const { Authsignal } = await node(CURRENT);
  const authsignal = new Authsignal({ apiSecretKey: mock.secret, apiUrl: mock.api });
  // Of the user who is signed in by a link.
  application.on("POST /api/enroll", async () => {
    const attributes = { scope: "add:authenticators" };
    const { token } = await authsignal.track({ userId: ADA, action: "enroll-passkey", attributes });
    return { token };
  });
  application.on("POST /api/callback", async ({ body: { token } }) => {
    const { state, userId } = await authsignal.validateChallenge({ token });
    return { signedIn: state === "CHALLENGE_SUCCEEDED" && userId };
  });
}

async function story(person) {
  const { mock, application } = person;
  await serve(person);
  const page = await person.shop(newest);
  const device = await authenticator(page, PLATFORM);
  const { token } = await send(page, "/api/enroll");
  const enrolled = await call(page, "passkey.signUp", { token, username: ADDRESS });
  assert.equal(enrolled.errorCode, undefined);
  const [credential] = await device.credentials();
  assert.equal(credential.rpId, "localhost");

  const signedIn = await call(page, "passkey.signIn", { autofill: true });
  assert.deepEqual(await send(page, "/api/callback", { token: signedIn.data.token }), { signedIn: ADA });
  assert.deepEqual(await send(page, "/api/callback", { token: "no token" }), { signedIn: false });
  assert.notEqual(new URL(mock.url).origin, application.origin);

  await inOrder(mock, [
    "track",
    "passkey_registration_options",
    "enroll_passkey",
    "passkey_authentication_options",
    "verify_passkey",
    "validate_challenge",
    "validate_challenge",
  ]);
}

export default (chromium) => chromium.story("app: a passkey beside a sign-in by email", story);
