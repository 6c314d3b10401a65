// Example apps of the vendor, each written anew: the same calls in the same order, by its unmodified SDKs.

import functions from "./apps/functions.mjs";
import passkeys from "./apps/passkeys.mjs";
import push from "./apps/push.mjs";
import redirect from "./apps/redirect.mjs";

export default function (chromium) {
  for (const tests of [redirect, passkeys, push, functions]) {
    tests(chromium);
  }
}
