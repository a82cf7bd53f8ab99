// Every change whose summary says "Revert" must be recorded as a rollback in each cell where it took the version
// back to an earlier one.
//   node tests/replay/reverts.mjs deployment-history.csv CHANGES.csv[.gz] DEPLOYMENTS.csv[.gz] [FROM] [TO]
// The first file is what `rollcall replay --export` wrote for DEPLOYMENTS in [FROM, TO).
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const tolerance = 15 * 60 * 1000; // of StartedAt

function parseCsv(path) {
  const bytes = readFileSync(path);
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8");
  const rows = [];
  let row = [], field = "", quoted = false;
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") row.push(field), (field = "");
    else if (c === "\n") row.push(field.replace(/\r$/, "")), rows.push(row), (row = []), (field = "");
    else field += c;
  }
  if (field || row.length) row.push(field), rows.push(row);
  const [heading, ...rest] = rows;
  return rest.map((values) => Object.fromEntries(heading.map((name, i) => [name, values[i] ?? ""])));
}

const [historyPath, changesPath, deploymentsPath, from = "0001-01-01", to = "9999-12-31"] = process.argv.slice(2);
if (!deploymentsPath) {
  console.error("usage: node reverts.mjs deployment-history.csv CHANGES.csv DEPLOYMENTS.csv [FROM] [TO]");
  process.exit(2);
}
const cellOf = (row) => [row.environment ?? row.Environment, row.role ?? row.Role, row.region ?? row.Region].join("/");

const records = new Map();
for (const record of parseCsv(historyPath)) {
  if (!records.has(cellOf(record))) records.set(cellOf(record), []);
  records.get(cellOf(record)).push(record);
}
const reverts = new Set(parseCsv(changesPath).filter((c) => /revert/i.test(c.summary)).map((c) => c.change));

// By the same rule as the product's: back to a version that the cell had before the one that it replaces.
const seen = new Map(); // cell → versions in order of first appearance
const current = new Map();
let expected = 0, found = 0, forward = 0;
const wrong = [];
for (const deployment of parseCsv(deploymentsPath)) {
  const cell = cellOf(deployment);
  const before = current.get(cell);
  current.set(cell, deployment.version);
  if (deployment.time >= to) break;
  if (deployment.time < from) continue;
  if (!seen.has(cell)) seen.set(cell, before ? [before] : []);
  const versions = seen.get(cell);
  if (!versions.includes(deployment.version)) versions.push(deployment.version);
  if (!reverts.has(deployment.change)) continue;
  if (before === undefined || versions.indexOf(deployment.version) >= versions.indexOf(before)) {
    ++forward;
    continue;
  }
  ++expected;
  const at = Date.parse(deployment.time);
  const record = (records.get(cell) ?? []).find(
    (r) => r.Version === deployment.version && Math.abs(Date.parse(r.StartedAt) - at) <= tolerance);
  if (record?.Kind.toLowerCase() === "rollback") ++found;
  else wrong.push(`${cell} ${deployment.time} ${before} -> ${deployment.version}: ${record ? record.Kind : "not recorded"}`);
}
for (const line of wrong.slice(0, 20)) console.log(line);
console.log(`reverts: ${found}/${expected} recorded as rollbacks (${forward} did not go back to an earlier version)`);
process.exit(wrong.length === 0 && expected > 0 ? 0 : 1);
