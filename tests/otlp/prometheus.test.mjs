// Debian's Prometheus scrapes a target and Rollcall asks it which builds run; beside it Rollcall scrapes the same target itself.
// node tests/otlp/prometheus.test.mjs path/to/rollcall
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { scratch, start, until } from "./server.mjs";

const listen = (handler) => new Promise((done) => { const made = createServer(handler).listen(0, "127.0.0.1", () => done(made)); });
const free_port = () => new Promise((done) => {
  const socket = createSocket().listen(0, "127.0.0.1", () => { const { port } = socket.address(); socket.close(() => done(port)); });
});

async function prometheus(folder, target) {
  const port = await free_port();
  const file = join(folder, "prometheus.yml");
  writeFileSync(file, `
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: api
    static_configs: [{targets: ["127.0.0.1:${target}"], labels: {region: westeurope, env: production}}]
`);
  const url = `http://127.0.0.1:${port}`;
  const process = spawn("prometheus", [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, "tsdb")}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  process.stderr.on("data", (bytes) => { said += bytes; });
  const ended = new Promise((done) => process.on("exit", done));
  process.on("error", (error) => { said += error; });
  await until(`Prometheus is ready: ${said}`, async () => {
    try { return (await fetch(`${url}/-/ready`)).status === 200; } catch { return false; }
  });
  return { url, stop: async () => { process.kill("SIGTERM"); await ended; } };
}

test("what Prometheus knows, and what a target says", async () => {
  const folder = scratch();
  let version = "1.4.0", gone = "";
  const target = await listen((request, response) => response.end(
    "# HELP api_build_info A metric with a constant '1' value.\n# TYPE api_build_info gauge\n" +
    `api_build_info{branch="main",goversion="go1.22",revision="abc",version="${version}"} 1\n${gone}process_cpu_seconds_total 12.5\n`));
  const port = target.address().port;
  const source = (settings) => `[[sources]]\n${Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join("\n")}\n`;
  let server, known;
  try {
    known = await prometheus(folder, port);
    server = await start({ more:
      source({ name: "server", kind: "prometheus_server", url: known.url, every_seconds: 1 }) +
      source({ name: "target", kind: "prometheus", url: `http://127.0.0.1:${port}/metrics`, environment: "stage", role: "api", region: "local", every_seconds: 1 }) });
    const seen = () => server.query("OTelLogs | where Body == 'api_build_info' | summarize by Environment, Role, Region, Version, Instance | order by Environment asc, Version asc");
    const ours = (of) => ({ Environment: "production", Role: "api", Region: "westeurope", Version: of, Instance: `127.0.0.1:${port}` });
    await until("both are seen", async () => (await seen()).length === 2);
    assert.deepEqual(await seen(), [ours("1.4.0"), { Environment: "stage", Role: "api", Region: "local", Version: "1.4.0", Instance: "" }]);
    // The next build: Prometheus marks the old series stale at once, and does not answer it any more.
    version = "1.5.0";
    gone = 'api_build_info{branch="main",goversion="go1.22",revision="old",version="1.3.0"} 0\n';
    await until("the next build", async () => (await seen()).some((one) => one.Environment === "production" && one.Version === "1.5.0"));
    assert.deepEqual((await seen()).map((one) => `${one.Environment} ${one.Version}`).filter((one) => one.includes("1.3.0")), []);
    const health = (await (await fetch(`${server.url}/api/v1/sources`)).json()).sources;
    assert.deepEqual(health.map((one) => `${one.name} ${one.state}`), ["server ok", "target ok"]);
  } finally {
    await server?.stop();
    await known?.stop();
    target.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
