// Drives one published version of the vendor's Node SDK, unmodified, through every call of its client, against a mock.
//
// Usage: node driver.mjs VERSION FOLDER. FOLDER holds node_modules with the SDK as authsignal-VERSION; the environment
// holds MOCK_URL and AUTHSIGNAL_API_SECRET. This covers the whole Server API. It leaves out Auth0's hooks, and Call
// Connect, which is another API on another host.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [version, folder] = process.argv.slice(2);

/** @param {string} name */
function setting(name) {
  const value = process.env[name];
  assert.ok(value, `the environment variable ${name} is not set`);
  return value;
}

const mock = setting("MOCK_URL");
// Pages are on a name, which a passkey needs.
const pages = mock.replace("127.0.0.1", "localhost");
const secret = setting("AUTHSIGNAL_API_SECRET");
const require = createRequire(pathToFileURL(`${folder}/driver.cjs`));
const sdk = require(`authsignal-${version}`);
const current = !version.startsWith("0.");

const client = (key = secret) =>
  current
    ? new sdk.Authsignal({ apiSecretKey: key, apiUrl: `${mock}/v1`, retries: 0 })
    : new sdk.Authsignal({ secret: key, apiBaseUrl: `${mock}/v1`, redirectUrl: "https://app.example/back" });

async function control(path, body) {
  const answer = await fetch(`${mock}/_mock/${path}`, { method: "POST", body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.text()}`);
}

async function code(to) {
  const answer = await fetch(`${mock}/_mock/messages?to=${encodeURIComponent(to)}&limit=1`);
  return (await answer.json()).messages[0].code;
}

// Every method that the client has must be called by the end.
const uncalled = new Set();
for (const part of [sdk.Authsignal, sdk.Webhook]) {
  for (const name of Object.getOwnPropertyNames(part?.prototype ?? {})) {
    const method = part.prototype[name];
    if (name !== "constructor") {
      uncalled.add(name);
      part.prototype[name] = function (...given) {
        uncalled.delete(name);
        return method.apply(this, given);
      };
    }
  }
}

// Webhooks, signed here as the vendor documents it.
function webhooks({ webhook }) {
  const now = Math.floor(Date.now() / 1000);
  const event = {
    version: 1,
    id: "00000000-0000-4000-8000-000000000002",
    source: "https://authsignal.com",
    time: new Date().toISOString(),
    tenantId: "00000000-0000-4000-8000-000000000001",
    type: "email.created",
    data: { to: "a@example.com", code: "123456", userId: "é", actionCode: "signIn", verificationMethod: "EMAIL_OTP" },
  };
  const body = JSON.stringify(event);
  const sign = (at, key = secret) => createHmac("sha256", key).update(`${at}.${body}`).digest("base64").replace(/=+$/, "");

  assert.deepEqual(webhook.constructEvent(body, `t=${now},v2=${sign(now)}`), event);
  assert.deepEqual(webhook.constructEvent(body, `t=${now},v2=${sign(now, "a second key")},v2=${sign(now)}`), event);
  const old = now - 301;
  assert.deepEqual(webhook.constructEvent(body, `t=${old},v2=${sign(old)}`, 6), event, "six minutes are tolerated");
  for (const [payload, signature, message] of [
    [body.replace("123456", "654321"), `t=${now},v2=${sign(now)}`, "Signature mismatch."],
    [body, `t=${now},v2=${sign(now, "another key")}`, "Signature mismatch."],
    [body, `t=${now + 1},v2=${sign(now)}`, "Signature mismatch."],
    [body, `t=${old},v2=${sign(old)}`, "Timestamp is outside the tolerance zone."],
    [body, `v2=${sign(now)}`, "Signature format is invalid."],
    [body, `t=${now},v1=${sign(now)}`, "Signature format is invalid."],
  ]) {
    assert.throws(() => webhook.constructEvent(payload, signature), { message });
  }
}

const EVENTS = [
  "email.created",
  "sms.created",
  "push.created",
  "authenticator.created",
  "authenticator.updated",
  "authenticator.deleted",
  "action.verify",
  "action.log_created",
  "challenge.log_created",
];

// Webhooks as the mock sends them: events of every type, and faulty ones.
async function deliveries({ webhook }) {
  const came = [];
  const receiver = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      came.push({ body: Buffer.concat(chunks).toString(), signature: request.headers["x-signature-v2"] });
      response.writeHead(204).end();
    });
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const address = receiver.address();
  assert.ok(typeof address === "object" && address);
  const url = `http://127.0.0.1:${address.port}/webhook`;
  try {
    const secondSecret = "the next secret of the tenant";
    await control("webhooks", { webhooks: [{ url }], secondSecret });
    for (const type of EVENTS) {
      await control("webhooks/trigger", { type });
      const { body, signature } = came.pop();
      const event = webhook.constructEvent(body, signature);
      assert.deepEqual(event, JSON.parse(body));
      assert.equal((event.records?.[0] ?? event).type, type);
      assert.equal(signature.split("v2=").length, 3, "signed with both secrets");

      for (const [fault, message] of [
        ["tampered", "Signature mismatch."],
        ["wrong_key", "Signature mismatch."],
        ["late", "Timestamp is outside the tolerance zone."],
      ]) {
        await control("webhooks/trigger", { type, fault });
        const { body, signature } = came.pop();
        assert.throws(() => webhook.constructEvent(body, signature), { message }, `${type}, ${fault}`);
      }
    }

    // The mock also sends events of its own accord: it waits for the receiver of some, and not for the rest.
    const userId = `node-${version}:3`;
    const authsignal = client();
    const attributes = { verificationMethod: "SMS", phoneNumber: "+64270000000" };
    await authsignal.enrollVerifiedAuthenticator({ userId, attributes });
    await authsignal.challenge({ ...attributes, action: "pay", userId });
    await (await fetch(`${mock}/_mock/webhooks/deliveries?settled=true`)).text();
    const types = came.map(({ body, signature }) => webhook.constructEvent(body, signature).type);
    assert.deepEqual(types.sort(), ["authenticator.created", "sms.created"]);
  } finally {
    await control("webhooks", { webhooks: [], secondSecret: "" });
    receiver.close();
  }
}

async function legacy(authsignal) {
  const userId = `node-${version}:1`;
  assert.equal((await authsignal.getUser({ userId })).isEnrolled, false);
  assert.equal((await authsignal.track({ userId, action: "signIn" })).state, "ALLOW");
  await authsignal.enrollVerifiedAuthenticator({ userId, oobChannel: "SMS", phoneNumber: "+64270000000" });
  assert.equal((await authsignal.getUser({ userId })).isEnrolled, true);

  const { state, url, token, idempotencyKey } = await authsignal.track({
    userId,
    action: "signIn",
    email: "a@example.com",
    custom: { amount: 1 },
  });
  assert.equal(state, "CHALLENGE_REQUIRED");
  assert.ok(url.startsWith(pages), url);
  const action = { userId, action: "signIn", idempotencyKey };
  assert.equal((await authsignal.validateChallenge({ token, userId })).success, false);
  await control("challenge/succeed", { userId });
  assert.equal((await authsignal.getAction(action)).state, "CHALLENGE_SUCCEEDED");
  assert.equal((await authsignal.validateChallenge({ token, userId })).success, true);
  assert.equal(await authsignal.getAction({ ...action, idempotencyKey: "none" }), undefined, "404 means that there is no such action");

  assert.ok((await authsignal.loginWithEmail({ email: "b@example.com" })).url.startsWith(pages));
  if (authsignal.token) {
    assert.equal((await authsignal.token({ userId })).accessToken.split(".").length, 3);
  }
  await assert.rejects(client("wrong secret").getUser({ userId }), /401/);
}

async function every(authsignal) {
  const userId = `node-${version}:2`;
  assert.equal((await authsignal.getUser({ userId })).isEnrolled, false);
  const attributes = { email: `${version}@example.com`, custom: { tags: ["a"], age: 3 } };
  const updated = await authsignal.updateUser({ userId, attributes });
  assert.equal(updated.email, attributes.email);
  const page = await authsignal.queryUsers({ email: attributes.email, limit: 1 });
  assert.deepEqual(page.users.map((user) => user.userId), [userId]);

  const enrolled = await authsignal.enrollVerifiedAuthenticator({
    userId,
    attributes: { verificationMethod: "SMS", phoneNumber: "+64270000000" },
  });
  const { userAuthenticatorId } = enrolled.authenticator;
  const list = await authsignal.getAuthenticators({ userId });
  assert.deepEqual(list.map((one) => one.userAuthenticatorId), [userAuthenticatorId]);

  const tracked = await authsignal.track({ userId, action: "signIn", attributes: { redirectUrl: "https://a.example" } });
  assert.equal(tracked.state, "CHALLENGE_REQUIRED");
  const action = { userId, action: "signIn", idempotencyKey: tracked.idempotencyKey };
  assert.equal((await authsignal.validateChallenge({ token: tracked.token })).isValid, false);
  await control("challenge/succeed", { userId });
  const validated = await authsignal.validateChallenge({ token: tracked.token, userId, action: "signIn" });
  assert.equal(validated.isValid, true);
  assert.equal(validated.actionCode ?? validated.action, "signIn");
  const other = await authsignal.validateChallenge({ token: tracked.token, userId: "other" });
  assert.deepEqual([other.isValid, other.error], [false, "User is invalid."]);
  assert.equal((await authsignal.getAction(action)).state, "CHALLENGE_SUCCEEDED");
  await authsignal.updateAction({ ...action, attributes: { state: "REVIEW_REQUIRED" } });
  const found = await authsignal.queryUserActions({ userId, codes: ["signIn", "other"], state: "REVIEW_REQUIRED" });
  assert.deepEqual(found.map((one) => one.idempotencyKey), [tracked.idempotencyKey]);

  // A code, from sending it to a session and its end.
  const challenge = { verificationMethod: "EMAIL_OTP", email: attributes.email, action: "recover" };
  const { challengeId, expiresAt } = await authsignal.challenge(challenge);
  assert.ok(Number.isInteger(expiresAt) && expiresAt < 2 ** 31, expiresAt);
  const wrong = await authsignal.verify({ challengeId, verificationCode: "wrong" });
  assert.deepEqual([wrong.isVerified, wrong.failureReason], [false, "CODE_INVALID_OR_EXPIRED"]);
  const right = await authsignal.verify({ challengeId, verificationCode: await code(attributes.email) });
  assert.deepEqual([right.isVerified, right.email], [true, attributes.email]);
  assert.equal((await authsignal.getChallenge({ challengeId })).action, "recover");
  const claimed = await authsignal.claimChallenge({ challengeId, userId });
  const session = await authsignal.createSession({ clientId: "client", token: claimed.token, action: "recover" });
  const { user } = await authsignal.validateSession({ accessToken: session.accessToken, clientIds: ["client"] });
  assert.equal(user.userId, userId);
  const fresh = await authsignal.refreshSession({ refreshToken: session.refreshToken });
  await assert.rejects(authsignal.validateSession({ accessToken: session.accessToken }), { statusCode: 401 });
  await authsignal.revokeSession({ accessToken: fresh.accessToken });
  await authsignal.revokeUserSessions({ userId });

  await authsignal.deleteAuthenticator({ userId, userAuthenticatorId });
  assert.deepEqual(await authsignal.getAuthenticators({ userId }), []);
  await authsignal.deleteUser({ userId });
  assert.equal((await authsignal.getUser({ userId })).email, undefined);
  await assert.rejects(client("wrong secret").getUser({ userId }), { statusCode: 401, errorCode: "unauthorized" });
}

const authsignal = client();
await (current ? every : legacy)(authsignal);
if (current) {
  webhooks(authsignal);
  await deliveries(authsignal);
}
assert.deepEqual([...uncalled], [], "every method of the client is called");
console.log(`@authsignal/node ${version}: ok`);
