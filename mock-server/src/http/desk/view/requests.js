// The list of requests: filtered, scrolled and walked by the keyboard. Only the rows on the screen are in the page, since
// the journal may hold thousands.

import { showProblem } from "../act.js";
import { get, getRequest } from "../control.js";
import { refreshOne } from "../refresh.js";
import { box, byId, code, el, fill, place, tag, time } from "./dom.js";
import { keptRows } from "../model/rows.js";
import { PAGE_SIZE, RequestList, scrolledTo, visibleRows } from "../model/request-list.js";
import { statusKind } from "../model/words.js";
import { isNarrow, openView } from "./navigation.js";
import { hideDetail, showDetail } from "./request-detail.js";
import { tenantName } from "./tenants.js";

/** @typedef {import("../model/request-list.js").Entry} Entry */

const APIS = /** @type {const} */ (["activeconnect", "authsignal", "authsignal-client", "authsignal-management", "pages"]);
/** Stands for all tenants, and for requests that belong to no tenant, such as those with a wrong secret. */
const EVERYBODY = "*";
/** Pause after the last key before the filter applies, in milliseconds. */
const TYPING = 120;
/** The height of a row in desk.css, in pixels. */
const ROW = { wide: 34, narrow: 58 };

const scroller = box("journal");
const search = byId("journal-search", HTMLInputElement);
const api = byId("journal-api", HTMLSelectElement);

const list = new RequestList();
/** @type {number | undefined} */
let chosen;
let loadingOlder = false;
let newestInJournal = 0;

const rowHeight = () => (isNarrow() ? ROW.narrow : ROW.wide);

/** @param {{ after?: number, before?: number }} part */
function query(part) {
  const one = APIS.find((name) => name === api.value);
  const scope = api.value === EVERYBODY ? {} : { tenant: tenantName(), api: one };
  return { ...scope, search: search.value.trim(), limit: PAGE_SIZE, ...part };
}

/** Empties the list, so that it is loaded from the beginning. */
export function resetRequests() {
  list.reset();
  loadingOlder = false;
  scroller.scrollTop = 0;
}

/**
 * Notes the number of the journal's newest request. Returns whether the journal began again since the last one.
 * @param {number} number
 */
export function noteNewest(number) {
  newestInJournal = number;
  return number < list.known;
}

/** Loads the requests that are new. */
export async function loadRequests() {
  const { turn } = list;
  const first = list.known === 0;
  const newest = newestInJournal;
  const { requests } = await get("/_mock/journal", query(list.newer));
  if (turn !== list.turn) return;
  if (!list.addNewer(requests, newest)) {
    resetRequests();
    await loadRequests();
    return;
  }
  // New rows push the others down: a list that is scrolled keeps its place.
  if (!first && scroller.scrollTop > 0) scroller.scrollTop += requests.length * rowHeight();
  showRequests();
}

async function loadOlder() {
  const last = list.rows.at(-1);
  if (loadingOlder || !last) return;
  const { turn } = list;
  loadingOlder = true;
  try {
    const { requests } = await get("/_mock/journal", query({ before: last.number }));
    if (turn === list.turn) list.addOlder(requests);
  } catch (error) {
    showProblem(error);
    return;
  } finally {
    if (turn === list.turn) loadingOlder = false;
  }
  if (turn === list.turn) showRequests();
}

/** Draws the rows that are on the screen. */
export function showRequests() {
  const height = rowHeight();
  const sizer = box("journal-rows");
  sizer.style.height = `${list.rows.length * height}px`;
  const { from, to } = visibleRows({
    count: list.rows.length, rowHeight: height, scrollTop: scroller.scrollTop, height: scroller.clientHeight,
  });
  const entries = list.rows.slice(from, to);
  const shown = new Map([...sizer.querySelectorAll("div")].map((row) => [row.id, row]));
  const rows = keptRows(entries, shown, rowId, requestRow);
  rows.forEach((row, at) => {
    row.style.transform = `translateY(${(from + at) * height}px)`;
    row.setAttribute("aria-selected", String(entries[at]?.number === chosen));
    row.setAttribute("aria-posinset", String(from + at + 1));
    row.setAttribute("aria-setsize", list.hasOlder ? "-1" : String(list.rows.length));
  });
  place(sizer, rows);
  if (entries.some(({ number }) => number === chosen)) scroller.setAttribute("aria-activedescendant", `request-${chosen}`);
  else scroller.removeAttribute("aria-activedescendant");
  showEmptiness();
  if (list.nearsEnd(to)) loadOlder();
}

