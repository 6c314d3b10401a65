// Times and durations in words, and the mock's clock. Knows neither the page nor the machine's clock: callers pass both.

/** @typedef {{ time: number, readAt: number, frozen: boolean }} Clock The mock's time when it was read, in milliseconds. */

/** The machine's clock and the mock's differ by the time that an answer takes. */
const TOLERANCE = 5000;

const DAY = 24 * 3600;

/** @param {number} number */
const twoDigits = (number) => String(number).padStart(2, "0");

/**
 * Hours, minutes and seconds in UTC, as `14:05:09`.
 * @param {Date} date
 */
export function clockTime(date) {
  return [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits).join(":");
}

/**
 * Date and time in UTC, as `2026-01-31 14:05:09`.
 * @param {Date} date
 */
export function fullTime(date) {
  const day = [date.getUTCFullYear(), twoDigits(date.getUTCMonth() + 1), twoDigits(date.getUTCDate())].join("-");
  return `${day} ${clockTime(date)}`;
}

/**
 * A duration in at most two units. A negative one counts as zero.
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  return seconds < 2 * DAY ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / DAY)} days`;
}

/** @type {Record<string, number>} Milliseconds in each unit. */
const UNITS = {
  ms: 1, s: 1000, sec: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, day: 86_400_000, days: 86_400_000,
  w: 604_800_000, week: 604_800_000, weeks: 604_800_000,
};

/** What a person may write as an amount of time. */
export const AMOUNTS = "Write a number with ms, s, min, h, d or w, or several of them, such as 1 h 30 min.";

/**
 * An amount of time in milliseconds, from words such as `90 s` or `1h 30min`; a number alone is in seconds. Undefined if it
 * is none, or nothing.
 * @param {string} text
 * @returns {number | undefined}
 */
export function amount(text) {
  const words = text.trim().toLowerCase();
  if (/^\d+$/.test(words)) return positive(Number(words) * 1000);
  if (!/^(\d+(\.\d+)?\s*[a-z]+\s*)+$/.test(words)) return undefined;
  const parts = [...words.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)];
  // A unit that nobody knows makes the sum no number.
  return positive(parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (UNITS[unit] ?? NaN), 0));
}

/**
 * @param {number} milliseconds
 * @returns {number | undefined}
 */
const positive = (milliseconds) => (milliseconds > 0 ? Math.round(milliseconds) : undefined);

/**
 * A field for date and time in UTC, which has no zone, as the control API takes it; undefined if the field is not filled in.
 * @param {string} value as `2026-01-31T14:05` or `2026-01-31T14:05:09`
 * @returns {string | undefined}
 */
export function utcTime(value) {
  const date = new Date(`${value}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/**
 * What a field for date and time shows, in UTC.
 * @param {number} time in milliseconds since 1970
 */
export const fieldTime = (time) => new Date(time).toISOString().slice(0, 19);

/**
 * The mock's time, in milliseconds since 1970.
 * @param {Clock} clock
 * @param {number} reading the counter that gave `clock.readAt`, now
 */
export function timeOn(clock, reading) {
  return clock.frozen ? clock.time : clock.time + (reading - clock.readAt);
}

/**
 * How the mock's clock differs from the machine's; undefined if it does not.
 * @param {Clock} clock
 * @param {number} machineTime
 * @returns {string | undefined}
 */
export function clockNote(clock, machineTime) {
  if (clock.frozen) return "frozen";
  const ahead = clock.time - machineTime;
  if (Math.abs(ahead) <= TOLERANCE) return undefined;
  return ahead > 0 ? `${duration(ahead)} ahead` : `${duration(-ahead)} behind`;
}
