// Inspects a page as people see it, in light and dark, on a phone and on a desktop, with an accessibility checker.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { text } from "./packages.mjs";

const AXE = text("axe-core", "axe.min.js");
const SCHEMES = ["light", "dark"];
// The narrowest screen that content must fit on by WCAG 2.2 (1.4.10), and a desktop.
const SCREENS = [
  { name: "phone", width: 320, height: 640 },
  { name: "desktop", width: 1280, height: 800 },
];

const inspected = new Set();

/**
 * Fails if the checker finds something serious, or if the page scrolls sideways. A page that several stories open is
 * inspected once.
 * @param {import("puppeteer-core").Page} page
 * @param {string} name of the page, for pictures and messages
 */
export async function inspect(page, name) {
  if (inspected.has(name)) {
    return;
  }
  inspected.add(name);
  await page.evaluate(AXE);
  const findings = [];
  for (const screen of SCREENS) {
    await page.setViewport({ width: screen.width, height: screen.height });
    for (const scheme of SCHEMES) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      const place = `${name}, ${screen.name}, ${scheme}`;
      findings.push(...(await findFaults(page, screen.width)).map((fault) => `${place}: ${fault}`));
      await picture(page, `${name}-${screen.name}-${scheme}`);
    }
  }
  assert.deepEqual(findings, [], findings.join("\n"));
}

async function findFaults(page, width) {
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  const faults = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, impact, help, nodes }) => {
      const where = nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`);
      return `${impact} ${id}: ${help}\n${where.join("\n")}`;
    });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  return wide > width ? [...faults, `scrolls sideways, ${wide} px wide`] : faults;
}

/** Takes the focus from whatever has it. */
export const blur = (page) =>
  page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());

async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
}

/**
 * What the Tab key reaches, in order, from the top of the page to its end, and whether its focus is visible.
 * @param {import("puppeteer-core").Page} page
 */
export async function tabStops(page) {
  await blur(page);
  const stops = [];
  for (let presses = 0; ; presses++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body || element.dataset.seen) {
        return null;
      }
      element.dataset.seen = "yes";
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      const visible = (outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0) || boxShadow !== "none";
      return { text: element.textContent?.trim() || element.getAttribute("aria-label"), visible };
    });
    if (stop) {
      stops.push(stop);
    } else if (presses > 0) {
      // The body follows the last element. On a fresh page, it also precedes the first.
      return stops;
    }
  }
}
