// For vitest's `globalSetup`: starts the mock before the workers, which all use this one, and stops it after them.

export { announceMock as setup, stopMock as teardown } from "./src/shared.js";
