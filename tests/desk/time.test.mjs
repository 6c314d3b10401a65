// Times and durations as the desk writes them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { amount, clockNote, clockTime, duration, fieldTime, fullTime, timeOn, utcTime } from "../../mock-server/src/http/desk/model/time.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("times are in UTC, with two digits for each part", () => {
  const date = new Date("2026-01-02T03:04:05.999Z");
  assert.equal(clockTime(date), "03:04:05");
  assert.equal(fullTime(date), "2026-01-02 03:04:05");
  assert.equal(fullTime(new Date("2026-12-31T23:59:59+02:00")), "2026-12-31 21:59:59");
});

test("a duration has at most two units", () => {
  const words = [
    [-5 * SECOND, "0 s"], [0, "0 s"], [499, "0 s"], [500, "1 s"], [59 * SECOND, "59 s"],
    [59.6 * SECOND, "1 min 00 s"], [MINUTE + 5 * SECOND, "1 min 05 s"], [HOUR - SECOND, "59 min 59 s"],
    [HOUR, "1 h"], [2 * HOUR - SECOND, "1 h"], [2 * DAY - SECOND, "47 h"], [2 * DAY, "2 days"], [332.5 * DAY, "332 days"],
  ];
  assert.deepEqual(words.map(([milliseconds]) => duration(Number(milliseconds))), words.map(([, text]) => text));
});

test("the mock's clock runs, unless it is frozen", () => {
  assert.equal(timeOn({ time: 10_000, readAt: 300, frozen: false }, 1_300), 11_000);
  assert.equal(timeOn({ time: 10_000, readAt: 300, frozen: true }, 1_300), 10_000);
});

test("the note says how the mock's clock differs from the machine's", () => {
  const note = (ahead, frozen = false) => clockNote({ time: DAY + ahead, readAt: 0, frozen }, DAY);
  assert.equal(note(0), undefined);
  assert.equal(note(5 * SECOND), undefined);
  assert.equal(note(-5 * SECOND), undefined);
  assert.equal(note(5 * SECOND + 1), "5 s ahead");
  assert.equal(note(HOUR), "1 h ahead");
  assert.equal(note(-90 * SECOND), "1 min 30 s behind");
  assert.equal(note(0, true), "frozen");
  assert.equal(note(HOUR, true), "frozen");
});

test("an amount of time is a number of seconds, or numbers with their units", () => {
  const amounts = [
    ["90", 90 * SECOND], ["90 s", 90 * SECOND], ["250ms", 250], ["1 h 30 min", 1.5 * HOUR], ["1h30m", 1.5 * HOUR],
    ["1.5 H", 1.5 * HOUR], [" 2 days ", 2 * DAY], ["1w 1d", 8 * DAY], ["0.25 s", 250],
  ];
  assert.deepEqual(amounts.map(([text]) => amount(String(text))), amounts.map(([, milliseconds]) => milliseconds));
  for (const text of ["", "0", "0 s", "-5", "-5 s", "5 parsecs", "h", "1 h 30", "1,5 h", "soon", "1 h and 2 s"]) {
    assert.equal(amount(text), undefined, text);
  }
});

test("a field for date and time is in UTC", () => {
  assert.equal(utcTime("2026-01-31T14:05"), "2026-01-31T14:05:00.000Z");
  assert.equal(utcTime("2026-01-31T14:05:09"), "2026-01-31T14:05:09.000Z");
  assert.equal(utcTime(""), undefined);
  assert.equal(fieldTime(Date.parse("2026-01-31T14:05:09.250Z")), "2026-01-31T14:05:09");
});
