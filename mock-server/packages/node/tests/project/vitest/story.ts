// What the tests of every runner do: a step-up with the vendor's SDK.

import { createHash, createHmac, randomInt } from "node:crypto";

import { Authsignal } from "@authsignal/node";
import type { Tenant } from "stepup-mock";

export function sdk({ apiSecretKey, apiUrl }: Tenant) {
  return new Authsignal({ apiSecretKey, apiUrl });
}

/** A user with an email address, and the token of an action that asks for its challenge. */
export async function challenged(tenant: Tenant, userId = "ada", email = "ada@example.com") {
  const authsignal = sdk(tenant);
  const attributes = { verificationMethod: "EMAIL_OTP", email } as const;
  await authsignal.enrollVerifiedAuthenticator({ userId, attributes: attributes as never });
  const tracked = await authsignal.track({ userId, action: "pay", attributes: {} });
  if (tracked.state !== "CHALLENGE_REQUIRED") throw new Error(tracked.state);
  return { authsignal, token: tracked.token };
}

/** The answer about a user, without a client that tries again. */
export function user({ apiSecretKey, apiUrl }: Tenant, userId: string) {
  return fetch(`${apiUrl}/users/${userId}`, { headers: { authorization: `Basic ${btoa(`${apiSecretKey}:`)}` } });
}

/** What the hosted page does for its user, with the token of its URL. */
export async function page(tenant: Tenant, token: string, path: string, body: object = {}): Promise<any> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${tenant.apiUrl}/client/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** A call of Activeconnect, with the signature that IAMPASS's Python package makes. */
export async function signed({ url, applicationId, applicationSecret }: Tenant, method: string, path: string): Promise<any> {
  const target = `${url}/${path}`;
  // A nonce counts once for an application.
  const [nonce, seconds] = [String(randomInt(2 ** 47)), String(Math.floor(Date.now() / 1000))];
  const key = createHash("sha256").update(nonce + applicationSecret).digest().subarray(0, 16);
  const text = nonce + target.replace(/^.*:\/\//, "") + seconds;
  const signature = createHmac("sha256", key).update(text).digest().subarray(0, 16).toString("base64");
  const headers = { Authentication: `hmac ${applicationId}:${nonce}:${signature}`, "X-IAMPASS-Authentication-Timestamp": seconds };
  const answer = await fetch(target, { method, headers });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
