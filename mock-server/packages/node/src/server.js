// Starts the program, or finds a mock that runs. Knows no test runner.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

import { Control } from "./control.js";
import { MockError, MockNotFound, MockUnreachable, Refused } from "./errors.js";
import { howToInstall, installedProgram, whyNone } from "./platform.js";
import { endOf, Program } from "./program.js";
import { Tenant } from "./tenant.js";

// The program to start, and the URL of a mock that runs already.
const PROGRAM_VARIABLE = "STEPUP_MOCK";
const URL_VARIABLE = "STEPUP_MOCK_URL";
// The file with the log of a mock that this package has started in another process.
const LOG_VARIABLE = "STEPUP_MOCK_LOG_FILE";

// Seconds without a request after which a mock deletes a tenant that a killed test has left.
const IDLE = 3600;
// How many tenants an error names.
const NAMED = 10;
// How much of a tenant's name it gets.
const NAME = 100;

// Flags that this package gives to the program itself.
const OURS = ["--listen", "--ready-json", "--stop-with-stdin"];

/** What to do where there is no program. */
const notFound = () => `There is no stepup-mock to start: ${whyNone()}, and none is on the PATH. Do one of these:${howToInstall()}
  - build it with Rust: cargo install --path mock-server (in the repository of stepup)
  - name the program: export ${PROGRAM_VARIABLE}=/path/to/stepup-mock
  - name a mock that runs: export ${URL_VARIABLE}=http://127.0.0.1:4750`;

/** A mock that runs. */
export class Mock {
  #program;
  #log;

