// The clock of the chosen tenant: shows it, and moves it.

import { act } from "../act.js";
import { get, post } from "../control.js";
import { AMOUNTS, amount, clockNote, duration, fieldTime, fullTime, timeOn, utcTime } from "../model/time.js";
import { box, byId } from "./dom.js";
import { tenantName } from "./tenants.js";

/** @typedef {import("control-api").components["schemas"]["ClockChange"]} Change */

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
  const { now, frozen } = await get("/_mock/clock", { tenant: tenantName() });
  clock = { time: Date.parse(now), readAt: performance.now(), frozen };
  const note = clockNote(clock, Date.now());
  const state = box("clock-state");
  state.hidden = note === undefined;
  state.textContent = note ?? "";
  box("freeze").textContent = frozen ? "Resume" : "Freeze";
  showClock();
}

/**
 * Changes the clock of the chosen tenant; of a mock with one tenant, its only clock.
 * @param {HTMLButtonElement} control
 * @param {Change} change
 * @param {string} [done]
 */
const move = (control, change, done) =>
  act(control, () => post("/_mock/clock", { tenant: tenantName(), ...change }), done);

/**
 * @param {string} id
 * @param {() => Change} change
 * @param {string} [done]
 */
function moves(id, change, done) {
  const control = byId(id, HTMLButtonElement);
  control.addEventListener("click", () => move(control, change(), done));
}

export function startClock() {
  moves("freeze", () => ({ freeze: !clock.frozen }));
  moves("minute", () => ({ advanceSeconds: 60 }), "Clock moved forward by a minute");
  moves("hour", () => ({ advanceSeconds: 3600 }), "Clock moved forward by an hour");
  startDialog();
}

/** The dialog that moves the clock by any amount, or sets it. */
function startDialog() {
  const dialog = byId("clock-dialog", HTMLDialogElement);
  const every = byId("every-clock", HTMLInputElement);
  const by = byId("advance", HTMLInputElement);
  const to = byId("set-time", HTMLInputElement);
  byId("move", HTMLButtonElement).addEventListener("click", () => {
    const name = tenantName();
    box("clock-title").textContent = name === undefined ? "The mock’s clock" : `The clock of ${name}`;
    box("every-clock-field").hidden = name === undefined;
    every.checked = false;
    to.value = fieldTime(mockTime());
    dialog.showModal();
  });
  const whose = () => (every.checked ? { tenant: undefined } : {});
  by.addEventListener("input", () => by.setCustomValidity(amount(by.value) === undefined ? AMOUNTS : ""));
  submits("advance-form", (control) => {
    const milliseconds = amount(by.value) ?? 0;
    const change = { advanceSeconds: Math.floor(milliseconds / 1000), advanceMilliseconds: milliseconds % 1000 };
    return move(control, { ...change, ...whose() }, `Clock moved forward by ${duration(milliseconds)}`);
  });
  submits("set-form", (control) => move(control, { time: utcTime(to.value), ...whose() }, "Clock set"));
}

/**
 * Has a form of the dialog do something, then closes the dialog.
 * @param {string} id
 * @param {(control: HTMLButtonElement) => Promise<void>} work
 */
function submits(id, work) {
  const form = byId(id, HTMLFormElement);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const control = form.querySelector("button");
    if (control) await work(control);
    byId("clock-dialog", HTMLDialogElement).close();
  });
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
