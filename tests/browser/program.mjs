// Starts a mock and waits until it serves. Used by every test that Node runs.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * The lines that a program writes, one for each call.
 * @param {string} program
 * @param {import("node:child_process").ChildProcess} child
 */
export function lines(program, child) {
  if (!child.stdout) throw new TypeError(`the output of ${program} is not piped`);
  const iterator = createInterface(child.stdout)[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await iterator.next();
    if (done) throw new Error(`${program} ended`);
    return value;
  };
}

/**
 * Starts a mock on a free port.
 * @param {string} program
 * @param {string[]} flags
 */
export async function startMock(program, ...flags) {
  const child = spawn(program, ["--listen", "127.0.0.1:0", "--ready-json", "--log", "off", ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { url, httpsUrl, caFile, authsignal, activeconnect, listensAt } = JSON.parse(await lines(program, child)());
  const [{ tenantId, apiSecret }] = authsignal.tenants;
  const [application] = activeconnect.applications;
  return { child, url, httpsUrl, caFile, own: `http://${listensAt[0]}`, tenantId, apiSecret, application };
}

/**
 * A request of the journal in one line.
 * @param {{ status: number, method: string, target: string, operation?: string, reason?: string }} request
 */
export function requestLine({ status, method, target, operation, reason }) {
  return `  ${status} ${method} ${target} (${operation ?? "no operation"})${reason ? `: ${reason}` : ""}`;
}
