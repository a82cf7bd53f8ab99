// OpenTelemetry's own exporters, protobuf and JSON, against a running Rollcall: node tests/otlp/exporters.test.mjs path/to/rollcall
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { SeverityNumber } from "@opentelemetry/api";
import { OTLPLogExporter as JsonLogs } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufLogs } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as JsonMetrics } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufMetrics } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { start, until } from "./server.mjs";

let server;
before(async () => (server = await start({ otlp: true })));
after(async () => server?.stop());

const resource = (role, version, more = {}) =>
  resourceFromAttributes({
    "service.name": role,
    "service.version": version,
    "service.instance.id": `${role}-1`,
    "deployment.environment.name": "production",
    "cloud.region": "westeurope",
    "host.name": "h-7",
    ...more,
  });

async function log(exporter, role, emit, more) {
  const provider = new LoggerProvider({ resource: resource(role, "1.4.2", more), processors: [new BatchLogRecordProcessor({ exporter })] });
  emit(provider.getLogger("shop", "0.1"));
  await provider.forceFlush();
  await provider.shutdown();
}

const one = {
  severityNumber: SeverityNumber.ERROR,
  severityText: "ERROR",
  body: { what: "it broke", codes: [1, 2.5, true, null], bytes: "ä日本" },
  attributes: { "http.status_code": 500, took: 0.25, tags: ["a", "b"] },
};

for (const [name, Exporter] of [["protobuf", ProtobufLogs], ["json", JsonLogs]]) {
  for (const compression of ["none", "gzip"]) {
    test(`logs in ${name}, ${compression}`, async () => {
      const role = `${name}-${compression}`;
      await log(new Exporter({ url: `${server.url}/v1/logs`, compression }), role, (logger) => {
        logger.emit(one);
        logger.emit({ body: "plain" });
      });
      const [broke, plain, ...more] = await server.query(`OTelLogs | where Role == '${role}' | order by tostring(Body) desc`).then((rows) =>
        rows.sort((a, b) => b.SeverityNumber - a.SeverityNumber));
      assert.deepEqual(more, []);
      assert.deepEqual(
        [broke.Environment, broke.Region, broke.Version, broke.Instance, broke.Host, broke.SeverityNumber, broke.SeverityText],
        ["production", "westeurope", "1.4.2", `${role}-1`, "h-7", 17, "ERROR"],
      );
      assert.deepEqual(JSON.parse(broke.Body), one.body);
      assert.deepEqual(broke.LogAttributes, { ...one.attributes, "otel.scope.name": "shop", "otel.scope.version": "0.1" });
      assert.equal(broke.ResourceAttributes["service.name"], role);
      assert.ok(Math.abs(Date.parse(broke.Timestamp) - Date.now()) < 60_000);
      assert.equal(plain.Body, "plain");
    });
  }
}

test("the port of OTLP's own takes OTLP and nothing else", async () => {
  await log(new ProtobufLogs({ url: `${server.otlp}/v1/logs` }), "own-port", (logger) => logger.emit({ body: "here" }));
  assert.equal((await server.query("OTelLogs | where Role == 'own-port'")).length, 1);
  assert.equal((await fetch(`${server.otlp}/api/v1/lists`)).status, 404);
});

for (const [name, Exporter] of [["protobuf", ProtobufMetrics], ["json", JsonMetrics]]) {
  test(`metrics in ${name}: build_info, and gauges of a resource that has a version`, async () => {
    const send = async (given, make) => {
      const reader = new PeriodicExportingMetricReader({ exporter: new Exporter({ url: `${server.url}/v1/metrics` }), exportIntervalMillis: 60_000 });
      const provider = new MeterProvider({ resource: given, readers: [reader] });
      make(provider.getMeter("m"));
      await provider.forceFlush();
      await provider.shutdown();
    };
    await send(resourceFromAttributes({ "service.name": `info-${name}`, "cloud.region": "eu" }), (meter) => {
      meter.createGauge("app_build_info").record(1, { version: "9.1", revision: "abc", environment: "stage" });
      meter.createCounter("requests").add(3);
    });
    await send(resource(`gauge-${name}`, "9.2"), (meter) => {
      meter.createGauge("queue").record(1);
      meter.createGauge("load").record(2, { cpu: 1 });
    });
    const rows = await server.query(`OTelLogs | where Role endswith '-${name}' | where Body in ('app_build_info', 'queue', 'load')
      | project Role, Environment, Region, Version, Body`);
    const of = (role) => rows.filter((row) => row.Role === role);
    // A last export at the shutdown says the same again.
    assert.ok(of(`info-${name}`).length >= 1 && of(`gauge-${name}`).length >= 1);
    assert.deepEqual(of(`info-${name}`)[0], { Role: `info-${name}`, Environment: "stage", Region: "eu", Version: "9.1", Body: "app_build_info" });
    assert.equal(of(`gauge-${name}`)[0].Version, "9.2");
  });
}

