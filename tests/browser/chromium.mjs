// A real Chromium to look at pages with, and what is a fault on any page.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

/** How long anything may take. A busy machine is slow, and a test that fails for that teaches nothing. */
const PATIENCE = 240_000;

/** What a test asks for, as JSON on standard input. */
export const asked = JSON.parse(readFileSync(0, "utf8"));

/** Tells the test something, as one line of JSON on standard output. */
export function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const require = createRequire(`${asked.modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const rules = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };

/** Everything that is noticed on the way, whatever the page. */
export const noticed = { requests: [], dialogs: [], complaints: [] };

export async function start() {
  return chromium.launch({
    executablePath: asked.chromium,
    timeout: PATIENCE,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--hide-scrollbars",
    ],
  });
}

/** A tab of its own, with cookies of its own. */
export async function tab(browser, options = {}) {
  const context = await browser.newContext({ deviceScaleFactor: asked.scale ?? 1, ...options });
  context.setDefaultTimeout(PATIENCE);
  context.setDefaultNavigationTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("dialog", (dialog) => { noticed.dialogs.push(dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => noticed.requests.push(request.url()));
  page.on("console", (message) => {
    // A browser says of each 401 and 404 that it could not be loaded; the status is looked at by the test.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) noticed.complaints.push(message.text());
  });
  page.on("pageerror", (error) => noticed.complaints.push(String(error)));
  return page;
}

/** Wide and narrow, in the light and in the dark. */
export async function everyWay(page, look) {
  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await look(scheme, width);
    }
  }
}

/** What is wrong with the page as it is now, and a picture where pictures are wanted. */
export async function examine(page, name, scheme, width) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, rules), rules);
  const faults = violations.map((one) => ({
    id: one.id, impact: one.impact, nodes: one.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`),
  }));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const length = await page.evaluate(() => document.body.innerText.length);
  if (asked.pictures) {
    const file = `${name.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "first"}-${scheme}-${width}.png`;
    await page.screenshot({ path: path.join(asked.pictures, file), fullPage: true });
  }
  return { address: name, scheme, width, overflow, faults, length };
}

/** Goes through a page by the keyboard alone: everything that can be reached must show that it was. */
export async function tabThrough(page, most = 60) {
  const unseen = [];
  const reached = [];
  for (let at = 0; at < most; at += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return null;
      const style = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      const seen = box.width > 0 && box.height > 0 && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      return { what: at.outerHTML.slice(0, 120), seen };
    });
    if (!found) break;
    reached.push(found.what);
    if (!found.seen) unseen.push(found.what);
  }
  return { reached: reached.length, unseen };
}