function showEmptiness() {
  const isEmpty = list.rows.length === 0;
  box("journal-empty").hidden = !isEmpty;
  box("journal-split").hidden = isEmpty;
  box("journal-count").textContent = isEmpty ? "" : list.size;
  if (!isEmpty) return;
  fill(box("journal-empty"), search.value || api.value
    ? "No requests match the filter. Clear it to see all requests."
    : ["No requests yet. Set your client’s base URL to ", code(location.origin), " for Activeconnect, or to ",
      code(`${location.origin}/v1`), " for Authsignal."]);
}

/** @param {Entry} entry */
const rowId = ({ number }) => `request-${number}`;

/** @param {Entry} entry */
function requestRow(entry) {
  return el("div", { class: "req", role: "option", id: rowId(entry), "data-number": entry.number },
    el("span", { class: "n" }, String(entry.number)),
    time(entry.at),
    el("span", { class: "verb" }, entry.method),
    entry.warning
      ? el("span", { class: "target warned", title: entry.warning }, tag("warning", "warn"), " ", entry.target)
      : el("span", { class: "target", title: entry.target }, entry.target),
    el("span", { class: "op" }, entry.operation ?? "no operation"),
    tag(String(entry.status), statusKind(entry.status)));
}

/**
 * Chooses a request and shows its details.
 * @param {number} number
 */
async function choose(number) {
  chosen = number;
  showRequests();
  try {
    const detail = await getRequest(number);
    if (chosen !== number) return;
    showDetail(detail, () => {
      closeDetail();
      scroller.focus();
    });
    showRequests();
  } catch (error) {
    showProblem(error);
  }
}

/**
 * Opens the view with this request chosen.
 * @param {number} number
 */
export function openRequest(number) {
  openView("journal");
  choose(number);
}

/** Closes the details. */
export function closeDetail() {
  chosen = undefined;
  hideDetail();
  showRequests();
}

/** @param {number} by */
function step(by) {
  const index = list.stepped(chosen, by);
  const entry = list.rows[index];
  if (!entry) return;
  const { scrollTop, clientHeight: height } = scroller;
  scroller.scrollTop = scrolledTo({ index, rowHeight: rowHeight(), scrollTop, height });
  choose(entry.number);
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight()) - 1);
  /** @type {Record<string, number>} */
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  const by = steps[event.key];
  if (by !== undefined) {
    event.preventDefault();
    step(by);
  } else if (event.key === "Escape") {
    closeDetail();
  } else if (event.key === "Enter" && chosen !== undefined) {
    // Otherwise the button that gets the focus would be pressed as well.
    event.preventDefault();
    box("detail").querySelector("button")?.focus();
  }
}

/** Offers the requests of all tenants. Only a mock with several tenants has that choice. */
export function offerEveryTenant() {
  if (document.getElementById("journal-all")) return;
  api.append(el("option", { id: "journal-all", value: EVERYBODY }, "All tenants, or none"));
}

export function startRequests() {
  /** @type {number | undefined} */
  let timer;
  const filter = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      resetRequests();
      refreshOne("journal", { atOnce: true });
    }, TYPING);
  };
  search.addEventListener("input", filter);
  api.addEventListener("change", filter);
  api.append(...APIS.map((name) => el("option", { value: name }, name)));
  scroller.addEventListener("scroll", () => requestAnimationFrame(showRequests), { passive: true });
  scroller.addEventListener("keydown", pressed);
  box("journal-rows").addEventListener("click", ({ target }) => {
    const row = target instanceof Element && target.closest(".req");
    if (row) choose(Number(row.getAttribute("data-number")));
  });
  new ResizeObserver(showRequests).observe(scroller);
}
