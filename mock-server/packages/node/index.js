// A mock of Authsignal and Activeconnect for tests: one mock for all of them, and a tenant for each.

export { MockError, MockNotFound, MockUnreachable, NoMessage, Refused } from "./src/errors.js";
export { startMock } from "./src/server.js";
