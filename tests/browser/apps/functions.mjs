// An app on functions behind a gateway, as the vendor's examples for AWS Lambda and its mobile SDK: a code by email alone
// signs a new user up, then passkeys and push sign in, and each gives the session whose token the gateway checks. The
// browser's SDK stands for the mobile one, whose calls of codes and passkeys are the same.

import assert from "node:assert/strict";

import { authenticator, PLATFORM } from "../chromium.mjs";
import { newest, node } from "../packages.mjs";
import { ADDRESS, call, mockTime } from "../sdk.mjs";
import { CURRENT, inOrder } from "./calls.mjs";
import { Gateway } from "./gateway.mjs";
import { Phone } from "./phone.mjs";

const CLIENT = "mobile-app";

/** The functions. Those that take an event run behind the gateway. */
class Functions {
  constructor(authsignal) {
    this.authsignal = authsignal;
  }

  async #track(userId, action, attributes) {
    return (await this.authsignal.track({ userId, action, attributes })).token;
  }

  async signIn(email) {
    const { users } = await this.authsignal.queryUsers({ email });
    const userId = users[0]?.userId ?? "new-user";
    if (!users[0]) await this.authsignal.updateUser({ userId, attributes: { email } });
    return this.#track(userId, "signIn", { email });
  }

  async signInWithPush(email) {
    const { users } = await this.authsignal.queryUsers({ email });
    return this.#track(users[0].userId, "signInWithPush");
  }

  createSession(token) {
    return this.authsignal.createSession({ clientId: CLIENT, token });
  }

  refreshSession(refreshToken) {
    return this.authsignal.refreshSession({ refreshToken });
  }

  // An arrow function each, because the gateway calls them alone.
  register = (action) => ({ requestContext }) =>
    this.#track(requestContext.authorizer.jwt.claims.sub, action, { scope: "add:authenticators" });

  profile = async ({ requestContext }) => {
    const { sub: userId, email } = requestContext.authorizer.jwt.claims;
    const user = await this.authsignal.getUser({ userId });
    assert.equal(user.email, email);
    return { userId, ...user };
  };

  authenticators = async ({ headers }) => {
    const accessToken = headers.authorization.replace("Bearer ", "");
    const { user } = await this.authsignal.validateSession({ accessToken, clientIds: [CLIENT] });
    return this.authsignal.getAuthenticators({ userId: user.userId });
  };

  revoke = ({ headers }) => this.authsignal.revokeSession({ accessToken: headers.authorization.replace("Bearer ", "") });
}

/** The app on a phone, its functions, and the gateway before them. */
class Played {
  constructor(person, authsignal, page) {
    const { mock } = person;
    this.mock = mock;
    this.page = page;
    this.functions = new Functions(authsignal);
    this.gateway = new Gateway({ issuer: `${mock.api}/client/public/${mock.tenantId}`, audience: CLIENT });
  }

  at(act, { accessToken }) {
    return this.gateway.call(act, `Bearer ${accessToken}`);
  }

  async byCode() {
    const { page, functions } = this;
    await call(page, "setToken", await functions.signIn(ADDRESS));
    // Nothing is enrolled: the address of the track call is enough.
    assert.ok((await call(page, "email.challenge")).data.challengeId);
    const { data } = await call(page, "email.verify", { code: (await this.mock.message(ADDRESS)).code });
    assert.equal(data.isVerified, true);
    return functions.createSession(data.token);
  }

  async registerPasskey(session) {
    const token = await this.at(this.functions.register("registerPasskey"), session);
    return call(this.page, "passkey.signUp", { token, username: ADDRESS });
  }

  async byPasskey() {
    const { data } = await call(this.page, "passkey.signIn", { action: "signIn" });
    return this.functions.createSession(data.token);
  }

  async byPush(phone) {
    const { page, functions } = this;
    await call(page, "setToken", await functions.signInWithPush(ADDRESS));
    const { challengeId } = (await call(page, "push.challenge", { action: "signInWithPush" })).data;
    assert.equal((await phone.getChallenge()).challengeId, challengeId);
    await phone.updateChallenge(challengeId, true);
    const { data } = await call(page, "push.verify", { challengeId });
    assert.equal(data.isVerified, true);
    return functions.createSession(data.token);
  }
}

