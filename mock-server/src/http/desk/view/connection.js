// Shows whether the desk follows the mock. Knows nothing of the stream itself.

import { box } from "./dom.js";

const TEXTS = { live: "live", lost: "disconnected" };

/** @param {keyof typeof TEXTS} state */
export function showConnection(state) {
  box("live").dataset.state = state;
  box("live-text").textContent = TEXTS[state];
}

/** Whether the connection broke and is not back. */
export const isLost = () => box("live").dataset.state === "lost";
