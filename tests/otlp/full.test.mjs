// A disk that is full: nothing that could not be kept is acknowledged, senders are told to come again, and when there is room the
// same server takes what they send. The disk is this process's own limit on the size of files, which is raised again.
// node tests/otlp/full.test.mjs path/to/rollcall
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "./server.mjs";

const limit = (pid, bytes) => execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`]);

function batch(id) {
  const lines = Array.from({ length: 2_000 }, (_, k) =>
    JSON.stringify({ Timestamp: "2026-01-01T00:00:00Z", Role: id, Version: "1", Environment: "e", Region: "r", Body: `${k} ${Math.random()} ${"x".repeat(200)}` }));
  return lines.join("\n");
}
const post = (server, body) => fetch(`${server.url}/ingest/OTelLogs`, { method: "POST", body });

test("a full disk is answered with 503, and recovers", async () => {
  const server = await start();
  try {
    assert.equal((await post(server, batch("before"))).status, 200);
    limit(server.pid, statSync(join(server.data, "warehouse.duckdb.wal"), { throwIfNoEntry: false })?.size + 100_000 || 100_000);
    const taken = new Set(["before"]);
    let refused;
    for (let i = 0; i < 100 && !refused; i += 1) {
      const body = batch(`during-${i}`);
      const answer = await post(server, body);
      if (answer.status === 200) taken.add(`during-${i}`);
      else refused = { id: `during-${i}`, body, status: answer.status, retry: answer.headers.get("retry-after"), said: await answer.json() };
    }
    assert.equal(refused?.status, 503, JSON.stringify(refused?.said));
    assert.equal(refused.retry, "5");
    limit(server.pid, "unlimited");
    const again = await post(server, refused.body);
    assert.equal(again.status, 200, await again.text());
    taken.add(refused.id);
    const there = await server.query("OTelLogs | summarize n = count() by Role");
    assert.deepEqual(new Map(there.map(({ Role, n }) => [Role, n])), new Map([...taken].map((id) => [id, 2_000])));
  } finally {
    await server.stop();
  }
});
