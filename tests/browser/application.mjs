// The application that the step-up protects: a page with the vendor's SDK, on an origin of its own.

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

export class Application {
  static async start() {
    const server = createServer((request, answer) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      if (pathname.startsWith("/sdk/")) {
        answer.setHeader("content-type", "text/javascript");
        answer.end(module(pathname.slice("/sdk/".length)));
      } else {
        answer.setHeader("content-type", "text/html");
        answer.end(pathname === "/" ? PAGE : BACK);
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address !== "object" || !address) throw new TypeError("the server has no port");
    return new Application(server, address.port);
  }

  /**
   * @param {import("node:http").Server} server
   * @param {number} port
   */
  constructor(server, port) {
    this.server = server;
    this.origin = `http://localhost:${port}`;
    /** Where a challenge redirects to at its end. */
    this.back = `${this.origin}/back`;
  }

  /** The page with a version of the SDK, which calls this mock. */
  url(mock, version, baseUrl = mock.api) {
    return `${this.origin}/?${new URLSearchParams({ version, tenantId: mock.tenantId, baseUrl })}`;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
