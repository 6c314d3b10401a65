// Which parts of the desk to load now, and which to load later. Knows nothing of the page, and no clock: callers pass the
// time.

/**
 * @typedef {object} Section A part of the desk that is loaded as one.
 * @property {() => unknown} load
 * @property {() => boolean} isShown
 * @property {boolean} needsTenant whether it can only be loaded once the tenants are known
 * @property {boolean} stale whether what it shows may have changed
 * @property {number | undefined} loadedAt when it was last loaded, in milliseconds
 */

/** The shortest time between two loads of one section, in milliseconds. */
export const REST = 250;

/**
 * The sections to load now.
 * @param {Iterable<Section>} sections
 * @param {number} now
 * @returns {Section[]}
 */
export function ready(sections, now) {
  return waiting(sections).filter(({ loadedAt }) => loadedAt === undefined || now - loadedAt >= REST);
}

/**
 * How long until the first of these sections may be loaded, in milliseconds.
 * @param {Section[]} sections
 * @param {number} now
 */
export function pause(sections, now) {
  return Math.min(...sections.map(({ loadedAt }) => (loadedAt === undefined ? 0 : Math.max(0, loadedAt + REST - now))));
}

/**
 * The sections that are shown and may have changed.
 * @param {Iterable<Section>} sections
 * @returns {Section[]}
 */
export function waiting(sections) {
  return [...sections].filter((section) => section.stale && section.isShown());
}
