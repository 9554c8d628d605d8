// Sets Assentry up as a person would, in a real Chromium: from the link in the terminal to the first plan and the dashboard.
// Reads what to type as JSON from standard input and writes what was found as JSON to standard output.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { asked, everyWay, examine, noticed, start, tab, tabThrough, tell } from "./chromium.mjs";

const browser = await start();
const page = await tab(browser);
const found = { pages: [], keyboard: {} };
const began = Date.now();

async function look(name) {
  await everyWay(page, async (scheme, width) => found.pages.push(await examine(page, name, scheme, width)));
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** What a person does whose page is not there yet: load it again. */
async function until(address, there) {
  for (;;) {
    const answer = await page.goto(address).catch(() => null);
    if (answer && await there(answer)) return;
  }
}

// The link opens once; a second browser gets nothing.
await page.goto(asked.link);
found.address = page.url();
await look("setup");
found.keyboard.questions = await tabThrough(page);
const other = await tab(browser);
found.second = (await other.goto(asked.link)).status();
await other.context().close();

// Everything wrong first, then right.
await page.getByLabel("GitHub's address").fill("github");
await page.getByLabel("Address of this server").fill("");
await page.getByRole("button", { name: "Continue" }).click();
found.wrong = await page.getByRole("alert").innerText();
await look("setup-wrong");
await page.getByRole("link", { name: "GitHub's address" }).click();
found.focused = await page.evaluate(() => document.activeElement.id || new URL(location.href).hash.slice(1));
await page.getByLabel("GitHub's address").fill(asked.github);
await page.getByLabel("Address of this server").fill(asked.address);
await page.getByLabel("Key of the model").fill(asked.key);
await page.getByLabel("Address of the model").fill(asked.model);
await page.getByRole("button", { name: "Continue" }).click();
await page.getByRole("heading", { name: "Create the App on GitHub" }).waitFor();
await look("setup-confirm");

// GitHub's own page, and back with the code.
await page.getByRole("button", { name: "Create the App" }).click();
await page.getByRole("button", { name: "Create GitHub App" }).click();
await page.getByRole("heading", { name: "is there" }).waitFor();
found.style = await page.evaluate(() => getComputedStyle(document.querySelector("main")).maxWidth);
await look("setup-done");
found.appAfterMs = Date.now() - began;

// Installing it. The server takes over from the set-up meanwhile.
const install = await page.getByRole("link", { name: "Install it" }).getAttribute("href");
await until(`${asked.address}/readyz`, (answer) => answer.status() === 200);
await page.goto(install);
await page.getByRole("button", { name: "Install" }).click();
await page.getByRole("link", { name: "To the dashboard" }).waitFor();
await look("setup-installed");

// An issue with the label, and its plan.
await page.goto(`${asked.github}/${asked.repository}`);
await page.getByLabel("As").selectOption("ann");
await page.getByLabel("Title").fill(asked.title);
await page.getByLabel("Text").fill(asked.body);
await page.getByLabel("Label").fill("assentry");
await page.getByRole("button", { name: "Open" }).click();
await page.getByRole("button", { name: "Comment" }).waitFor();
const issue = page.url();
await page.evaluate((issue) => new Promise((done) => {
  const said = (text) => text.includes("/approve") && text.includes("waiting for approval");
  const again = async () => (said(await (await fetch(issue)).text()) ? done() : setTimeout(again, 200));
  again();
}), issue);
await page.reload();
found.plan = await page.locator("main").innerText();
found.planAfterMs = Date.now() - began;

// The dashboard is on from the start.
await page.goto(`${asked.address}/runs`);
await page.locator("a.primary").click();
await page.getByRole("link", { name: "ann", exact: true }).click();
await page.getByRole("heading", { name: "Runs" }).waitFor();
found.runs = await page.locator("main").innerText();
if (asked.pictures) {
  const { appAfterMs, planAfterMs } = found;
  writeFileSync(path.join(asked.pictures, "setup-took.json"), JSON.stringify({ appAfterMs, planAfterMs, allMs: Date.now() - began }));
}
await browser.close();
tell({ ...found, ...noticed });
