// Does what a control of the desk is for, and reports how it went. Knows no view.

import { Refused, Unreachable } from "./control.js";
import { refreshAll } from "./refresh.js";
import { toast } from "./view/feedback.js";

/**
 * Runs `work` while the control is disabled, then loads the desk again. A refusal is shown in the mock's own words.
 * @template T
 * @param {HTMLButtonElement | HTMLSelectElement} control
 * @param {() => Promise<T>} work
 * @param {string | ((answer: T) => string)} [done] what to say afterwards
 */
export async function act(control, work, done) {
  control.disabled = true;
  try {
    const answer = await work();
    if (done) toast(typeof done === "function" ? done(answer) : done);
  } catch (error) {
    showProblem(error);
  } finally {
    control.disabled = false;
    refreshAll();
  }
}

/**
 * Shows why the mock did not do something. Any other error is a fault of the desk, and is left to the browser's console.
 * @param {unknown} error
 */
export function showProblem(error) {
  if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
  toast(error.message);
}
