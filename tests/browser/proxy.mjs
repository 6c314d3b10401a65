// A reverse proxy with TLS, which serves a mock below a path of its own. Its key is made anew for each run, and Chromium
// trusts the one certificate.

import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @typedef {import("node:http").IncomingMessage} Incoming */

const PREFIX = "/auth";

function identity() {
  const folder = mkdtempSync(join(tmpdir(), "stepup-proxy-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  try {
    execFileSync("openssl", [...kind, ...name, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const IDENTITY = identity();

/** The hash of the certificate's key, as Chromium's flag `--ignore-certificate-errors-spki-list` takes it. */
export const PIN = createHash("sha256")
  .update(new X509Certificate(IDENTITY.cert).publicKey.export({ type: "spki", format: "der" }))
  .digest("base64");

export class Proxy {
  static async start() {
    const server = createServer(IDENTITY);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address !== "object" || !address) throw new TypeError("the server has no port");
    return new Proxy(server, address.port);
  }

  /** The mock's URL on this machine. */
  mock = "";

  /**
   * @param {import("node:https").Server} server
   * @param {number} port
   */
  constructor(server, port) {
    this.server = server;
    /** The public URL of the mock. */
    this.url = `https://localhost:${port}${PREFIX}`;
    server.on("request", (incoming, answer) => this.#pass(incoming, answer));
    server.on("upgrade", (incoming, socket) => this.#upgrade(incoming, socket));
  }

  /**
   * The same request to the mock, without the path of this proxy and with the mock's own host.
   * @param {Incoming} incoming
   */
  #onward({ method, headers, url = "" }) {
    const path = url.startsWith(`${PREFIX}/`) ? url.slice(PREFIX.length) : "/not-below-the-prefix";
    return request(`${this.mock}${path}`, { method, headers: { ...headers, host: new URL(this.mock).host } });
  }

  /**
   * @param {Incoming} incoming
   * @param {import("node:http").ServerResponse} answer
   */
  #pass(incoming, answer) {
    const sent = this.#onward(incoming);
    sent.on("response", (received) => {
      answer.writeHead(received.statusCode ?? 502, received.headers);
      received.pipe(answer);
    });
    sent.on("error", () => answer.destroy());
    answer.on("close", () => sent.destroy());
    incoming.pipe(sent);
  }

  /**
   * @param {Incoming} incoming
   * @param {import("node:stream").Duplex} socket
   */
  #upgrade(incoming, socket) {
    const sent = this.#onward(incoming);
    sent.on("upgrade", ({ headers }, far) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
      far.pipe(socket).pipe(far);
      for (const end of [far, socket]) end.on("error", () => [far, socket].forEach((one) => one.destroy()));
    });
    sent.on("response", () => socket.destroy());
    sent.on("error", () => socket.destroy());
    sent.end();
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
