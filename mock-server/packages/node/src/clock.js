// The clock of a tenant.

/** @typedef {import("./control.js").Control} Control */

const UNITS = { milliseconds: 1, seconds: 1000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 };

export class Clock {
  #control;
  #tenant;

  /**
   * @param {Control} control
   * @param {string} tenant
   */
  constructor(control, tenant) {
    this.#control = control;
    this.#tenant = tenant;
  }

  async now() {
    const { now } = await this.#control.call("GET", "/_mock/clock", undefined, { tenant: this.#tenant });
    return new Date(now);
  }

  /** @param {Date | string} [at] */
  freeze(at) {
    return this.#change({ freeze: true, ...(at && { time: moment(at) }) });
  }

  release() {
    return this.#change({ freeze: false });
  }

  /** @param {Date | string} to */
  set(to) {
    return this.#change({ time: moment(to) });
  }

  /** @param {Partial<Record<keyof typeof UNITS, number>>} by */
  async advance(by) {
    if (typeof by !== "object" || by === null) {
      const given = JSON.stringify(by) ?? "";
      throw new TypeError(`advance takes a number of ${Object.keys(UNITS).join(", ")}, such as advance({ seconds: 60 }), not advance(${given})`);
    }
    let advanceMilliseconds = 0;
    for (const [unit, count] of Object.entries(by)) {
      const length = UNITS[/** @type {keyof typeof UNITS} */ (unit)];
      if (!length) throw new TypeError(`advance takes ${Object.keys(UNITS).join(", ")}, not ${unit}: advance({ minutes: 10 })`);
      advanceMilliseconds += count * length;
    }
    return await this.#change({ advanceMilliseconds: Math.round(advanceMilliseconds) });
  }

  /** @param {object} change */
  async #change(change) {
    const { now } = await this.#control.call("POST", "/_mock/clock", { tenant: this.#tenant, ...change });
    return new Date(now);
  }
}

/** @param {Date | string} time */
function moment(time) {
  return time instanceof Date || typeof time !== "string" ? new Date(time).toISOString() : time;
}
