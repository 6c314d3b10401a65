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
