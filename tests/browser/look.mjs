// Looks at the dashboard's pages in a real Chromium, with and without scripts, by mouse and by keyboard. Reads what to look
// at as JSON from standard input and writes what was found as JSON to standard output. What is a fault is for the test to say.
import { asked, everyWay, examine, noticed, start, tab, tabThrough, tell } from "./chromium.mjs";

const browser = await start();
const page = await tab(browser);
const found = { pages: [], plain: [] };

async function everything(addresses) {
  await everyWay(page, async (scheme, width) => {
    for (const address of addresses) {
      const answer = await page.goto(asked.base + address);
      found.pages.push({ status: answer.status(), ...await examine(page, address, scheme, width) });
    }
  });
}

// Before anybody has signed in.
await everything(asked.outside);

// Signing in, as a person does: a link here, a name there.
await page.goto(`${asked.base}/runs`);
await page.click("a.primary");
await page.getByRole("link", { name: asked.login, exact: true }).click();
found.signedIn = await page.locator(".login").innerText();

// The first thing that the keyboard reaches skips what is above the content, and can be seen.
await page.setViewportSize({ width: 1280, height: 900 });
await page.goto(`${asked.base}/runs`);
await page.keyboard.press("Tab");
found.keyboard = await page.evaluate(() => {
  const at = document.activeElement;
  return { text: at.textContent, outline: getComputedStyle(at).outlineStyle };
});
await page.keyboard.press("Enter");
found.keyboard.to = new URL(page.url()).hash;
for (const address of asked.keyboard) {
  await page.goto(asked.base + address);
  const { reached, unseen } = await tabThrough(page);
  found.keyboard[address] = { reached, unseen };
}

await everything(asked.pages);

// The same without scripts: the same words.
await page.setViewportSize({ width: 1280, height: 720 });
const { cookies } = await page.context().storageState();
const plain = await tab(browser, { javaScriptEnabled: false });
await plain.context().addCookies(cookies);
for (const address of asked.pages) {
  await plain.goto(asked.base + address);
  // Said twice, these are never the same: how long the database took, and whether a log is live.
  const words = async (one) => (await one.locator("main").innerText()).replace(/\s+/g, " ")
    .replace(/in \d+ ms/, "").replace(/Load the page again to see more\.|Live: what the agent does appears here\./, "");
  const without = await words(plain);
  await page.goto(asked.base + address);
  found.plain.push({ address, with: await words(page), without });
}
await plain.context().close();

// What can be changed here is changed by a button: a delivery is dealt with again.
await page.goto(`${asked.base}/deliveries`);
const parcel = page.locator("tbody tr").filter({ has: page.getByRole("button") }).first();
const id = await parcel.locator("code").innerText();
await parcel.getByRole("button").click();
found.again = await page.locator("tbody tr").filter({ hasText: id }).locator(".badge").innerText();

// A live log, while something happens: the test brings it about once it is told that the log is open.
if (asked.live) {
  await page.goto(asked.base + asked.live);
  const note = page.locator("[data-live]");
  await note.filter({ hasText: /^Live/ }).waitFor();
  tell({ live: "open" });
  await note.filter({ hasText: "The run has ended." }).waitFor();
  found.live = await page.evaluate(() => ({
    entries: document.querySelectorAll(".log li").length,
    keys: new Set([...document.querySelectorAll(".log li")].map((item) => item.dataset.key)).size,
    elements: [...document.querySelectorAll(".log li *")].map((element) => element.tagName).filter((tag) => !["SPAN", "PRE"].includes(tag)),
    text: document.querySelector(".log").innerText,
  }));
}

await page.getByRole("button", { name: "Sign out" }).click();
await page.getByRole("link", { name: "Sign in with GitHub" }).waitFor();
await page.goto(asked.base + asked.pages[0]);
found.signedOut = await page.locator("h1").innerText();
await browser.close();
tell({ ...found, ...noticed });
