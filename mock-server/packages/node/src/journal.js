// The requests of a tenant.

/** @typedef {import("./control.js").Control} Control */
/** @typedef {import("../index.js").Request} Request */

// How many requests one call lists at most.
const LISTED = 1000;
// How many requests a failing test shows, and how much of a body.
const SHOWN = 20;
const SHOWN_OF_BODY = 1000;

// Why there may be no request.
const LIVE =
  "If the application has called the vendor's SDK, that went to the vendor's live service: Authsignal's calls it without an apiUrl.";

/**
 * What to do if the environment may send requests to the mock through a proxy.
 *
 * @param {string} url
 */
function proxied(url) {
  const { protocol, hostname } = new URL(url);
  const name = `${protocol.slice(0, -1).toUpperCase()}_PROXY`;
  const set = (/** @type {string} */ one) => process.env[one] || process.env[one.toLowerCase()];
  const spared = (set("NO_PROXY") ?? "").split(",").map((one) => one.trim());
  if (!set(name) || spared.includes("*") || spared.includes(hostname)) return [];
  return [`  ${name} may send requests to ${hostname} through a proxy: set NO_PROXY=${hostname}`];
}

export class Journal {
  #control;
  #tenant;
  #created = performance.now();

  /**
   * @param {Control} control
   * @param {string} tenant
   */
  constructor(control, tenant) {
    this.#control = control;
    this.#tenant = tenant;
  }

  /** @param {string} [search] */
  async requests(search) {
    const listed = await this.#list({ tenant: this.#tenant, search });
    return listed.reverse();
  }

  /** @param {number} number */
  bodies(number) {
    return this.#control.call("GET", `/_mock/journal/${number}`);
  }

  async text() {
    const requests = await this.requests();
    const earlier = requests.length - SHOWN;
    const lines = earlier > 0 ? [`  (${earlier} earlier requests)`] : [];
    lines.push(...(await this.#lines(requests.slice(-SHOWN))));
    if (!requests.length) {
      lines.push("  The mock got no request with the credentials of this test's tenant.", ...proxied(this.#control.url));
    }
    for (const one of await this.#unmet()) lines.push(`  This fault is still planned: ${JSON.stringify(one)}`);
    lines.push(...(await this.#undelivered()));
    const strays = await this.#ofNobody();
    if (!requests.length && !strays.length) lines.push(`  ${LIVE}`);
    if (strays.length) {
      lines.push("  Requests that belong to no tenant, from this test or from one beside it:", ...(await this.#lines(strays)));
    }
    return lines.join("\n");
  }

  /** The faults that have not applied as often as they were planned. */
  async #unmet() {
    const { tenants } = await this.#control.call("GET", "/_mock/faults", undefined, { tenant: this.#tenant });
    const faults = tenants.flatMap((/** @type {any} */ tenant) => tenant.faults);
    return faults.filter((/** @type {any} */ one) => !one.always);
  }

  /** The newest webhooks that their receivers did not take. */
  async #undelivered() {
    const { deliveries } = await this.#control.call("GET", "/_mock/webhooks/deliveries", undefined, { tenant: this.#tenant });
    const tried = deliveries.filter((/** @type {any} */ one) => one.progress !== "taken" && one.attempts.length);
    return tried.slice(0, SHOWN).reverse().map((/** @type {any} */ { type, target, progress, attempts }) => {
      const { status, error = "gave no answer" } = attempts.at(-1);
      return `  webhook ${type} to ${target} (${progress}): ${status ? `answered ${status}` : error}`;
    });
  }

  /** @param {Request[]} requests */
  async #lines(requests) {
    const lines = [];
    for (const one of requests) {
      lines.push(`  ${one.status} ${one.method} ${one.target} (${one.operation ?? "no operation"})`);
      if (one.reason) lines.push(`      refused: ${one.reason}`);
      if (one.warning) lines.push(`      warning: ${one.warning}`);
      const detail = await this.bodies(one.number);
      for (const name of ["request", "answer"]) {
        const text = detail[name]?.text;
        if (text) lines.push(`      ${name}: ${text.length > SHOWN_OF_BODY ? `${text.slice(0, SHOWN_OF_BODY)}…` : text}`);
      }
    }
    return lines;
  }

  /** The newest requests that belong to no tenant: those of an application with a wrong secret, for example. */
  async #ofNobody() {
    const listed = await this.#list({});
    // On the mock's clock, which may not be the machine's.
    const { now } = await this.#control.call("GET", "/_mock/clock");
    const since = Date.parse(now) - (performance.now() - this.#created) - 1;
    const strays = listed.filter((one) => one.tenant === undefined).slice(0, SHOWN);
    return strays.filter((one) => one.at.getTime() >= since).reverse();
  }

  /**
   * @param {Record<string, string | undefined>} query
   * @returns {Promise<(Request & { tenant?: string })[]>}
   */
  async #list(query) {
    const { requests } = await this.#control.call("GET", "/_mock/journal", undefined, { limit: LISTED, ...query });
    return requests.map((/** @type {any} */ one) => ({ ...one, at: new Date(one.at) }));
  }
}
