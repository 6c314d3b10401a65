// For jest's `globalTeardown`: stops the mock.

import { stopMock } from "./src/shared.js";

export default async function teardown() {
  await stopMock();
}
