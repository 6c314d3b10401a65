// Writes a request of the journal as a command for a shell. The journal masks secrets, so the command takes them from the
// shell's variables, and stops with a message if one is not set. Knows nothing of the page.

/** @typedef {import("control-api").components["schemas"]["JournalDetail"]} Detail */

/** What the journal puts in place of a secret. */
const MASK = "***";

/** @type {Record<string, Record<string, string>>} Where the credentials of each API come from, by their scheme. */
const CREDENTIALS = {
  "authsignal": { basic: "AUTHSIGNAL_API_SECRET", bearer: "AUTHSIGNAL_TERMINAL_SECRET" },
  "authsignal-client": { basic: "AUTHSIGNAL_TENANT_ID", bearer: "AUTHSIGNAL_TOKEN" },
  "authsignal-management": { basic: "AUTHSIGNAL_MANAGEMENT_SECRET" },
};

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** @param {string} name */
const variable = (name) => `"\${${name}:?}"`;

/** Finds a variable for each secret of a request. Two secrets of one name get two. */
class Secrets {
  /** @type {Map<string, number>} */
  #uses = new Map();

  /**
   * The variable for the secret that follows this text.
   * @param {string} before
   */
  after(before) {
    const [, member, parameter] = /"([^"\\]*)"\s*:\s*"$|([^?&=/\s]+)=$/.exec(before) ?? [];
    const words = (member ?? parameter ?? "").replaceAll(/([a-z\d])([A-Z])/g, "$1_$2").toUpperCase().replaceAll(/[^A-Z\d]+/g, "_");
    const name = /^[A-Z]/.test(words) ? words : "TOKEN";
    const uses = (this.#uses.get(name) ?? 0) + 1;
    this.#uses.set(name, uses);
    return uses === 1 ? name : `${name}_${uses}`;
  }
}

/**
 * A text as one word of the shell, with a variable in place of each secret.
 * @param {string} text
 * @param {Secrets} secrets
 */
function word(text, secrets) {
  const [first = "", ...others] = text.split(MASK);
  let before = first;
  let written = first ? quoted(first) : "";
  for (const part of others) {
    written += variable(secrets.after(before));
    if (part) written += quoted(part);
    before = part;
  }
  return written || "''";
}

/**
 * The options of curl for the credentials of a request.
 * @param {Detail} detail
 */
function credentialsOf({ entry, credentials = "" }) {
  const scheme = credentials.split(" ")[0]?.toLowerCase() ?? "";
  const name = CREDENTIALS[entry.api]?.[scheme];
  if (!name) return [];
  return scheme === "basic" ? [`-u ${variable(name)}:`] : [`-H 'Authorization: Bearer '${variable(name)}`];
}

/**
 * The options of curl for the body of a request.
 * @param {Detail} detail
 * @param {Secrets} secrets
 */
function bodyOf({ contentType, request }, secrets) {
  if (!request?.length) return [];
  // Without a value, curl sends no such header; without the option, it would say that the body is a form.
  return [`-H ${quoted(contentType ? `Content-Type: ${contentType}` : "Content-Type:")}`, `--data-raw ${word(request.text, secrets)}`];
}

/**
 * What the command lacks of the request, if it lacks anything.
 * @param {Detail} detail
 * @returns {string | undefined}
 */
function lackOf({ entry, credentials, request }) {
  if (!request) return "The journal no longer has its body.";
  if (request.cut) return `Its body is not complete: ${request.cut}.`;
  if (entry.api === "activeconnect" && credentials) {
    return "It has no signature, so it works only with --no-signatures.";
  }
  return undefined;
}

/**
 * A request as a command.
 * @param {Detail} detail
 * @param {string} base the mock's URL, without a slash at its end
 * @returns {{ command: string, lack: string | undefined }}
 */
export function curl(detail, base) {
  const { entry: { method, target } } = detail;
  const secrets = new Secrets();
  const parts = [
    // These characters in a URL would stand for several URLs.
    /[[\]{}]/.test(target) ? "curl -i -g" : "curl -i",
    method === "HEAD" ? "--head" : method === "GET" && !detail.request?.length ? "" : `-X ${method}`,
    word(`${base}${target}`, secrets),
  ].filter(Boolean).join(" ");
  const command = [parts, ...credentialsOf(detail), ...bodyOf(detail, secrets)].join(" \\\n  ");
  return { command, lack: lackOf(detail) };
}
