// The mock of this process, and what every test runner does with a tenant. Knows no test runner.

import { startMock } from "./server.js";

/** @type {Promise<import("./server.js").Mock> | undefined} */
let mock;

/** The mock that the run or this process shares. It starts with the first test that wants it. */
export function sharedMock() {
  // One that failed stays: a second attempt would fail as the first did, after as long.
  mock ??= startMock();
  return mock;
}

/**
 * Starts the mock for the processes that this one starts, which find it by their environment.
 */
export async function announceMock() {
  try {
    Object.assign(process.env, (await sharedMock()).env);
  } catch {
    // Each test that needs the mock tries again, and says what is wrong. The others can run.
  }
}

/** Stops the mock, if this process has started it. */
export async function stopMock() {
  try {
    await (await mock)?.stop();
  } catch {
    // It has never started.
  }
}

/** @param {{ seed?: object, name?: string }} [options] */
export async function sharedTenant(options) {
  return (await sharedMock()).createTenant(options);
}

/**
 * What a test that failed shows.
 * @param {import("./tenant.js").Tenant} tenant
 */
export async function journalOf(tenant) {
  const heading = `Requests to stepup-mock (${tenant.id}):`;
  try {
    return `${heading}\n${await tenant.journal.text()}`;
  } catch (error) {
    return `${heading}\n${error instanceof Error ? error.message : error}`;
  }
}
