// Compares what the desk shows with what the mock reports. Knows nothing of the page.

/**
 * The row of each item, in the order of the items. A row that is already shown stays, so a selection or the focus in it
 * is not lost.
 * @template Item, Row
 * @param {Item[]} items
 * @param {Map<string, Row>} shown rows by key
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => Row} make makes the row of an item that is not shown yet
 * @returns {Row[]}
 */
export function keptRows(items, shown, keyOf, make) {
  return items.map((item) => shown.get(keyOf(item)) ?? make(item));
}

/** Remembers which items it has seen, to tell which ones are new. */
export class Seen {
  /** @type {Set<string> | undefined} */
  #keys;

  /** Whether anything was recorded yet. */
  get started() {
    return this.#keys !== undefined;
  }

  /**
   * Records the items that exist now, and returns the new ones. The items of the first call are not new.
   * @template Item
   * @param {Item[]} items
   * @param {(item: Item) => string} keyOf
   * @returns {Item[]}
   */
  record(items, keyOf) {
    const before = this.#keys;
    this.#keys = new Set(items.map(keyOf));
    return before ? items.filter((item) => !before.has(keyOf(item))) : [];
  }
}

/** Tells whether something changed since the last look, by value. */
export class Changes {
  #last = "";

  /**
   * Whether `value` differs from the value of the last call.
   * @param {unknown} value
   */
  differ(value) {
    const text = JSON.stringify(value);
    const differs = text !== this.#last;
    this.#last = text;
    return differs;
  }

  /** Forgets the last value, so the next one differs. */
  forget() {
    this.#last = "";
  }
}
