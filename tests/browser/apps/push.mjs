// An app whose users approve on their phones, as the vendor's example for push does: a webhook tells the app's API of the
// notification, the phone answers the app's API, and that decides the action. The page polls its own API.

import assert from "node:assert/strict";

import { Application } from "../application.mjs";
import { newest, node } from "../packages.mjs";
import { ADA, ADDRESS, note } from "../sdk.mjs";
import { CURRENT, inOrder, send } from "./calls.mjs";
import { Phone } from "./phone.mjs";

const PAY = "approveTransaction";
const PAYMENT = { merchant: "Shop", amount: 12.5, currency: "NZD", note: "Coffee", numberMatch: "42" };

/** The app's API, on an origin of its own. */
class Api {
  static async start({ mock, application }) {
    const { Authsignal } = await node(CURRENT);
    const authsignal = new Authsignal({ apiSecretKey: mock.secret, apiUrl: mock.api });
    const server = await Application.start();
    server.allowedOrigin = application.origin;
    const api = new Api(authsignal, server);
    server.on("GET /api/config", () => ({ tenantId: mock.tenantId, baseUrl: mock.api }));
    const preflight = () => ({});
    for (const name of ["link", "begin", "status", "complete"]) {
      server.on(`OPTIONS /api/${name}`, preflight);
      server.on(`POST /api/${name}`, ({ body }) => api[name](body));
    }
    server.on("POST /webhook", (asked) => api.told(asked));
    const webhook = { url: `${server.origin}/webhook`, events: ["push.created"] };
    await mock.control("POST", "webhooks", { webhooks: [webhook] });
    return api;
  }

  /** What waits for an answer, by the id of its challenge. */
  requests = new Map();

  constructor(authsignal, server) {
    this.authsignal = authsignal;
    this.server = server;
  }

  async link({ email }) {
    await this.authsignal.updateUser({ userId: ADA, attributes: { email } });
    const attributes = { scope: "add:authenticators" };
    const { token } = await this.authsignal.track({ userId: ADA, action: "addAuthenticator", attributes });
    return { token };
  }

  begin({ action, custom }) {
    return this.authsignal.track({ userId: ADA, action, attributes: { custom } });
  }

  told({ text, headers }) {
    const { type, data } = this.authsignal.webhook.constructEvent(text, String(headers["x-signature-v2"]));
    assert.equal(type, "push.created");
    this.requests.set(data.challengeId, { ...data, state: "pending" });
    return {};
  }

  status({ challengeId }) {
    return { state: this.requests.get(challengeId)?.state };
  }

  /** The phone's answer, which the app alone decides with. */
  async answered(challengeId, approves) {
    const request = this.requests.get(challengeId);
    const { userId, actionCode: action, idempotencyKey } = request;
    const state = approves ? "CHALLENGE_SUCCEEDED" : "CHALLENGE_FAILED";
    await this.authsignal.updateAction({ userId, action, idempotencyKey, attributes: { state } });
    request.state = approves ? "approved" : "denied";
  }

  complete({ token, action }) {
    return this.authsignal.validateChallenge({ token, action });
  }
}

/** Has the page make its SDK from what the API says. */
function configure(page, origin) {
  return page.evaluate(async (origin) => {
    const config = await (await fetch(`${origin}/api/config`)).json();
    window.authsignal = new window.authsignal.constructor(config);
    return config;
  }, origin);
}

/** An action that the phone approves or denies. */
async function asked(page, api, action, approves, custom = {}) {
  const at = (name) => `${api.server.origin}/api/${name}`;
  const tracked = await send(page, at("begin"), { action, custom });
  assert.deepEqual([tracked.state, tracked.isEnrolled], ["CHALLENGE_REQUIRED", true]);
  note(page, "push.challenge");
  const { data } = await page.evaluate(
    (token, action) => {
      window.authsignal.setToken(token);
      return window.authsignal.push.challenge({ action });
    },
    tracked.token,
    action,
  );
  const { challengeId } = data;
  assert.equal(api.requests.get(challengeId).idempotencyKey, tracked.idempotencyKey);
  assert.deepEqual(await send(page, at("status"), { challengeId }), { state: "pending" });
  await api.answered(challengeId, approves);
  assert.deepEqual(await send(page, at("status"), { challengeId }), { state: approves ? "approved" : "denied" });
  const { isValid, state } = await send(page, at("complete"), { token: tracked.token, action });
  assert.deepEqual([isValid, state], [approves, approves ? "CHALLENGE_SUCCEEDED" : "CHALLENGE_FAILED"]);
  return tracked;
}

async function played(person, api) {
  const { mock } = person;
  const page = await person.shop(newest);
  const { baseUrl, tenantId } = await configure(page, api.server.origin);
  const phone = new Phone(baseUrl, tenantId);
  assert.equal(await phone.getCredential(), undefined);
  const { token } = await send(page, `${api.server.origin}/api/link`, { email: ADDRESS });
  const { userId } = await phone.addCredential(token);
  assert.equal(userId, ADA);
  assert.equal((await phone.getCredential()).userId, ADA);

  await asked(page, api, "signIn", true);
  const paid = await asked(page, api, PAY, true, PAYMENT);
  const { idempotencyKey } = paid;
  const action = await api.authsignal.getAction({ userId: ADA, action: PAY, idempotencyKey });
  assert.equal(action.state, "CHALLENGE_SUCCEEDED");
  await asked(page, api, PAY, false, PAYMENT);

  const decided = ["track", "challenge_push", "update_action", "validate_challenge"];
  await inOrder(mock, [
    "get_push_credential: 404",
    "update_user",
    "track",
    "add_push_credential",
    "get_push_credential",
    ...decided,
    ...decided,
    "get_action",
    ...decided,
  ]);
}

async function story(person) {
  const api = await Api.start(person);
  try {
    await played(person, api);
  } finally {
    api.server.stop();
  }
}

export default (chromium) => chromium.story("app: its own API decides what a phone approves", story);
