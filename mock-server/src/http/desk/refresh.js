// Loads what the desk shows again when it may have changed. Knows no view: each registers what it loads, and when it is
// shown.

import { Refused, Unreachable } from "./control.js";
import { isLost, showConnection } from "./view/connection.js";
import { toast } from "./view/feedback.js";
import { pause, ready, waiting } from "./model/schedule.js";

/** @typedef {import("./model/schedule.js").Section} Section */

/** @type {Map<string, Section>} */
const sections = new Map();
let refreshing = false;
/** @type {number | undefined} */
let timer;

/**
 * @param {string} name
 * @param {() => unknown} load
 * @param {{ isShown?: () => boolean, needsTenant?: boolean }} [options]
 */
export function register(name, load, { isShown = () => true, needsTenant = false } = {}) {
  sections.set(name, { load, isShown, needsTenant, stale: true, loadedAt: undefined });
}

/**
 * Loads everything that is shown again, because anything may have changed.
 * @param {{ atOnce?: boolean }} [options] `atOnce`: even what was loaded a moment ago, because the user waits for it
 */
export function refreshAll({ atOnce = false } = {}) {
  for (const section of sections.values()) {
    section.stale = true;
    if (atOnce) section.loadedAt = undefined;
  }
  return refresh();
}

/**
 * Loads one section again.
 * @param {string} name
 * @param {{ atOnce?: boolean }} [options] `atOnce`: even if it was loaded a moment ago, because the user waits for it
 */
export function refreshOne(name, { atOnce = false } = {}) {
  const section = sections.get(name);
  if (!section) throw new Error(`No section of the desk is called "${name}".`);
  section.stale = true;
  if (atOnce) section.loadedAt = undefined;
  return refresh();
}

/**
 * How long ago a section was loaded, in milliseconds.
 * @param {string} name
 */
export function age(name) {
  return performance.now() - (sections.get(name)?.loadedAt ?? -Infinity);
}

/** @param {Section} section */
async function load(section) {
  section.stale = false;
  section.loadedAt = performance.now();
  try {
    await section.load();
  } catch (error) {
    if (error instanceof Refused) {
      toast(error.message);
    } else if (error instanceof Unreachable) {
      section.stale = true;
      showConnection("lost");
    } else {
      throw error;
    }
  }
}

/** @param {number} delay */
function refreshIn(delay) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = undefined;
    refresh();
  }, delay);
}

/** Loads what is shown and may have changed. A section that was loaded a moment ago waits a little. */
export async function refresh() {
  // What becomes stale meanwhile is loaded afterwards.
  if (refreshing) return;
  refreshing = true;
  try {
    const now = ready(sections.values(), performance.now());
    await Promise.all(now.filter(({ needsTenant }) => !needsTenant).map(load));
    // These ask for the chosen tenant, so the tenants come first.
    await Promise.all(now.filter(({ needsTenant }) => needsTenant).map(load));
  } finally {
    refreshing = false;
  }
  // A mock that is gone is not asked again and again: the stream of events reports when it is back.
  const left = waiting(sections.values());
  if (left.length && !isLost()) refreshIn(pause(left, performance.now()));
}
