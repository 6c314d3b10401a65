// What a person does on a page, in a window or in the frame of a popup. Finds everything by its visible name.

import assert from "node:assert/strict";

import { TIMEOUT } from "./person.mjs";

const named = (role, name) => `::-p-aria([role="${role}"][name="${name}"])`;

export const heading = (frame, text) => frame.waitForSelector(named("heading", text), { timeout: TIMEOUT });

export const press = (frame, name) => frame.locator(named("button", name)).setTimeout(TIMEOUT).click();

export const follow = (frame, name) => frame.locator(named("link", name)).setTimeout(TIMEOUT).click();

/** Chooses one of the methods on offer. */
export const choose = (frame, name) => frame.locator(`.choices ::-p-text(${name})`).setTimeout(TIMEOUT).click();

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
