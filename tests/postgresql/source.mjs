// A query on a PostgreSQL database is a source: by slices of time, each row once, also over a kill; and of what runs now. It cannot
// write, and one that fails says why. Started by source.test.sh.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { test } from "node:test";
import { scratch, start, until } from "../otlp/server.mjs";

const connection = process.env.ROLLCALL_TEST_POSTGRESQL;
const psql = `/usr/lib/postgresql/${readdirSync("/usr/lib/postgresql").sort().at(-1)}/bin/psql`;
const sql = (text) => execFileSync(psql, [connection, "--quiet", "--tuples-only", "--no-align", "-c", text], { encoding: "utf8" }).trim();
const source = (settings) => `[[sources]]\n${Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join("\n")}\n`;

test("releases are read once each, and what runs now", async () => {
  sql("CREATE TABLE releases (finished_at timestamptz, environment text, role text, region text, version text, note text)");
  sql("CREATE TABLE nodes (node text, role text, version text)");
  sql("INSERT INTO nodes VALUES ('n1', 'api', '2.0'), ('n2', 'api', '2.1')");
  const release = (version, ago, region = "eu") =>
    sql(`INSERT INTO releases VALUES (now() - interval '${ago}', 'prod', 'portal', '${region}', '${version}', 'it''s "new"')`);
  release("1.0", "20 minutes");
  release("1.1", "10 minutes");
  release("0.9", "3 hours");  // before the first look-back
  const data = scratch();
  const more =
    source({ name: "releases", kind: "postgresql", url: connection, every_seconds: 1, lag_seconds: 1,
      query: 'SELECT finished_at AS "Timestamp", environment, role, region, version, note FROM releases WHERE finished_at >= $1 AND finished_at < $2' }) +
    source({ name: "nodes", kind: "postgresql", url: connection, every_seconds: 1, environment: "prod", region: "us", query: "SELECT node AS instance, role, version FROM nodes" }) +
    source({ name: "writes", kind: "postgresql", url: connection, every_seconds: 1, query: "DELETE FROM nodes RETURNING node" }) +
    source({ name: "two", kind: "postgresql", url: connection, every_seconds: 1, query: "SELECT 1; DELETE FROM nodes" });
  let server = await start({ data, more });
  const portal = () => server.query("OTelLogs | where Role == 'portal' | summarize n = count() by Version, Region, Note = tostring(LogAttributes.note) | order by Version asc");
  try {
    await until("both releases", async () => (await portal()).length === 2);
    release("1.2", "0 seconds");
    await until("the new one", async () => (await portal()).length === 3);
    await server.kill();
    release("1.3", "0 seconds", "us");
    server = await start({ data, more });
    await until("the one meanwhile", async () => (await portal()).length === 4);
    assert.deepEqual(await portal(), ["1.0", "1.1", "1.2", "1.3"].map((Version) => ({ Version, Region: Version === "1.3" ? "us" : "eu", Note: `it's "new"`, n: 1 })));
    const nodes = await server.query("OTelLogs | where Role == 'api' | summarize by Environment, Region, Instance, Version | order by Instance asc");
    assert.deepEqual(nodes, [
      { Environment: "prod", Region: "us", Instance: "n1", Version: "2.0" },
      { Environment: "prod", Region: "us", Instance: "n2", Version: "2.1" },
    ]);
    const health = Object.fromEntries((await (await fetch(`${server.url}/api/v1/sources`)).json()).sources.map((one) => [one.name, one]));
    assert.match(health.writes.error, /read-only transaction/);
    assert.match(health.two.error, /cannot insert multiple commands/);
    assert.equal(sql("SELECT count(*) FROM nodes"), "2");
  } finally {
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
});
