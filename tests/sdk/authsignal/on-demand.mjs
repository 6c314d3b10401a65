// Two tests, each with a secret that it has made up, against one mock with --tenants-on-demand: each has a tenant of its own.
//
// Usage: node on-demand.mjs VERSION FOLDER, with MOCK_URL in the environment. FOLDER holds node_modules with the SDK as
// authsignal-VERSION.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [version, folder] = process.argv.slice(2);
const { Authsignal } = createRequire(pathToFileURL(`${folder}/driver.cjs`))(`authsignal-${version}`);

const client = () =>
  new Authsignal({ apiSecretKey: randomUUID(), apiUrl: `${process.env.MOCK_URL}/v1`, retries: 0 });

const [one, other] = [client(), client()];
await one.updateUser({ userId: "ada", attributes: { email: "ada@example.com" } });
assert.equal((await one.getUser({ userId: "ada" })).email, "ada@example.com");
assert.equal((await other.getUser({ userId: "ada" })).email, undefined);
