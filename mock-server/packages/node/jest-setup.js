// For jest's `globalSetup`: starts the mock before the workers, which all use this one.

import { announceMock } from "./src/shared.js";

export default async function setup() {
  await announceMock();
}
