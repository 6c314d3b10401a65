// Makes elements of the page. Data gets into the page as text only, never as markup, because ids, paths and bodies are
// whatever a caller sent. Knows nothing of the mock.

import { clockTime, fullTime } from "../model/time.js";
import { webAddress } from "../model/words.js";

/** @typedef {Node | string | false | null | undefined} Piece */
/** @typedef {Piece | Piece[] | Piece[][]} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */

/**
 * The element of the page with this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`The page has no ${kind.name} with the id "${id}".`);
  return element;
}

/** @param {string} id */
export const box = (id) => byId(id, HTMLElement);

/**
 * A new element. An attribute that is undefined, null or false is left out, as is such a child.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Attributes} attributes
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(attribute, value === true ? "" : String(value));
  }
  element.append(...pieces(children));
  return element;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function pieces(children) {
  const flat = /** @type {Piece[]} */ (children.flat(2));
  return flat.filter((piece) => piece !== undefined && piece !== null && piece !== false);
}

/**
 * Puts new content into an element.
 * @param {Element} element
 * @param {Child[]} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...pieces(children));
}

/**
 * Puts rows into an element. Rows that are in place already are not touched: moving one would take the focus from it, and
 * start its animation again.
 * @param {Element} parent
 * @param {Element[]} rows
 */
export function place(parent, rows) {
  const kept = new Set(rows);
  for (const child of [...parent.children]) {
    if (!kept.has(child)) child.remove();
  }
  rows.forEach((row, at) => {
    const there = parent.children[at] ?? null;
    if (there !== row) parent.insertBefore(row, there);
  });
}

/**
 * @param {string} text
 * @param {import("../model/words.js").Kind} [kind]
 */
export const tag = (text, kind = "") => el("span", { class: `tag ${kind}` }, text);

/**
 * @param {string} text
 * @param {(control: HTMLButtonElement) => unknown} act
 * @param {Attributes} [attributes]
 */
export function button(text, act, attributes = {}) {
  const control = el("button", { type: "button", ...attributes }, text);
  control.addEventListener("click", () => act(control));
  return control;
}

/**
 * A field to choose one of several values.
 * @param {Attributes} attributes
 * @param {[string, string?][]} values each with its text
 * @param {string} chosen
 */
export function choice(attributes, values, chosen) {
  return el("select", attributes,
    values.map(([value, text]) => el("option", { value, selected: value === chosen }, text ?? value)));
}

/**
 * What a part of the desk says when it has nothing to show.
 * @param {Child[]} children
 */
export const empty = (...children) => el("p", { class: "empty" }, ...children);

/** @param {string} text */
export const code = (text) => el("code", {}, text);

/** @param {Child[]} children */
export const sub = (...children) => el("div", { class: "sub" }, ...children);

/**
 * A time of day in UTC, with the date in its title.
 * @param {string} text
 */
export function time(text) {
  const date = new Date(text);
  return el("time", { datetime: text, title: `${fullTime(date)} UTC` }, clockTime(date));
}

/**
 * A link to a web page; anything but http and https becomes text.
 * @param {string} url
 * @param {string} text
 */
export function link(url, text) {
  const href = webAddress(url);
  return href
    ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text)
    : el("span", { class: "mono" }, url);
}

/**
 * A list of names with their values, without those that have none.
 * @param {[string, Piece][]} pairs
 */
export function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/**
 * @param {Child[]} items
 * @param {string} nothing what to say if there are none
 */
export function list(items, nothing) {
  return items.length
    ? el("ul", { class: "plain" }, items.map((item) => el("li", {}, item)))
    : el("p", { class: "none" }, nothing);
}

/**
 * @typedef {object} Head The head of a column.
 * @property {string} name
 * @property {boolean} [tight] as narrow as its content
 * @property {boolean} [hidden] only a screen reader says its name
 * @property {string} [label] what to write before a cell on a narrow screen, where there are no columns
 */

/**
 * @param {Head[]} heads
 * @param {{ cells: Child[], attributes?: Attributes }[]} rows
 */
export function table(heads, rows) {
  /** @param {Head} head */
  const head = ({ name, tight, hidden }) => el("th", { scope: "col", class: tight && "tight" },
    hidden ? el("span", { class: "visually-hidden" }, name) : name);
  return el("table", {},
    el("thead", {}, el("tr", {}, heads.map(head))),
    el("tbody", {}, rows.map(({ cells, attributes }) => el("tr", attributes,
      cells.map((cell, at) => el("td", { class: heads[at]?.tight && "tight", "data-label": heads[at]?.label }, cell))))));
}
