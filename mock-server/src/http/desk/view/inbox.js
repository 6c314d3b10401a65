// The inbox: the messages that the mock would have sent to users, with their codes and links.

import { act } from "../act.js";
import { get, post } from "../control.js";
import { announce, copy } from "./feedback.js";
import { box, button, el, empty, fill, link, place, tag, time } from "./dom.js";
import { keptRows, Seen } from "../model/rows.js";
import { channelName } from "../model/words.js";
import { showCount } from "./navigation.js";
import { tenantName } from "./tenants.js";

/** @typedef {import("control-api").components["schemas"]["Message"]} Message */

const MOST = 100;
const seen = new Seen();

/**
 * The whole message, because ids start again after a reset.
 * @param {Message} message
 */
const keyOf = (message) => JSON.stringify(message);

export async function loadInbox() {
  const { messages } = await get("/_mock/messages", { tenant: tenantName(), limit: MOST });
  const fresh = new Set(seen.record(messages, keyOf));
  const inbox = box("inbox");
  if (messages.length) {
    const shown = new Map([...inbox.children].map((row) => [row.getAttribute("data-id") ?? "", row]));
    place(inbox, keptRows(messages, shown, keyOf, (message) => messageItem(message, fresh.has(message))));
  } else {
    fill(inbox, empty("No messages yet. Codes and links that a vendor would send by SMS, email or WhatsApp appear here."));
  }
  const [first] = fresh;
  if (first) announce(`New message to ${first.to}.`);
  showCount("inbox", messages.length, messages.length === MOST ? `${MOST}+` : undefined);
}

/**
 * @param {Message} message
 * @param {boolean} isNew
 */
function messageItem(message, isNew) {
  const item = el("div", { class: isNew ? "item fresh" : "item", "data-id": keyOf(message) },
    el("div", { class: "item-head" },
      el("span", {}, tag(channelName(message.channel), "info"), " ", el("span", { class: "who" }, message.to)),
      time(message.createdAt)),
    codeRow(message),
    el("p", { class: "meta" }, message.text),
    linkRow(message));
  // Otherwise the item would flash again each time its tab is opened.
  item.addEventListener("animationend", () => item.classList.remove("fresh"), { once: true });
  return item;
}

/** @param {Message} message */
function codeRow({ code }) {
  return code && el("div", { class: "row" }, el("span", { class: "code" }, code),
    button("Copy", () => copy(code, "Code"), { "aria-label": `Copy the code ${code}` }));
}

/** @param {Message} message */
function linkRow({ kind, url }) {
  if (!url) return undefined;
  const isRegistration = kind === "link" && url.includes("/register/");
  return el("div", { class: "row" },
    isRegistration
      ? button("Open on the phone", (control) =>
        act(control, () => post("/_mock/phone/register", { link: url }), "The phone is registered"), { class: "primary" })
      : link(url, "Open the link"),
    button("Copy link", () => copy(url, "Link")));
}
