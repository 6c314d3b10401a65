// Reports to the user what happened: in a short notice, and to screen readers. Knows nothing of the mock.

import { box, el } from "./dom.js";

/** How long a notice stays, in milliseconds. */
const NOTICE = 4500;

/** @type {number | undefined} */
let timer;

/**
 * Shows a short notice.
 * @param {string} text
 */
export function toast(text) {
  const notice = box("toast");
  notice.textContent = text;
  notice.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => notice.classList.remove("shown"), NOTICE);
}

/**
 * Has screen readers say something that the page shows elsewhere.
 * @param {string} text
 */
export function announce(text) {
  box("announce").textContent = text;
}

/**
 * Copies a text to the clipboard.
 * @param {string} text
 * @param {string} what what it is, for the notice
 * @param {string} [note] what else to know of it
 */
export async function copy(text, what, note) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyFromPage(text);
  }
  toast([`${what} copied`, note].filter(Boolean).join(". "));
}

/**
 * Browsers have no clipboard API on pages from other machines over http. There, only this old way works.
 * @param {string} text
 */
function copyFromPage(text) {
  const area = el("textarea", { readonly: true, class: "visually-hidden", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
