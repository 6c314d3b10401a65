// For node:test's --test-global-setup, in Node 24 and newer: starts the mock before the processes of the test files, which all
// use this one, and stops it after them.

export { announceMock as globalSetup, stopMock as globalTeardown } from "./src/shared.js";
