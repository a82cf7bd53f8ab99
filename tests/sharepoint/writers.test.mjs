// Sixteen writers on one list while the server is killed at random: no update is lost, no key is there twice, and
// every write that was acknowledged is there.
//   node tests/sharepoint/writers.test.mjs [build/release/rollcall]      WRITERS_SECONDS: how long (default 10)
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { databaseLine } from "../kusto/server.mjs";

const rollcall = resolve(process.argv[2] ?? join(import.meta.dirname, "../../build/release/rollcall"));
const seconds = Number(process.env.WRITERS_SECONDS ?? 10);
const writers = 16;
const data = mkdtempSync(join(tmpdir(), "rollcall-writers-"));
const configuration = join(data, "rollcall.toml");
writeFileSync(configuration, `data = ${JSON.stringify(data)}\nport = 0\ndurability = "process"\n${databaseLine()}`);

let server, url;
async function startServer() {
  server = spawn(rollcall, ["serve", "--config", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  url = await new Promise((done, failed) => {
    let said = "";
    server.stderr.on("data", (bytes) => {
      said += bytes;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) done(found[0]);
    });
    server.on("exit", () => failed(new Error(said)));
  });
}
const ended = (one) => new Promise((done) => (one.exitCode === null && one.signalCode === null ? one.on("exit", done) : done()));
const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

// The answer, or null when the server went away meanwhile: then nobody knows whether it was done.
async function send(method, path, body, headers = {}) {
  try {
    const answer = await fetch(url + path, { method, headers: { "Content-Type": "application/json", ...headers }, body: body && JSON.stringify(body) });
    return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
  } catch {
    await sleep(20);
    return null;
  }
}
const list = "/api/v1/lists/Counters";

const acknowledged = { keys: new Map(), added: Array(8).fill(0), unsure: Array(8).fill(0) };

// Creates items whose keys collide with other writers', and adds one to counters that all of them add to.
async function write(writer, until) {
  for (let n = 0; Date.now() < until; n += 1) {
    const key = `k-${Math.floor(n / 2)}-${writer % 4}`;
    const made = await send("POST", `${list}/items`, { Title: `writer ${writer}`, Key: key, N: n });
    if (made?.status === 201) {
      assert.ok(!acknowledged.keys.has(key), `${key} was given twice`);
      acknowledged.keys.set(key, made.body.ID);
    } else if (made) assert.equal(made.status, 409);
    const counter = (n + writer) % 8;
    const seen = await send("GET", `${list}/items/${counter + 1}`);
    if (seen?.status !== 200) continue;
    const changed = await send("PATCH", `${list}/items/${counter + 1}`, { N: seen.body.N + 1 }, { "If-Match": seen.body["@odata.etag"] });
    if (changed?.status === 200) acknowledged.added[counter] += 1;
    else if (changed === null) acknowledged.unsure[counter] += 1;
    else assert.equal(changed.status, 412);
  }
}

test("nothing that was acknowledged is lost, and nothing is there twice", async () => {
  await startServer();
  const columns = [{ name: "Title" }, { name: "Key", required: true }, { name: "N", type: "integer" }];
  assert.equal((await send("POST", "/api/v1/lists", { name: "Counters", columns, uniqueKeys: [["Key"]] })).status, 201);
  for (let counter = 0; counter < 8; counter += 1) await send("POST", `${list}/items`, { Key: `counter ${counter}`, N: 0 });
  const until = Date.now() + seconds * 1000;
  const all = Array.from({ length: writers }, (_, writer) => write(writer, until));
  let kills = 0;
  while (Date.now() < until - 500) {
    await sleep(300 + Math.random() * 1500);
    server.removeAllListeners("exit");
    server.kill("SIGKILL");
    await ended(server);
    await startServer();
    kills += 1;
  }
  await Promise.all(all);

  const items = [];
  for (let after = 0; ; ) {
    const page = await send("GET", `${list}/items?$orderby=ID&$top=5000&$filter=ID gt ${after}`);
    items.push(...page.body.value);
    if (page.body.value.length < 5000) break;
    after = page.body.value.at(-1).ID;
  }
  assert.equal(new Set(items.map((item) => item.Key)).size, items.length, "a unique key is there twice");
  const byKey = new Map(items.map((item) => [item.Key, item]));
  for (const [key, id] of acknowledged.keys) assert.equal(byKey.get(key)?.ID, id, `${key} was acknowledged and is not there`);
  let added = 0;
  for (let counter = 0; counter < 8; counter += 1) {
    const { N } = byKey.get(`counter ${counter}`);
    const least = acknowledged.added[counter];
    assert.ok(N >= least && N <= least + acknowledged.unsure[counter], `counter ${counter} is ${N}; ${least} additions were acknowledged`);
    const { versions } = (await send("GET", `${list}/items/${counter + 1}/versions`)).body;
    assert.equal(versions.length, N + 1, "every addition is a version");
    added += least;
  }
  const { lastChange, items: count } = (await send("GET", list)).body;
  assert.equal(count, items.length);
  console.log(`# ${acknowledged.keys.size} items and ${added} additions acknowledged over ${kills} kills; ${lastChange} changes`);
  server.removeAllListeners("exit");
  server.kill("SIGTERM");
  await ended(server);
  rmSync(data, { recursive: true, force: true });
});