// The exchange as the specification has it.
const body = (role, records = [{ body: { stringValue: "x" } }]) =>
  JSON.stringify({ resourceLogs: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: role } }] }, scopeLogs: [{ logRecords: records }] }] });
const post = (text, headers = {}, path = "/v1/logs") =>
  fetch(server.url + path, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: text });
const count = async (role) => (await server.query(`OTelLogs | where Role == '${role}' | count`))[0].Count;

test("zstd, and a request of nothing", async () => {
  const answer = await post(zstdCompressSync(Buffer.from(body("zstd"))), { "Content-Encoding": "zstd" });
  assert.deepEqual([answer.status, await answer.json()], [200, {}]);
  assert.equal(await count("zstd"), 1);
  const empty = await post(new Uint8Array(), { "Content-Type": "application/x-protobuf" });
  assert.deepEqual([empty.status, empty.headers.get("content-type"), (await empty.arrayBuffer()).byteLength], [200, "application/x-protobuf", 0]);
});

test("a part that cannot be kept is a partial success", async () => {
  const records = [{ timeUnixNano: "18446744073709551615" }, { body: { stringValue: "kept" } }];
  const answer = await post(body("partial", records));
  assert.equal(answer.status, 200);
  const { partialSuccess } = await answer.json();
  assert.equal(partialSuccess.rejectedLogRecords, "1");
  assert.match(partialSuccess.errorMessage, /log record 1 is not kept/);
  assert.equal(await count("partial"), 1);
});

test("what is wrong is answered as a Status in the request's own encoding", async () => {
  const wrong = await post('{"resourceLogs":7}');
  assert.deepEqual([wrong.status, (await wrong.json()).code], [400, 3]);
  const binary = await post(new Uint8Array([0x0a, 0x7f]), { "Content-Type": "application/x-protobuf" });
  assert.deepEqual([binary.status, binary.headers.get("content-type")], [400, "application/x-protobuf"]);
  assert.deepEqual([...new Uint8Array(await binary.arrayBuffer())].slice(0, 2), [0x08, 3]);
  assert.equal((await post("x", { "Content-Type": "text/plain" })).status, 415);
  assert.equal((await post("no gzip", { "Content-Encoding": "gzip" })).status, 400);
  assert.equal((await post(body("x"), { "Content-Encoding": "br" })).status, 415);
});

test("bodies have a limit as they come and once they are unpacked", async () => {
  const large = Buffer.alloc(65 << 20, 0x20);
  for (const [packed, encoding] of [[gzipSync(large), "gzip"], [zstdCompressSync(large), "zstd"]]) {
    assert.ok(packed.length < 1 << 20);
    assert.equal((await post(packed, { "Content-Encoding": encoding })).status, 413);
  }
  const answer = await post(large).catch((error) => error);
  assert.ok(answer.status === 413 || /fetch failed/.test(String(answer)));
});

test("the same body again is not taken twice; another of the same content type is", async () => {
  for (let i = 0; i < 3; i += 1) assert.equal((await post(body("again"))).status, 200);
  assert.equal(await count("again"), 1);
  await post(body("again", [{ body: { stringValue: "y" } }]));
  assert.equal(await count("again"), 2);
  const ndjson = '{"Timestamp":"2026-01-01T00:00:00Z","Role":"lines"}\n';
  await Promise.all([1, 2, 3, 4].map(() => post(ndjson, { "Content-Type": "application/x-ndjson" }, "/ingest/OTelLogs")));
  assert.equal(await count("lines"), 1);
});

test("an exporter that is told to come again does, and nothing is lost", async () => {
  // What the warehouse has taken when the senders are many more than it lets in at once.
  const senders = Array.from({ length: 64 }, (_, i) => post(body("many", Array.from({ length: 50 }, (_, k) => ({ body: { stringValue: `${i}/${k}` } })))));
  const answers = await Promise.all(senders);
  assert.ok(answers.every((answer) => answer.status === 200));
  assert.equal(await count("many"), 64 * 50);
  await until("metrics", async () => /rollcall_ingested_rows_total [1-9]/.test(await (await fetch(`${server.url}/metrics`)).text()));
});
