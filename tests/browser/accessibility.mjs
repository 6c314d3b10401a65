// Looks at a page as people see it: light and dark, on a phone and on a desk, and with an accessibility checker.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { text } from "./packages.mjs";

const AXE = text("axe-core", "axe.min.js");
const SCHEMES = ["light", "dark"];
// The narrowest screen that WCAG 2.2 wants content to fit on (1.4.10), and a desk's.
const SCREENS = [
  { name: "phone", width: 320, height: 640 },
  { name: "desktop", width: 1280, height: 800 },
];

const inspected = new Set();

// Fails on serious findings, and where something is cut off. SCREENSHOTS names a folder for pictures. A page that
// several stories come by is looked at once.
export async function inspect(page, name) {
  if (inspected.has(name)) {
    return;
  }
  inspected.add(name);
  await page.evaluate(AXE);
  const findings = [];
  for (const { name: screen, width, height } of SCREENS) {
    await page.setViewport({ width, height });
    for (const scheme of SCHEMES) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
      for (const { id, impact, help, nodes } of violations) {
        if (impact === "serious" || impact === "critical") {
          const where = nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`);
          findings.push(`${name}, ${screen}, ${scheme}: ${impact} ${id}: ${help}\n${where.join("\n")}`);
        }
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) {
        findings.push(`${name}, ${screen}, ${scheme}: scrolls sideways, ${wide} px wide`);
      }
      await picture(page, `${name}-${screen}-${scheme}`);
    }
  }
  assert.deepEqual(findings, [], findings.join("\n"));
}

async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
}

// Everything that can be reached by the Tab key, in order, from the top of the page to its end; each with whether one
// can see that it has the focus.
export async function tabStops(page) {
  await page.evaluate(() => document.activeElement.blur());
  const stops = [];
  for (let presses = 0; ; presses++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body || element.dataset.seen) {
        return null;
      }
      element.dataset.seen = "yes";
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      const visible = (outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0) || boxShadow !== "none";
      return { text: element.textContent.trim() || element.getAttribute("aria-label"), visible };
    });
    if (stop) {
      stops.push(stop);
    } else if (presses > 0) {
      // The body comes after the last, and before the first of a page that was not touched.
      return stops;
    }
  }
}
