// The mock's clock: shows it, and moves it.

import { act } from "../act.js";
import { get, post } from "../control.js";
import { clockNote, duration, fullTime, timeOn } from "../model/time.js";
import { box, byId } from "./dom.js";

/** @type {import("../model/time.js").Clock} */
let clock = { time: Date.now(), readAt: performance.now(), frozen: false };

/** The mock's time now, in milliseconds since 1970. */
export const mockTime = () => timeOn(clock, performance.now());

/** Writes the time, and how long each waiting request has left. Returns whether the time of one of them is over. */
export function showClock() {
  const now = byId("now", HTMLTimeElement);
  const date = new Date(mockTime());
  now.textContent = fullTime(date);
  now.dateTime = date.toISOString();
  let over = false;
  for (const countdown of document.querySelectorAll("[data-until]")) {
    const left = Number(countdown.getAttribute("data-until")) - date.getTime();
    countdown.textContent = duration(left);
    over ||= left <= 0;
  }
  return over;
}

export async function loadClock() {
  const { now, frozen } = await get("/_mock/clock");
  clock = { time: Date.parse(now), readAt: performance.now(), frozen };
  const note = clockNote(clock, Date.now());
  const state = box("clock-state");
  state.hidden = note === undefined;
  state.textContent = note ?? "";
  box("freeze").textContent = frozen ? "Resume" : "Freeze";
  showClock();
}

/**
 * @param {string} id
 * @param {() => import("control-api").components["schemas"]["ClockChange"]} change
 * @param {string} [done]
 */
function moves(id, change, done) {
  const control = byId(id, HTMLButtonElement);
  control.addEventListener("click", () => act(control, () => post("/_mock/clock", change()), done));
}

export function startClock() {
  moves("freeze", () => ({ freeze: !clock.frozen }));
  moves("minute", () => ({ advanceSeconds: 60 }), "Clock moved forward by a minute");
  moves("hour", () => ({ advanceSeconds: 3600 }), "Clock moved forward by an hour");
}

export function startReset() {
  const control = byId("reset", HTMLButtonElement);
  const dialog = byId("confirm", HTMLDialogElement);
  control.addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "reset") act(control, () => post("/_mock/reset"), "The mock was reset");
    dialog.returnValue = "";
  });
}
