// What comes without being pushed as logs: pulled sources of a running server, events that are signed, and git's history.
// node tests/otlp/pipelines.test.mjs path/to/rollcall
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { rollcallCommand, scratch, start, until } from "./server.mjs";

const data = scratch();
const folder = mkdtempSync(join(tmpdir(), "rollcall-folder-"));
let server, endpoint, up = true;
const listen = (handler) => new Promise((done) => { const made = createServer(handler).listen(0, "127.0.0.1", () => done(made)); });

before(async () => {
  endpoint = await listen((request, response) => {
    if (!up) return response.writeHead(500).end("down");
    if (request.url === "/metrics") return response.end('api_build_info{version="2.0",region="eu",environment="e",role="api",instance="i1"} 1\n');
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ status: "ok", build: { version: "3.1" } }));
  });
});
after(async () => {
  await server?.stop();
  endpoint?.close();
  rmSync(data, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

const configuration = () => {
  const base = `http://127.0.0.1:${endpoint.address().port}`;
  const source = (settings) => `[[sources]]\n${Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join("\n")}\n`;
  return (
    source({ name: "portal", kind: "version", url: `${base}/healthz`, path: "build.version", environment: "e", role: "portal", region: "eu", every_seconds: 1 }) +
    source({ name: "metrics", kind: "prometheus", url: `${base}/metrics`, every_seconds: 1 }) +
    source({ name: "files", kind: "directory", folder, every_seconds: 1 }) +
    '[webhooks]\ngithub_secret = "s3cret"\nenvironment_pattern = "^(?P<environment>prod|stg)-(?P<region>.+)$"\n'
  );
};
const health = async () => Object.fromEntries((await (await fetch(`${server.url}/api/v1/sources`)).json()).sources.map((one) => [one.name, one]));
const line = (body) => `{"Timestamp":"2026-01-01T00:00:00Z","Role":"files","Body":"${body}"}\n`;
const bodies = async () => (await server.query("OTelLogs | where Role == 'files' | project Body")).map((row) => row.Body).sort();

test("sources are pulled, and how they fare is said", async () => {
  appendFileSync(join(folder, "a.ndjson"), line("one") + line("two"));
  server = await start({ data, more: configuration() });
  await until("rows of all three", async () => (await server.query("OTelLogs | summarize by Role")).length === 3);
  const rows = await server.query("OTelLogs | where Role != 'files' | summarize by Environment, Role, Region, Version | order by Role asc");
  assert.deepEqual(rows, [
    { Environment: "e", Role: "api", Region: "eu", Version: "2.0" },
    { Environment: "e", Role: "portal", Region: "eu", Version: "3.1" },
  ]);
  assert.deepEqual(Object.values(await health()).map((one) => one.state), ["ok", "ok", "ok"]);
  up = false;
  await until("failing", async () => (await health()).portal.state === "failing");
  assert.match((await health()).portal.error, /answered 500/);
  assert.match(await (await fetch(`${server.url}/metrics`)).text(), /rollcall_source_up\{source="portal"\} 0\n/);
  up = true;
  await until("recovered", async () => (await health()).portal.state === "ok");
});

test("a folder is read on after kill -9, without loss or repeat", async () => {
  await until("read", async () => (await bodies()).length === 2);
  for (let i = 0; i < 5; i += 1) {
    appendFileSync(join(folder, "a.ndjson"), line(`more-${i}`));
    await server.kill();
    appendFileSync(join(folder, "a.ndjson"), line(`while-down-${i}`));
    server = await start({ data, more: configuration() });
  }
  await until("all", async () => (await bodies()).length >= 12);
  assert.deepEqual(await bodies(), ["more-0", "more-1", "more-2", "more-3", "more-4", "one", "two", ...[0, 1, 2, 3, 4].map((i) => `while-down-${i}`)]);
});

test("GitHub's events are let in by their signature", async () => {
  const body = JSON.stringify({
    deployment_status: { id: 1, state: "success", environment: "prod-westeurope", created_at: "2026-01-01T10:00:00Z" },
    deployment: { id: 5, sha: "abc", ref: "v1.2.3", created_at: "2026-01-01T09:59:00Z", payload: {} },
    repository: { full_name: "shop/portal" },
  });
  const send = (signature) =>
    fetch(`${server.url}/webhooks/github`, { method: "POST", body, headers: { "X-GitHub-Event": "deployment_status", "X-Hub-Signature-256": signature } });
  assert.equal((await send(`sha256=${"0".repeat(64)}`)).status, 401);
  const right = `sha256=${createHmac("sha256", "s3cret").update(body).digest("hex")}`;
  assert.deepEqual(await (await send(right)).json(), { declared: 1, updated: 0, known: 0 });
  assert.deepEqual(await (await send(right)).json(), { declared: 0, updated: 0, known: 1 });
  const [one] = (await (await fetch(`${server.url}/api/v1/deployments?role=portal`)).json()).deployments;
  assert.deepEqual([one.environment, one.region, one.version, one.status, one.source], ["prod", "westeurope", "v1.2.3", "succeeded", "github"]);
});

test("declare and reconcile on the command line", () => {
  const given = ["--environment", "e", "--role", "portal", "--region", "eu", "--version", "9.9", "--at", "2026-01-02T00:00:00Z", "--data", data];
  assert.equal(rollcallCommand("deployments", "declare", ...given), "declared\n");
  assert.equal(rollcallCommand("deployments", "declare", ...given), "known already\n");
  const said = (() => {
    try {
      return rollcallCommand("deployments", "reconcile", "--since", "2026-01-01", "--data", data);
    } catch (error) {
      return error.stdout;
    }
  })();
  assert.match(said, /^never seen +e\/portal\/eu +declared 9\.9/m);
});

test("backfill reads a repository once, and goes on", () => {
  const repository = mkdtempSync(join(tmpdir(), "rollcall-git-"));
  const git = (...given) => execFileSync("git", ["-C", repository, "-c", "user.name=Ada", "-c", "user.email=a@example.com", ...given], { stdio: "ignore" });
  const commit = (version, day) => {
    mkdirSync(join(repository, "tags/prod"), { recursive: true });
    writeFileSync(join(repository, "tags/prod/cart"), JSON.stringify({ eu: version, us: version }));
    git("add", "--all");
    execFileSync("git", ["-C", repository, "-c", "user.name=Ada", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", `to ${version}`], {
      env: { ...process.env, GIT_COMMITTER_DATE: `2025-01-0${day}T00:00:00Z`, GIT_AUTHOR_DATE: `2025-01-0${day}T00:00:00Z` },
    });
  };
  try {
    git("init", "--quiet", "--initial-branch=main");
    commit("1", 1);
    commit("2", 2);
    const backfill = (...more) =>
      JSON.parse(rollcallCommand("backfill", "--git", repository, "--path", "tags/{environment}/{role}", "--name", "gitops", "--json", "--data", data, ...more));
    assert.deepEqual(Object.values(backfill()).slice(2), [2, 4, 4, 0]);
    assert.deepEqual(Object.values(backfill()).slice(2), [0, 0, 0, 0]);
    commit("3", 3);
    assert.deepEqual(Object.values(backfill()).slice(2), [1, 2, 2, 0]);
    assert.deepEqual(Object.values(backfill("--all")).slice(2), [3, 6, 0, 6]);
  } finally {
    rmSync(repository, { recursive: true, force: true });
  }
});