async function played(person) {
  const { Authsignal } = await node(CURRENT);
  const { mock } = person;
  const page = await person.shop(newest);
  await authenticator(page, PLATFORM);
  const authsignal = new Authsignal({ apiSecretKey: mock.secret, apiUrl: mock.api, retries: 0 });
  return new Played(person, authsignal, page);
}

const CODE = ["challenge_email_otp", "verify_email_otp", "create_session"];
const KEYS = ["get_openid_configuration", "get_jwks"];

async function codesAndPasskeys(person) {
  const app = await played(person);
  const { functions } = app;
  const first = await app.byCode();
  const { userId } = await app.at(functions.profile, first);
  const enrolled = await app.at(functions.authenticators, first);
  assert.deepEqual(enrolled.map((one) => one.verificationMethod), ["EMAIL_OTP"]);

  await app.registerPasskey(first);
  const second = await app.byPasskey();
  assert.equal((await app.at(functions.profile, second)).userId, userId);
  // The app signs up for a passkey after each sign-in, and ignores that there is one already.
  await assert.rejects(app.registerPasskey(second), /InvalidStateError: The authenticator was previously registered/);
  // Whoever signs in with the same address is the same user.
  const third = await app.byCode();
  assert.equal((await app.at(functions.profile, third)).userId, userId);

  const fresh = await functions.refreshSession(third.refreshToken);
  await app.at(functions.revoke, fresh);
  await assert.rejects(app.at(functions.authenticators, fresh), { statusCode: 401 });
  // The gateway asks nobody, so it knows of no end before the token's own.
  assert.equal((await app.gateway.authorize(`Bearer ${fresh.accessToken}`)).sub, userId);
  const other = new Gateway({ ...app.gateway, audience: "another" });
  await assert.rejects(other.authorize(`Bearer ${fresh.accessToken}`), /audience/);

  await inOrder(person.mock, [
    "query_users",
    "update_user",
    "track",
    ...CODE,
    ...[...KEYS, "get_user"],
    ...[...KEYS, "validate_session", "get_authenticators"],
    ...[...KEYS, "track", "passkey_registration_options", "enroll_passkey"],
    ...["start_challenge", "passkey_authentication_options", "verify_passkey", "create_session"],
    ...[...KEYS, "get_user"],
    ...[...KEYS, "track", "passkey_registration_options"],
    ...["query_users", "track", ...CODE],
    ...[...KEYS, "get_user", "refresh_session"],
    ...[...KEYS, "revoke_session"],
    ...[...KEYS, "validate_session: 401"],
    ...[...KEYS, ...KEYS],
  ]);
}

async function push(person) {
  const app = await played(person);
  const { mock } = person;
  const phone = new Phone(mock.api, mock.tenantId);
  const first = await app.byCode();
  const { userId } = await app.at(app.functions.profile, first);
  assert.equal(await phone.getCredential(), undefined);
  await phone.addCredential(await app.at(app.functions.register("registerPush"), first));
  const second = await app.byPush(phone);
  assert.equal((await app.at(app.functions.profile, second)).userId, userId);
  await phone.removeCredential(await mockTime(mock));
  assert.equal(await phone.getCredential(), undefined);
  const enrolled = await app.at(app.functions.authenticators, second);
  assert.deepEqual(enrolled.map((one) => one.verificationMethod), ["EMAIL_OTP"]);
}

// The mobile SDK asks about the passkey that it last used, and offers a new one only if the service does not know it.
async function prompts({ mock }) {
  const url = `${mock.api}/client/user-authenticators/passkey?credentialId=unknown`;
  const authorization = `Basic ${Buffer.from(`${mock.tenantId}:`).toString("base64")}`;
  const answer = await fetch(url, { headers: { authorization } });
  assert.deepEqual([answer.status, (await answer.json()).errorCode], [404, "invalid_credential"]);
}

export default function (chromium) {
  chromium.story("app: functions behind a gateway, by codes and passkeys", codesAndPasskeys);
  chromium.story("app: functions behind a gateway, by push", push);
  chromium.story("app: whether to offer a passkey", prompts);
}
