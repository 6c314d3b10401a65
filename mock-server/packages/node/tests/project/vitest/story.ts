// What the tests of every runner do: a step-up with the vendor's SDK.

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
