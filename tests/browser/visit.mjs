// What a person does on a page, in a window or in the frame of a popup. Finds everything by its visible name.

import assert from "node:assert/strict";

import { versions } from "./packages.mjs";
import { TIMEOUT } from "./person.mjs";

const named = (role, name) => `::-p-aria([role="${role}"][name="${name}"])`;

export const heading = (frame, text) => frame.waitForSelector(named("heading", text), { timeout: TIMEOUT });

export const press = (frame, name) => click(frame, named("button", name));

export const follow = (frame, name) => click(frame, named("link", name));

/** Chooses one of the methods on offer. */
export const choose = (frame, name) => click(frame, `.choices ::-p-text(${name})`);

async function click(frame, selector) {
  await frame.waitForSelector(selector, { timeout: TIMEOUT, visible: true });
  await atRest(frame);
  await frame.locator(selector).setTimeout(TIMEOUT).click();
}

/**
 * Waits until the SDK's popup has opened and is as high as the page in it. Until then it moves, and a click at the place
 * where a button was a moment before reaches something else, or nothing.
 */
async function atRest(frame) {
  // Nothing is around a page.
  const around = frame.parentFrame?.();
  // The oldest version shows its popup at once, and keeps it as high as it is.
  if (!around || new URL(around.url()).searchParams.get("version") === versions[0]) return;
  const height = await frame.$eval(".sheet", (sheet) => `${Math.ceil(sheet.getBoundingClientRect().height)}px`);
  await around.waitForFunction(
    (height) => {
      const iframe = document.querySelector("#__authsignal-popup-content iframe");
      const moves = document.getAnimations().some(({ playState }) => playState === "running");
      const shown = iframe?.checkVisibility({ opacityProperty: true });
      return shown && !moves && iframe instanceof HTMLElement && iframe.style.height === height;
    },
    { timeout: TIMEOUT },
    height,
  );
}

export const fill = (frame, name, text) => frame.locator(named("textbox", name)).setTimeout(TIMEOUT).fill(text);

export async function enter(frame, code, name = "Code") {
  await fill(frame, name, code);
  await press(frame, "Confirm");
}

/** Waits until the page reports a problem, and returns its text. */
export async function problem(frame) {
  const said = await frame.waitForSelector("::-p-aria([role=\"alert\"])", { timeout: TIMEOUT });
  const text = await said.evaluate((element) => element.textContent.trim());
  assert.ok(text);
  return text;
}

/** Waits until a page is back at the application, and returns the token that came with it. */
export async function back(page, application) {
  await page.waitForFunction((back) => location.href.startsWith(back), { timeout: TIMEOUT }, application.back);
  const token = new URL(page.url()).searchParams.get("token");
  assert.ok(token, `no token in ${page.url()}`);
  return token;
}

/** The frame of the popup that the SDK opens. */
export async function popup(page) {
  const iframe = await page.waitForSelector("#__authsignal-popup-content iframe");
  return iframe.contentFrame();
}
