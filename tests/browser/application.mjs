// The application that the step-up protects: a page with the vendor's SDK, on an origin of its own, and what a story has
// its server answer.

import { createServer } from "node:http";
import { once } from "node:events";

import { module } from "./packages.mjs";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shop</title>
<link rel="icon" href="data:,">
<h1>Shop</h1>
<label>Name <input autocomplete="username webauthn"></label>
<button id="go">Pay</button>
<script type="module">
  const { searchParams } = new URL(location.href);
  const { Authsignal } = await import("/sdk/" + searchParams.get("version"));
  const [tenantId, baseUrl] = [searchParams.get("tenantId"), searchParams.get("baseUrl")];
  window.expired = 0;
  const onTokenExpired = () => window.expired++;
  window.authsignal = new Authsignal({ tenantId, publishableKey: tenantId, baseUrl, onTokenExpired });
  document.body.dataset.ready = "";
</script>
</html>
`;

const BACK = '<!doctype html><html lang="en"><title>Back</title><link rel="icon" href="data:,"><h1>Back</h1>';

/**
 * What a route gets: the query, the body as text and as JSON or form, and the headers.
 * @typedef {{ query: URLSearchParams, text: string, body: any, headers: import("node:http").IncomingHttpHeaders }} Asked
 */

/** @param {string} text */
function parsed(text) {
  return text.startsWith("{") ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
}

/**
 * @param {(asked: Asked) => any} act
 * @param {Asked} asked
 * @param {import("node:http").ServerResponse} answer
 */
async function respond(act, asked, answer) {
  try {
    const { redirect, html, ...json } = await act(asked);
    answer.setHeader("content-type", html ? "text/html" : "application/json");
    if (redirect) answer.setHeader("location", redirect);
    answer.writeHead(redirect ? 303 : 200).end(html ?? JSON.stringify(json));
  } catch (error) {
    answer.setHeader("content-type", "application/json");
    answer.writeHead(500).end(JSON.stringify({ error: `${error}` }));
  }
}

export class Application {
  static async start() {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address !== "object" || !address) throw new TypeError("the server has no port");
    return new Application(server, address.port);
  }

  /** @type {Map<string, (asked: Asked) => any>} */
  #routes = new Map();
  /** The origin whose pages may call the routes, besides the application's own. */
  allowedOrigin = "";

  /**
   * @param {import("node:http").Server} server
   * @param {number} port
   */
  constructor(server, port) {
    server.on("request", (request, answer) => this.#answer(request, answer));
    this.server = server;
    this.origin = `http://localhost:${port}`;
    /** Where a challenge redirects to at its end. */
    this.back = `${this.origin}/back`;
  }

  /** The page with a version of the SDK, which calls this mock. */
  url(mock, version) {
    return `${this.origin}/?${new URLSearchParams({ version, tenantId: mock.tenantId, baseUrl: mock.api })}`;
  }

  /**
   * Has the application's server answer a request. The answer is JSON, `{redirect}` or `{html}`; one of an error is 500.
   * @param {string} route method and path
   * @param {(asked: Asked) => any} act
   */
  on(route, act) {
    this.#routes.set(route, act);
  }

  /**
   * @param {import("node:http").IncomingMessage} request
   * @param {import("node:http").ServerResponse} answer
   */
  async #answer(request, answer) {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const act = this.#routes.get(`${request.method} ${pathname}`);
    if (this.allowedOrigin) {
      answer.setHeader("access-control-allow-origin", this.allowedOrigin);
      answer.setHeader("access-control-allow-headers", "content-type");
    }
    if (act) {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      await respond(act, { query: searchParams, text, body: parsed(text), headers: request.headers }, answer);
    } else if (pathname.startsWith("/sdk/")) {
      answer.setHeader("content-type", "text/javascript");
      answer.end(module(pathname.slice("/sdk/".length)));
    } else {
      answer.setHeader("content-type", "text/html");
      answer.end(pathname === "/" ? PAGE : BACK);
    }
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
