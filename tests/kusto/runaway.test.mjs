// Queries without end beside the poll: node tests/kusto/runaway.test.mjs path/to/rollcall
// For ROLLCALL_RUNAWAY_SECONDS (10) several clients send what nobody could answer. Each is stopped by its limits, and meanwhile
// the flow that looks for deployments runs through, rows come in, and small queries are answered.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Client, ClientRequestProperties } from "azure-kusto-data";
import { start } from "./server.mjs";

const lasting_ms = Number(process.env.ROLLCALL_RUNAWAY_SECONDS ?? 10) * 1000;
const limit_ms = 3_000;     // of a runaway query
const grace_ms = 30_000;    // to notice it, on a busy machine
const poll_ms = 60_000;     // a poll that takes longer did not succeed
const most_memory_kib = 6 * 1024 * 1024;

const runaways = [
  "range a from 1 to 40000 step 1 | extend k=1 | join kind=inner (range b from 1 to 40000 step 1 | extend k=1) on k | summarize max(a * b % 7)",
  "print l=range(1, 100000000, 1) | mv-expand l | summarize make_list(l)",
  "range n from 1 to 2000000000 step 1 | summarize dcount(strcat(n, 'x'))",
  "OTelLogs | extend k=1 | join kind=inner (range n from 1 to 100000 step 1 | extend k=1) on k | where strcat(Body, n) matches regex '(x+x+)+y.*z' | count",
  "range n from 1 to 1000000000 step 1 | extend t=strcat('text ', n), u=strrep('x', 1000) | summarize count_distinct(strcat(t, u)) by t | sort by t",
];

const server = await start();
const client = () => new Client(server.url);
async function send(method, path, body) {
  const answer = await fetch(server.url + path, { method, body });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}
const line = (i) =>
  JSON.stringify({ Timestamp: new Date(Date.now() - (i % 3000) * 1000).toISOString(), Environment: "prod", Role: `role-${i % 20}`, Region: `r-${i % 10}`,
    Version: "1", Instance: `i-${i % 5}`, Body: `xxxxxxxxxxxxxxxxxxxxxxxxxxxx ${i}` });
const lines = (first, count) => Array.from({ length: count }, (_, i) => line(first + i)).join("\n") + "\n";

const counts = { stopped: 0, polls: 0, small: 0, ingested: 0 };
const slowest = { stopped: 0, polls: 0, small: 0, ingested: 0 };
const reasons = new Map();
async function timed(what, work) {
  const began = Date.now();
  const result = await work();
  counts[what] += 1;
  slowest[what] = Math.max(slowest[what], Date.now() - began);
  return result;
}

// The code of a refusal; the client wraps what it was told with 429 into an error of its own.
const code_of = (error) => (error.inner ?? error).response?.data?.error?.code ?? String(error);

async function run_away(text, until) {
  const asking = client();
  while (Date.now() < until) {
    const properties = new ClientRequestProperties({ notruncation: true });
    properties.setTimeout(limit_ms);
    const reason = await timed("stopped", () =>
      asking.execute("Rollcall", text, properties).then(() => "answered", code_of));
    // A list has a million elements at most; on a fast machine that is within the limit.
    assert.ok(["answered", "Timeout", "LimitsExceeded", "TooManyRequests", "General_BadRequest"].includes(reason), `${text}\n${reason}`);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (reason !== "Timeout") await new Promise((wake) => setTimeout(wake, 200));
  }
  asking.close();
}

async function poll(until) {
  while (Date.now() < until) {
    await timed("polls", async () => {
      const { run: id } = await send("POST", "/api/v1/flows/track-deployments/runs");
      const end = Date.now() + poll_ms;
      for (;;) {
        const { status } = await send("GET", `/api/v1/runs/${id}`);
        if (status === "Succeeded") return;
        assert.ok(!["Failed", "Cancelled", "TimedOut", "Skipped"].includes(status), `the poll ended as ${status}`);
        assert.ok(Date.now() < end, `the poll is ${status} after ${poll_ms} ms`);
        await new Promise((wake) => setTimeout(wake, 100));
      }
    });
  }
}

async function ingest(until) {
  for (let i = 0; Date.now() < until; i += 100) {
    await timed("ingested", () => send("POST", "/ingest/OTelLogs", lines(i, 100)));
    await new Promise((wake) => setTimeout(wake, 250));
  }
}

// Who asks little waits his turn behind the others, and is answered.
async function ask_little(until) {
  const asking = client();
  while (Date.now() < until) {
    await timed("small", () => asking.execute("Rollcall", "Sightings | summarize dcount(Role)"));
    await new Promise((wake) => setTimeout(wake, 250));
  }
  asking.close();
}

const memory_kib = () => Number(readFileSync(`/proc/${server.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1]);

try {
  await send("POST", "/ingest/OTelLogs", lines(0, 20_000));
  const until = Date.now() + lasting_ms;
  await Promise.all([...runaways.map((text) => run_away(text, until)), poll(until), ingest(until), ask_little(until)]);
  assert.ok(reasons.get("Timeout") > 0, "queries are stopped by their limit");
  assert.ok(counts.polls > 0 && counts.small > 0 && counts.ingested > 0);
  assert.ok(slowest.stopped < limit_ms + grace_ms, `a query went on for ${slowest.stopped} ms; its limit was ${limit_ms}`);
  assert.ok(memory_kib() < most_memory_kib, `${memory_kib()} KiB`);
  const ends = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(", ");
  console.log(`runaway: ${lasting_ms / 1000} s; ${counts.stopped} queries stopped (${ends}; the slowest after ${slowest.stopped} ms), ` +
    `${counts.polls} polls succeeded (slowest ${slowest.polls} ms), ${counts.small} small queries (slowest ${slowest.small} ms), ` +
    `${counts.ingested} ingestions (slowest ${slowest.ingested} ms), at most ${Math.round(memory_kib() / 1024)} MiB`);
} finally {
  await server.stop();
}
