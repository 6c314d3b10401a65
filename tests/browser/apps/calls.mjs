// What the stories of example apps share: calls from a page to the app's server, and the order of the calls to the mock.

import assert from "node:assert/strict";

/** The Node SDK's newest version, which every range from 2.2 on resolves to. */
export const CURRENT = "2.21.0";

/**
 * Has a page send JSON to the app's server, and returns what it answers.
 * @param {import("puppeteer-core").Page} page
 * @param {string} url
 * @param {object} [body]
 */
export async function send(page, url, body = {}) {
  const { status, json } = await page.evaluate(
    async (url, body) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(url, { method: "POST", headers, body });
      return { status: answer.status, json: await answer.json() };
    },
    url,
    JSON.stringify(body),
  );
  assert.equal(status, 200, `${url}: ${JSON.stringify(json)}`);
  return json;
}

/**
 * Asserts which operations the app used, in this order. Pages and what a browser asks before a call are left out.
 * @param {import("../mock.mjs").Mock} mock
 * @param {string[]} wanted
 */
export async function inOrder(mock, wanted) {
  const requests = await mock.journal();
  const used = requests.filter(({ operation, target }) => operation && !target.startsWith("/_mock"));
  assert.deepEqual(used.map(({ operation, status }) => (status < 300 ? operation : `${operation}: ${status}`)), wanted);
}
