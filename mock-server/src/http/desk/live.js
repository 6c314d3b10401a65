// Follows the mock: a stream of events says that something changed, and a timer notices when time runs out.

import { age, refreshAll, refreshOne } from "./refresh.js";
import { anyActive } from "./model/phone.js";
import { showClock } from "./view/clock.js";
import { showConnection } from "./view/connection.js";
import { activeconnectUsers } from "./view/phone.js";

/** How often to look at sessions that may end without a change in the mock, in milliseconds. */
const SESSIONS_EVERY = 5000;

/** @type {EventSource | undefined} */
let stream;

/** @param {(tick: { journal: number, resets: number }) => void} changed */
function connect(changed) {
  if (stream || document.hidden) return;
  stream = new EventSource("/_mock/events");
  stream.addEventListener("open", () => showConnection("live"));
  stream.addEventListener("error", () => showConnection("lost"));
  stream.addEventListener("message", ({ data }) => {
    changed(JSON.parse(data));
    refreshAll();
  });
}

/**
 * Starts to follow the mock.
 * @param {(tick: { journal: number, resets: number }) => void} changed called before the desk is loaded again
 */
export function follow(changed) {
  connect(changed);
  // Nobody sees a page in the background, so the mock need not serve it.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      stream?.close();
      stream = undefined;
    } else {
      connect(changed);
    }
  });
  setInterval(everySecond, 1000);
}

function everySecond() {
  if (document.hidden) return;
  const isOver = showClock();
  if (isOver || (anyActive(activeconnectUsers()) && age("phone") > SESSIONS_EVERY)) refreshOne("phone");
}
