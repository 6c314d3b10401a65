// Follows the mock: a stream of events says that something changed, and a timer notices when time runs out.

import { listen } from "./events.js";
import { age, refreshAll, refreshOne } from "./refresh.js";
import { anyActive } from "./model/phone.js";
import { showClock } from "./view/clock.js";
import { showConnection } from "./view/connection.js";
import { activeconnectUsers } from "./view/phone.js";

/** How often to look at sessions that may end without a change in the mock, in milliseconds. */
const SESSIONS_EVERY = 5000;

/**
 * A way to hear of changes, which can be left and joined again.
 * @typedef {{ join(): void, leave(): void }} Source
 */

/**
 * The stream that all tabs of this browser share.
 * @param {(heard: import("./events.js").Heard) => void} hear
 * @returns {Source}
 */
function shared(hear) {
  const { port } = new SharedWorker(new URL("shared.js", import.meta.url), { type: "module" });
  port.addEventListener("message", ({ data }) => hear(data));
  port.start();
  return { join: () => port.postMessage("join"), leave: () => port.postMessage("leave") };
}

/**
 * A stream of this tab's own, for browsers without shared workers.
 * @param {(heard: import("./events.js").Heard) => void} hear
 * @returns {Source}
 */
function own(hear) {
  /** @type {(() => void) | undefined} */
  let stop;
  return {
    join() {
      stop ??= listen(hear);
    },
    leave() {
      stop?.();
      stop = undefined;
    },
  };
}

/**
 * Starts to follow the mock.
 * @param {(tick: { journal: number, resets: number }) => void} changed called before the desk is loaded again
 */
export function follow(changed) {
  /** @param {import("./events.js").Heard} heard */
  const hear = (heard) => {
    if ("state" in heard) {
      showConnection(heard.state);
    } else {
      changed(heard.tick);
      refreshAll();
    }
  };
  const source = "SharedWorker" in globalThis ? shared(hear) : own(hear);
  // Nobody sees a page in the background, so the mock need not serve it.
  const attend = () => (document.hidden ? source.leave() : source.join());
  attend();
  document.addEventListener("visibilitychange", attend);
  // A tab that is closed does not tell its worker. One that comes back from the browser's memory joins again.
  addEventListener("pagehide", () => source.leave());
  addEventListener("pageshow", attend);
  setInterval(everySecond, 1000);
}

function everySecond() {
  if (document.hidden) return;
  const isOver = showClock();
  if (isOver || (anyActive(activeconnectUsers()) && age("phone") > SESSIONS_EVERY)) refreshOne("phone");
}
