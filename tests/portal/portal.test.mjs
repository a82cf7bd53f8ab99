// The portal in a real browser, against a real server: node tests/portal/portal.test.mjs path/to/rollcall
// Logs go in through the door, the flow is started by hand, and then the page is used as a person would.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const rollcall = resolve(process.argv[2] ?? join(root, "build/release/rollcall"));
const chromium_path = process.env.ROLLCALL_CHROMIUM ?? "/usr/bin/chromium";
const patience_ms = 120_000;
if (!existsSync(chromium_path)) {
  console.error(`${chromium_path} is missing: scripts/install --test installs Chromium`);
  process.exit(1);
}
const { chromium } = createRequire(join(root, "web/package.json"))("playwright-core");

const data = mkdtempSync(join(tmpdir(), "rollcall-portal-"));
const server = spawn(rollcall, ["serve", "--data", data, "--port", "0"], { stdio: ["ignore", "ignore", "pipe"] });
const url = await new Promise((done, failed) => {
  let said = "";
  server.stderr.on("data", (bytes) => {
    said += bytes;
    const found = said.match(/http:\/\/127\.0\.0\.1:\d+/);
    if (found) done(found[0]);
  });
  server.on("exit", () => failed(new Error(`the server ended: ${said}`)));
});

async function until(what, holds) {
  const end = Date.now() + patience_ms;
  for (;;) {
    if (await holds()) return;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((wake) => setTimeout(wake, 250));
  }
}

async function send(method, path, body) {
  const answer = await fetch(url + path, { method, body });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

function lines() {
  const now = Date.now();
  const line = (minutes, role, region, version, instance) =>
    JSON.stringify({
      Timestamp: new Date(now - minutes * 60_000).toISOString(),
      Environment: "production", Role: role, Region: region, Version: version, Instance: instance, Host: `h-${region}`, Body: "up",
    });
  const all = [];
  for (const region of ["canadaeast", "westeurope", "O'Hare"]) {
    for (let minute = 50; minute >= 0; minute -= 1) all.push(line(minute, "portal", region, "1.0", `a-${region}`));
  }
  return all.join("\n") + "\n";
}

let browser;
try {
  const taken = await send("POST", "/ingest/OTelLogs", lines());
  assert.equal(taken.bad, 0);
  await send("POST", "/api/v1/flows/track-deployments/runs");
  await until("the flow finds the cells", async () => (await send("GET", "/api/v1/snapshot")).cells.length === 3);

  browser = await chromium.launch({
    executablePath: chromium_path,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  page.setDefaultTimeout(patience_ms);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(url);

  // The matrix.
  await page.waitForSelector("button.tile");
  assert.equal(await page.locator("button.tile").count(), 3);
  const names = await page.locator("button.tile .region").allTextContents();
  assert.deepEqual([...names].sort(), ["O'Hare", "canadaeast", "westeurope"]);
  assert.match(await page.locator("button.tile").first().textContent(), /1\.0/);
  await page.waitForSelector(".live.on");

  // A cell by the keyboard: arrows walk, Enter opens, Escape closes and comes back.
  await page.locator("button.tile").first().focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".panel .entry");
  assert.equal(await page.locator(".panel h2").textContent(), names[1]);
  assert.match(await page.locator(".panel .entry").first().textContent(), /1\.0first seen/);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".panel", { state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.querySelector(".region")?.textContent), names[1]);

  // The address opens a cell, the filter narrows, the theme stays chosen.
  await page.goto(`${url}/#production/portal/O'Hare`);
  await page.reload();
  await page.waitForSelector(".panel .entry");
  assert.equal(await page.locator(".panel h2").textContent(), "O'Hare");
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("canada");
  await until("the filter narrows", async () => (await page.locator("button.tile").count()) === 1);
  // By the keyboard, as everything here: a mouse waits for frames that a busy machine may not paint.
  await page.locator(".theme").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.reload();
  await page.waitForSelector("button.tile");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");

  // The server goes away: the page says so, and keeps what it knew.
  server.removeAllListeners("exit");
  server.kill("SIGTERM");
  await page.waitForSelector(".trouble");
  assert.match(await page.locator(".trouble").textContent(), /does not answer.*Trying again/);
  assert.equal(await page.locator("button.tile").count(), 3);
  assert.deepEqual(complaints, []);
  console.log("portal: the matrix, a cell's history, keys, filter, themes, a server that goes away: as they should be");
} finally {
  server.removeAllListeners("exit");
  server.kill("SIGTERM");
  await browser?.close();
  await new Promise((done) => (server.exitCode === null && server.signalCode === null ? server.on("exit", done) : done()));
  rmSync(data, { recursive: true, force: true });
}
