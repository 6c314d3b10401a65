// One stream of events for all tabs of a browser. A browser opens no more than six connections to a host, so with a stream
// for each tab, six tabs would leave none for anything else. Runs as a SharedWorker and knows no page.

import { listen } from "./events.js";

/** @type {Set<MessagePort>} */
const tabs = new Set();
/** @type {(() => void) | undefined} */
let stop;
/**
 * What was heard last of each kind, for tabs that come later.
 * @type {Map<string, import("./events.js").Heard>}
 */
const last = new Map();

/** @param {import("./events.js").Heard} heard */
function tell(heard) {
  last.set("state" in heard ? "state" : "tick", heard);
  for (const tab of tabs) tab.postMessage(heard);
}

/** @param {MessagePort} tab */
function join(tab) {
  tabs.add(tab);
  for (const heard of last.values()) tab.postMessage(heard);
  stop ??= listen(tell);
}

/** @param {MessagePort} tab */
function leave(tab) {
  tabs.delete(tab);
  if (tabs.size > 0) return;
  stop?.();
  stop = undefined;
  last.clear();
}

addEventListener("connect", (event) => {
  const [tab] = /** @type {MessageEvent} */ (event).ports;
  if (!tab) return;
  tab.addEventListener("message", ({ data }) => (data === "join" ? join(tab) : leave(tab)));
  tab.start();
});
