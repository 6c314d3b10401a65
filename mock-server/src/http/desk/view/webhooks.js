// The webhooks that the mock sent, with each attempt and a button to send one again.

import { act } from "../act.js";
import { get, post } from "../control.js";
import { box, button, code, el, empty, fill, sub, table, tag, time } from "./dom.js";
import { Changes } from "../model/rows.js";
import { deliveryProgress, indented, statusKind } from "../model/words.js";
import { tenantName } from "./tenants.js";

/** @typedef {import("control-api").components["schemas"]["WebhookDelivery"]} Delivery */
/** @typedef {import("control-api").components["schemas"]["WebhookAttempt"]} Attempt */

const MOST = 100;
const ATTEMPTS = 3;

const HEADS = [
  { name: "No.", tight: true }, { name: "Event" }, { name: "Progress", tight: true }, { name: "Attempts" },
  { name: "Controls", tight: true, hidden: true },
];

const changes = new Changes();

export async function loadWebhooks() {
  const { deliveries } = await get("/_mock/webhooks/deliveries", { tenant: tenantName(), limit: MOST });
  const view = box("webhooks");
  // Redrawing would take the focus and the selection away.
  if (!changes.differ(deliveries)) return;
  if (!deliveries.length) {
    return fill(view, empty("No webhooks sent yet. Set the URLs to send them to with ", code("POST /_mock/webhooks"), "."));
  }
  const open = new Set([...view.querySelectorAll("details[open]")].map((body) => body.getAttribute("data-key")));
  fill(view, table(HEADS, deliveries.map((delivery) => ({ cells: cells(delivery, open) }))));
}

/**
 * @param {Delivery} delivery
 * @param {Set<string | null>} open keys of the bodies that are open
 */
function cells(delivery, open) {
  const { tenantId, number, nextAttemptAt } = delivery;
  return [
    el("span", { class: "num sub" }, String(number)),
    [el("strong", {}, delivery.type), el("div", { class: "sub mono" }, delivery.target), body(delivery, open)],
    [tag(...deliveryProgress(delivery.progress)), nextAttemptAt && sub("next attempt ", time(nextAttemptAt))],
    delivery.attempts.slice(-ATTEMPTS).map(attempt),
    button("Send again", (control) => act(control, () => post("/_mock/webhooks/send", { tenantId, number }), "Sent again"),
      { class: "quiet" }),
  ];
}

/** @param {Attempt} attempt */
function attempt({ at, status, error, fault }) {
  return el("div", {}, time(at), " ",
    status ? tag(String(status), statusKind(status)) : el("span", { class: "sub" }, error ?? "no response"),
    fault && el("span", { class: "sub" }, ` ${fault}`));
}

/**
 * @param {Delivery} delivery
 * @param {Set<string | null>} open
 */
function body(delivery, open) {
  const key = `${delivery.tenantId} ${delivery.number}`;
  return el("details", { "data-key": key, open: open.has(key) },
    el("summary", {}, "Body"), el("pre", { tabindex: "0", "aria-label": "Body" }, indented(delivery.body)));
}
