// A cloud gateway in front of functions: its JWT authorizer knows an issuer and an audience, and finds the keys by the
// issuer's discovery document.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";

async function document(url) {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  return answer.json();
}

const read = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

export class Gateway {
  /** @param {{ issuer: string, audience: string }} configured */
  constructor({ issuer, audience }) {
    this.issuer = issuer;
    this.audience = audience;
  }

  /** The claims of a token that may pass. */
  async authorize(authorization) {
    const [header, payload, signature] = authorization.replace(/^Bearer /, "").split(".");
    const { alg, kid } = read(header);
    assert.equal(alg, "RS256");
    const { issuer, jwks_uri } = await document(`${this.issuer}/.well-known/openid-configuration`);
    assert.equal(issuer, this.issuer);
    const { keys } = await document(jwks_uri);
    const key = createPublicKey({ key: keys.find((key) => key.kid === kid), format: "jwk" });
    const text = Buffer.from(`${header}.${payload}`);
    assert.ok(verify("sha256", text, key, Buffer.from(signature, "base64url")), "the token's signature");
    const claims = read(payload);
    assert.equal(claims.iss, this.issuer);
    assert.ok([claims.aud].flat().includes(this.audience), `the audience is ${claims.aud}`);
    assert.ok(claims.exp > Date.now() / 1000, "the token is old");
    return claims;
  }

  /** Calls a function with the event that the gateway makes of a request: its claims are in it. */
  async call(act, authorization) {
    const claims = await this.authorize(authorization);
    return act({ requestContext: { authorizer: { jwt: { claims } } }, headers: { authorization } });
  }
}
