// The list of requests: which pages of the journal are known, and which rows fit on the screen. Knows nothing of the
// page: callers fetch, measure and draw.

/** @typedef {import("control-api").components["schemas"]["JournalEntry"]} Entry */

/** How many requests the desk asks for at once. */
export const PAGE_SIZE = 200;

/** Rows that are drawn above and below what is visible, so that scrolling shows no gap. */
const MARGIN = 6;

/** So close to the oldest known row, the next page is fetched. */
const NEAR_END = 60;

export class RequestList {
  /** @type {Entry[]} Newest first. */
  rows = [];
  /** The newest number that is known; 0 before the first page. */
  known = 0;
  /** Whether the mock has older requests. */
  hasOlder = true;
  /** Grows when the list begins again, to tell answers that come too late. */
  turn = 0;

  /** Begins again with nothing. */
  reset() {
    this.rows = [];
    this.known = 0;
    this.hasOlder = true;
    this.turn += 1;
  }

  /** Which requests to ask for: those after the newest known one, or the newest page. */
  get newer() {
    return this.known === 0 ? {} : { after: this.known };
  }

  /**
   * Adds requests that are newer than all known ones.
   * @param {Entry[]} requests newest first
   * @param {number} newest the journal's newest number when the requests were asked for
   * @returns {boolean} false if requests between these and the known ones may be missing: the caller resets and asks again
   */
  addNewer(requests, newest) {
    const first = this.known === 0;
    if (!first && requests.length >= PAGE_SIZE) return false;
    this.known = Math.max(this.known, requests[0]?.number ?? 0, first ? newest : 0);
    this.rows = [...requests, ...this.rows];
    if (first) this.hasOlder = requests.length >= PAGE_SIZE;
    return true;
  }

  /**
   * Adds the page before the oldest known request.
   * @param {Entry[]} requests newest first
   */
  addOlder(requests) {
    this.rows = [...this.rows, ...requests];
    this.hasOlder = requests.length >= PAGE_SIZE;
  }

  /** How many requests are known, as `200+` if there are more. */
  get size() {
    return `${this.rows.length.toLocaleString("en")}${this.hasOlder ? "+" : ""}`;
  }

  /**
   * Whether the rows up to `to` come near enough to the end to fetch the next page.
   * @param {number} to
   */
  nearsEnd(to) {
    return this.hasOlder && to > this.rows.length - NEAR_END;
  }

  /**
   * The index to choose after `step` rows down, or up if it is negative. If no row is chosen, the steps begin before the
   * first. -1 if the list is empty.
   * @param {number | undefined} chosen number of the chosen request
   * @param {number} step
   */
  stepped(chosen, step) {
    const at = this.rows.findIndex((row) => row.number === chosen);
    return Math.min(this.rows.length - 1, Math.max(0, at + step));
  }
}

/**
 * The rows to draw.
 * @param {{ count: number, rowHeight: number, scrollTop: number, height: number }} view
 * @returns {{ from: number, to: number }} `to` is not included
 */
export function visibleRows({ count, rowHeight, scrollTop, height }) {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - MARGIN);
  return { from, to: Math.min(count, from + Math.ceil(height / rowHeight) + 2 * MARGIN) };
}

/**
 * The scroll position, moved only as far as it takes to show the whole row.
 * @param {{ index: number, rowHeight: number, scrollTop: number, height: number }} view
 */
export function scrolledTo({ index, rowHeight, scrollTop, height }) {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - height);
}
