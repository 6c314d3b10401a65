// An app that signs up and signs in by redirect, as the vendor's example for Next.js of 2023 does: its server checks the
// token itself, with the API secret, then asks for the action and the user.

import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";

import { node } from "../packages.mjs";
import { ADDRESS } from "../sdk.mjs";
import { choose, enter, fill, follow, heading, press } from "../visit.mjs";
import { inOrder } from "./calls.mjs";

const ACTION = "signIn";

const FORM = `<!doctype html><html lang="en"><title>Sign in</title><link rel="icon" href="data:,"><h1>Sign in</h1>
<form method="post" action="/api/sign-in"><input aria-label="Email" name="email"><button>Sign in</button></form>`;

/** What a token says about the action, if the secret signed it. */
function checked(token, secret) {
  const [header, payload, signature] = token.split(".");
  const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString());
  // A string as the key allows no other algorithm.
  assert.equal(read(header).alg, "HS256");
  const own = createHmac("sha256", secret).update(`${header}.${payload}`).digest();
  assert.ok(timingSafeEqual(own, Buffer.from(signature, "base64url")), "the token's signature");
  const { exp, other } = read(payload);
  assert.ok(exp > Date.now() / 1000, "the token is old");
  return other;
}

/** The app's server. Returns its sessions, and the ids of its users by address. */
async function serve({ mock, application }) {
  const { Authsignal } = await node("0.0.45");
  const authsignal = new Authsignal({ secret: mock.secret, apiBaseUrl: mock.api });
  const ids = new Map();
  const sessions = [];
  application.on("GET /sign-in", () => ({ html: FORM }));
  application.on("POST /api/sign-in", async ({ body: { email } }) => {
    if (!ids.has(email)) ids.set(email, `user-${ids.size + 1}`);
    const redirectUrl = `${application.origin}/api/callback`;
    const { url } = await authsignal.track({ action: ACTION, userId: ids.get(email), email, redirectUrl });
    return { redirect: url };
  });
  application.on("GET /api/callback", async ({ query }) => {
    const { userId, actionCode, idempotencyKey } = checked(query.get("token"), mock.secret);
    const action = await authsignal.getAction({ userId, action: actionCode, idempotencyKey });
    if (action?.state !== "CHALLENGE_SUCCEEDED") return { redirect: "/sign-in" };
    const { email } = await authsignal.getUser({ userId });
    sessions.push({ userId, email });
    return { redirect: "/back" };
  });
  return sessions;
}

async function signIn(person) {
  const page = await person.page(`${person.application.origin}/sign-in`);
  await fill(page, "Email", ADDRESS);
  await press(page, "Sign in");
  return page;
}

async function story(person) {
  const { mock } = person;
  const sessions = await serve(person);
  const enterCode = async (page) => enter(page, (await mock.message(ADDRESS)).code);

  // A new user enrols, and is signed in by that.
  let page = await signIn(person);
  await choose(page, "Email code");
  await press(page, "Send code");
  await heading(page, "Check your email");
  await enterCode(page);
  await follow(page, "I saved my codes");
  await heading(page, "Back");
  // A known one passes a challenge.
  page = await signIn(person);
  await heading(page, "Check your email");
  await enterCode(page);
  await heading(page, "Back");
  const ada = { userId: "user-1", email: ADDRESS };
  assert.deepEqual(sessions, [ada, ada]);
  // Whoever leaves the page is not signed in.
  page = await signIn(person);
  await heading(page, "Check your email");
  await follow(page, "Cancel");
  await heading(page, "Sign in");
  assert.equal(sessions.length, 2);

  const completed = ["track", "get_action", "get_user"];
  await inOrder(mock, [...completed, ...completed, "track", "get_action"]);
}

export default (chromium) => chromium.story("app: signs in by redirect, and checks the token itself", story);
