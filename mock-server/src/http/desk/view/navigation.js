// The tabs of the desk, and which view is open. Knows the names of the views, and nothing of what they show.

import { box, button, el } from "./dom.js";

/** @typedef {{ name: string, title: string, aside?: boolean }} View `aside`: on a wide screen it is always visible. */

/** @type {View[]} */
const VIEWS = [
  { name: "phone", title: "Phone", aside: true },
  { name: "inbox", title: "Inbox", aside: true },
  { name: "journal", title: "Requests" },
  { name: "actions", title: "Actions" },
  { name: "users", title: "Users" },
  { name: "sessions", title: "Sessions" },
  { name: "webhooks", title: "Webhooks" },
  { name: "decide", title: "Decisions" },
  { name: "faults", title: "Faults" },
  { name: "snapshots", title: "Snapshots" },
  { name: "scenarios", title: "Scenarios" },
];

const FIRST = "journal";
const NARROW = window.matchMedia("(max-width: 820px)");

let open = FIRST;
/** @type {(name: string) => void} */
let opened = () => {};

/** Whether the screen has room for one view only. */
export const isNarrow = () => NARROW.matches;

/**
 * A condition for a section of the desk: that its view is open.
 * @param {string} name
 */
export const whileOpen = (name) => () => open === name;

/**
 * Opens a view.
 * @param {string} name
 */
export function openView(name) {
  open = name;
  box("main").dataset.view = name;
  for (const view of VIEWS) {
    const tab = box(`tab-${view.name}`);
    if (view.name === name) {
      tab.setAttribute("aria-current", "page");
      tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      tab.removeAttribute("aria-current");
    }
  }
  const main = VIEWS.filter(({ aside }) => !aside);
  // What lies aside on a wide screen leaves the view beside it open.
  if (main.some((view) => view.name === name)) {
    for (const view of main) box(`view-${view.name}`).hidden = view.name !== name;
  }
  history.replaceState(null, "", location.pathname + location.search + (name === FIRST ? "" : `#${name}`));
  opened(name);
}

/**
 * Makes the tabs, and opens the view that the address names.
 * @param {(name: string) => void} listener called with the name of each view that is opened
 */
export function startNavigation(listener) {
  opened = listener;
  for (const { name, title, aside } of VIEWS) {
    const tab = button(title, () => openView(name), { id: `tab-${name}`, class: aside && "narrow-only" });
    if (aside) tab.append(el("span", { class: "badge", hidden: true }));
    box("tabs").append(tab);
  }
  const wanted = location.hash.slice(1);
  if (VIEWS.some(({ name }) => name === wanted)) openView(wanted);
  else openView(isNarrow() ? "phone" : FIRST);
}

/**
 * Shows beside the name of a view how much is in it.
 * @param {string} name
 * @param {number} count
 * @param {string} [text]
 */
export function showCount(name, count, text = String(count)) {
  for (const badge of [box(`count-${name}`), box(`tab-${name}`).querySelector(".badge")]) {
    if (!(badge instanceof HTMLElement)) continue;
    badge.textContent = text;
    badge.hidden = count === 0;
  }
}
