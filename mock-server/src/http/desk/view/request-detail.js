// The details of one request: how it was answered, and both bodies.

import { mockUrl } from "../control.js";
import { box, button, el, facts, tag } from "./dom.js";
import { copy } from "./feedback.js";
import { curl } from "../model/curl.js";
import { fullTime } from "../model/time.js";
import { count, indented, statusKind } from "../model/words.js";

/** @typedef {import("control-api").components["schemas"]["JournalDetail"]} Detail */
/** @typedef {import("control-api").components["schemas"]["CarriedBody"]} CarriedBody */

let asSent = false;

/**
 * @param {Detail} detail
 * @param {() => void} close what the button to close does
 */
export function showDetail(detail, close) {
  const { entry } = detail;
  const place = box("detail");
  place.replaceChildren(
    el("div", { class: "top" },
      el("div", { class: "title" }, `${entry.method} ${entry.target}`),
      button("Close", close, { class: "quiet" })),
    facts([
      ["Status", tag(String(entry.status), statusKind(entry.status))],
      ["Reason", entry.reason],
      ["Warning", entry.warning],
      ["Operation", entry.operation ?? "no operation matches"],
      ["API", entry.api],
      ["Tenant", entry.tenant ?? "none"],
      ["Received", `${fullTime(new Date(entry.at))} UTC`],
      ["Credentials", detail.credentials ?? "none"],
      ["User agent", detail.userAgent],
      ["Content type", detail.contentType],
    ]),
    ...variableParts(detail.variables),
    ...skippedParts(detail.skippedRules),
    el("div", { class: "row" }, curlButton(detail), asSentField(() => showDetail(detail, close))),
    ...bodyParts("Request body", detail.request),
    ...bodyParts("Response body", detail.answer));
  place.hidden = false;
  box("journal-split").classList.add("open");
}

export function hideDetail() {
  box("detail").hidden = true;
  box("journal-split").classList.remove("open");
}

/**
 * What the rules about a tracked action have read, so that a person sees why one held or not.
 * @param {Detail["variables"]} variables
 */
function variableParts(variables) {
  if (!variables?.length) return [];
  return [
    el("div", { class: "body-head" }, el("h3", {}, "What the rules read")),
    facts(variables.map(({ name, value, origin, warning }) =>
      [name, warning ? `${value ?? "no value"}: ${warning}` : value ? `${value} (${origin})` : "no value"])),
  ];
}

/**
 * The rules that had no say, so that a person does not look for a mistake in their conditions.
 * @param {Detail["skippedRules"]} skipped
 */
function skippedParts(skipped) {
  if (!skipped?.length) return [];
  return [
    el("div", { class: "body-head" }, el("h3", {}, "Rules that had no say")),
    facts(skipped.map(({ ruleId, why }) => [ruleId, why])),
  ];
}

/** @param {Detail} detail */
function curlButton(detail) {
  return button("Copy as curl", () => {
    const { command, lack } = curl(detail, mockUrl);
    copy(command, "Command", lack);
  }, { class: "quiet", title: "Copy this request as a command that sends it again. It takes secrets from the shell’s variables." });
}

/** @param {() => void} redraw */
function asSentField(redraw) {
  const field = el("input", { type: "checkbox", checked: asSent });
  field.addEventListener("change", () => {
    asSent = field.checked;
    redraw();
  });
  return el("label", { class: "field-inline" }, field, "Show bodies as sent, without formatting");
}

/**
 * @param {string} title
 * @param {CarriedBody | undefined} body
 */
function bodyParts(title, body) {
  const size = body?.length ? el("span", { class: "hint num" }, count(body.length, "byte")) : undefined;
  const head = el("div", { class: "body-head" }, el("h3", {}, title), size);
  if (!body) return [head, el("p", { class: "none" }, "The journal no longer has this body. It keeps only the newest ones.")];
  if (body.length === 0) return [head, el("p", { class: "none" }, "No body.")];
  /** @type {HTMLElement[]} */
  const parts = [head];
  if (body.text) parts.push(el("pre", { tabindex: "0", "aria-label": title }, asSent ? body.text : indented(body.text)));
  return body.cut ? [...parts, el("p", { class: "cut" }, `Cut: ${body.cut}.`)] : parts;
}
