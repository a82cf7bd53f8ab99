// kill -9 while batches come in, again and again: every batch that was acknowledged is there, and none is there twice.
// Batches that were not acknowledged are sent again to the next server, as exporters do; and some that were, as senders do that
// lost the answer.
// node tests/otlp/kill.test.mjs path/to/rollcall [KILLS]
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { scratch, start } from "./server.mjs";

const kills = Number(process.argv[3] ?? process.env.ROLLCALL_KILLS ?? 20);
const senders = 6;
// Reproducible waits and sizes; what a process of the machine does in them is not.
let state = 0x2545f491;
const random = () => ((state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x1234567) >>> 0) / 2 ** 32;

// Protobuf, as far as these logs need it: https://protobuf.dev/programming-guides/encoding/
const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
const field = (number, bytes) => [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
const utf8 = (text) => [...Buffer.from(text)];
const string_value = (text) => field(1, utf8(text));
const attribute = ([key, text]) => field(1, [...field(1, utf8(key)), ...field(2, string_value(text))]);
const nanoseconds = Buffer.alloc(8);
nanoseconds.writeBigUInt64LE(1767225600000000000n);
const record = (text) => field(2, [0x09, ...nanoseconds, ...field(5, string_value(text))]);
const protobuf = (attributes, bodies) =>
  Buffer.from(field(1, [...field(1, attributes.flatMap(attribute)), ...field(2, bodies.flatMap(record))]));

let made = 0;
function next_batch() {
  const id = `b${(made += 1)}`;
  const rows = 1 + Math.floor(random() * 40);
  const bodies = Array.from({ length: rows }, (_, k) => `${k}`);
  if (made % 3 === 0) {
    const lines = bodies.map((Body) => JSON.stringify({ Timestamp: "2026-01-01T00:00:00Z", Role: id, Environment: "e", Region: "r", Version: "1", Body }));
    return { id, rows, path: "/ingest/OTelLogs", type: "application/x-ndjson", body: lines.join("\n") };
  }
  const attributes = Object.entries({ "service.name": id, "service.version": "1", "cloud.region": "r", "deployment.environment.name": "e" });
  if (made % 3 === 1) return { id, rows, path: "/v1/logs", type: "application/x-protobuf", body: protobuf(attributes, bodies) };
  const resource = { attributes: attributes.map(([key, stringValue]) => ({ key, value: { stringValue } })) };
  const logRecords = bodies.map((stringValue) => ({ timeUnixNano: "1767225600000000000", body: { stringValue } }));
  return { id, rows, path: "/v1/logs", type: "application/json", body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }) };
}

const acknowledged = new Map();
const pending = Array.from({ length: senders }, () => undefined);

// Sends until the server goes away; what it did not answer stays in `pending`.
async function send(sender, url, last) {
  for (;;) {
    pending[sender] ??= next_batch();
    const { id, rows, path, type, body } = pending[sender];
    let answer;
    try {
      answer = await fetch(url + path, { method: "POST", headers: { "Content-Type": type }, body });
      await answer.arrayBuffer();
    } catch {
      return;
    }
    assert.equal(answer.status, 200);
    acknowledged.set(id, rows);
    if (last || random() > 0.1) pending[sender] = undefined;
    if (last) return;
  }
}

async function check(server) {
  const there = new Map();
  for (const { Role, n } of await server.query("OTelLogs | summarize n = count() by Role")) there.set(Role, n);
  for (const [id, rows] of acknowledged) assert.equal(there.get(id), rows, `batch ${id}`);
  const unsure = new Map(pending.filter(Boolean).map((batch) => [batch.id, batch.rows]));
  for (const [id, n] of there) assert.equal(n, acknowledged.get(id) ?? unsure.get(id), `batch ${id}, which nobody acknowledged`);
  const [{ lines }] = await server.query("Observations | summarize lines = sum(Lines)");
  assert.equal(lines, [...there.values()].reduce((sum, n) => sum + n, 0), "Observations");
}

test(`${kills} kills`, async () => {
  const data = scratch();
  const began = Date.now();
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const server = await start({ data });
      if (kill % 25 === 1) await check(server);
      const sending = pending.map((_, sender) => send(sender, server.url, false));
      await new Promise((wake) => setTimeout(wake, 2 + random() ** 2 * 250));
      await server.kill();
      await Promise.all(sending);
    }
    const server = await start({ data });
    await check(server);
    await Promise.all(pending.map((_, sender) => send(sender, server.url, true)));
    await check(server);
    console.log(`${kills} kills in ${Math.round((Date.now() - began) / 1000)} s; ${acknowledged.size} batches acknowledged, ${[...acknowledged.values()].reduce((a, b) => a + b, 0)} rows, all there once`);
    await server.stop();
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