  /**
   * @param {string} url
   * @param {Program} [program] if this process has started it
   * @param {string} [log] the file with its log, if this package has started it
   */
  constructor(url, program, log) {
    this.#program = program;
    this.#log = log;
    this.control = new Control(url, () => this.#whyUnreachable());
    this.url = this.control.url;
  }

  /**
   * @param {{ seed?: object, name?: string }} [options]
   * @returns {Promise<Tenant>}
   */
  async createTenant({ seed, name } = {}) {
    // The end of a long name says most.
    const body = { seed, name: name?.slice(-NAME) || undefined, ttlSeconds: IDLE };
    try {
      return new Tenant(this.control, await this.control.call("POST", "/_mock/tenants", body));
    } catch (error) {
      // A second tenant of one name would have the secrets of the first in a mock that runs with --deterministic.
      if (error instanceof Refused && error.status === 409 && name) return this.createTenant({ seed });
      if (error instanceof Refused && [404, 405].includes(error.status)) {
        const advice = "it cannot create tenants. Install the one of this repository.";
        throw new MockUnreachable(`the mock at ${this.url} is too old: ${advice}`, { cause: error });
      }
      throw error;
    }
  }

  /**
   * A tenant that is there already, by its id at either vendor or by its name.
   * @param {string} name
   */
  async tenant(name) {
    const listed = (await this.#withId(name)) ?? (await this.#withName(name));
    const [id, ...more] = listed.map((one) => one.name);
    if (more.length) {
      const ids = [id, ...more].join(", ");
      throw new MockError(`the mock at ${this.url} has ${more.length + 1} tenants of the name "${name}"; name the id of one: ${ids}`);
    }
    if (!id) {
      const names = (await this.#tenants({ limit: NAMED + 1 })).map((one) => one.name);
      const there = names.length > NAMED ? [...names.slice(0, NAMED), "…"].join(", ") : names.join(", ");
      const advice = `If the application runs with another mock, name that in ${URL_VARIABLE}.`;
      throw new MockError(`the mock at ${this.url} has no tenant "${name}". It has: ${there}. ${advice}`);
    }
    return new Tenant(this.control, { id, ...(await this.#credentials(id)) }, { ours: false });
  }

  /**
   * The credentials of a tenant, as its creation answers them. Those of a vendor where it is not are empty.
   * @param {string} id
   */
  async #credentials(id) {
    // The list of tenants shows no secrets.
    const { tenants } = await this.control.call("GET", "/_mock/dump", undefined, { tenant: id });
    const [{ authsignal = {}, activeconnect = {} }] = tenants;
    return {
      authsignal: {
        tenantId: authsignal.id ?? "",
        secretKey: authsignal.secret ?? "",
        managementSecretKey: authsignal.managementSecret ?? "",
        terminalSecretKey: authsignal.terminalSecret ?? "",
      },
      activeconnect: { applicationId: activeconnect.id ?? "", applicationSecret: activeconnect.secret ?? "" },
    };
  }

  /** @param {string} tenant */
  async #withId(tenant) {
    try {
      return await this.#tenants({ tenant });
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return;
      throw error;
    }
  }

  /** @param {string} name */
  async #withName(name) {
    const found = await this.#tenants({ search: name, limit: 1000 });
    return found.filter((one) => one.activeconnect?.name === name);
  }

  /**
   * @param {Record<string, string | number>} query
   * @returns {Promise<{ name: string, activeconnect?: { name: string } }[]>}
   */
  async #tenants(query) {
    const { tenants } = await this.control.call("GET", "/_mock/tenants", undefined, { brief: true, ...query });
    return tenants;
  }

  /** Environment variables by which other processes find this mock. */
  get env() {
    return { [URL_VARIABLE]: this.url, ...(this.#log && { [LOG_VARIABLE]: this.#log }) };
  }

  async stop() {
    await this.#program?.stop();
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  async #whyUnreachable() {
    if (!this.#log) return `Check that a mock runs there, and ${URL_VARIABLE}.`;
    const ended = await this.#program?.ended();
    return `${ended ?? "The mock has stopped."} The end of its log:\n${endOf(this.#log)}`;
  }
}

/**
 * The mock that STEPUP_MOCK_URL names, or else a new one on a free port.
 * @param {{ args?: string[] }} [options] arguments for the program
 */
export async function startMock({ args = [] } = {}) {
  check(args);
  const url = process.env[URL_VARIABLE];
  if (url) return await attached(url, process.env[LOG_VARIABLE]);
  const program = new Program(path(), args);
  try {
    return new Mock(await program.url(), program, program.log);
  } catch (error) {
    await program.stop();
    throw error;
  }
}

/**
 * @param {string} url
 * @param {string} [log]
 */
async function attached(url, log) {
  const mock = new Mock(url, undefined, log);
  /** @type {any} */
  let health;
  try {
    health = await mock.control.call("GET", "/_mock/health");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  if (health?.status !== "ok") throw new MockUnreachable(`${url} (${URL_VARIABLE}) is no stepup-mock`);
  return mock;
}

/**
 * Refuses arguments that this package gives to the program itself.
 * @param {unknown} args
 */
function check(args) {
  if (!Array.isArray(args)) throw new TypeError(`the arguments of the mock are a list: startMock({ args: ["--seed", "demo"] }), not ${JSON.stringify(args)}`);
  const taken = args.find((one) => OURS.includes(one.split("=", 1)[0]));
  if (!taken) return;
  throw new MockError(
    `${taken} is not for you to pass: this package starts the mock on a free port, and ends it. For a mock at an address of` +
      ` your choice, start \`stepup-mock ${args.join(" ")}\` yourself, and set ${URL_VARIABLE} to its URL.`,
  );
}

function path() {
  const named = process.env[PROGRAM_VARIABLE];
  if (named) {
    if (!isProgram(named)) throw new MockNotFound(`${PROGRAM_VARIABLE} is ${named}, and no program is there`);
    return named;
  }
  const installed = installedProgram();
  if (installed) return installed;
  const name = process.platform === "win32" ? "stepup-mock.exe" : "stepup-mock";
  const found = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)).find(isProgram);
  if (!found) throw new MockNotFound(notFound());
  return found;
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
