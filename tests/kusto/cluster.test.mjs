// A Rollcall whose logs are in a Kusto cluster, which here is another Rollcall: node tests/kusto/cluster.test.mjs path/to/rollcall
// Logs go in through the one and are found in the other; the flow asks there, and keeps its lists here.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client } from "azure-kusto-data";
import { start, until } from "./server.mjs";

let cluster, server;
before(async () => {
  cluster = await start();
  const token = cluster.token("admin");
  server = await start(`[kusto]\ncluster = "${cluster.url}"\ndatabase = "Rollcall"\ntoken = "${token}"\n`);
});
after(async () => {
  await server?.stop();
  await cluster?.stop();
});

async function send(method, path, body) {
  const answer = await fetch(server.url + path, { method, body });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}
const line = (minutes, version) =>
  JSON.stringify({ Timestamp: new Date(Date.now() - minutes * 60_000).toISOString(), Environment: "prod", Role: "portal", Region: "north", Version: version,
    Instance: "i", Host: "h", Body: 'a, "b"\nc' });

test("logs are sent to the cluster, and asked there", async () => {
  const lines = Array.from({ length: 50 }, (_, i) => line(50 - i, i < 25 ? "1.0" : "1.1")).join("\n");
  assert.equal((await send("POST", "/ingest/OTelLogs", lines)).rows, 50);
  for (const url of [server.url, cluster.url]) {
    const client = new Client(url);
    const answer = await client.execute("Rollcall", "OTelLogs | where Body has 'b' | summarize Lines=count() by Version | sort by Version asc");
    assert.deepEqual(answer.primaryResults[0].toJSON().data, [{ Version: "1.0", Lines: 25 }, { Version: "1.1", Lines: 25 }]);
    client.close();
  }
  const shown = server.rollcall("query", "Sightings | project Version | sort by Version asc", "--data", server.data, "--json");
  assert.deepEqual(JSON.parse(shown).rows, [["1.0"], ["1.1"]]);
});

test("the flow finds the deployments there, and keeps the lists here", async () => {
  await send("POST", "/api/v1/flows/track-deployments/runs");
  await until("the flow finds the cell", async () => (await send("GET", "/api/v1/snapshot")).cells.length === 1);
  const { cells } = await send("GET", "/api/v1/snapshot");
  assert.equal(cells[0].version, "1.1");
});

test("doctor says what the cluster lacks, and installs it", async () => {
  const doctor = (...more) => server.rollcall("doctor", "--config", join(server.data, "rollcall.toml"), ...more);
  assert.match(doctor(), /ok {2}Sightings is there\nok {2}the function Deployments is there/);
  const client = new Client(cluster.url);
  await client.execute("Rollcall", ".create-or-alter function Deployments(lookback: timespan) { print 1 }");
  assert.throws(() => doctor(), (error) => error.status === 1 && /no {2}the function Deployments is another one/.test(error.stdout));
  assert.match(doctor("--install-functions"), /ok {2}the function Deployments was installed/);
  assert.match(doctor(), /ok {2}the function Deployments is there/);
  client.close();
});

test("commands and errors come back from the cluster", async () => {
  const client = new Client(server.url);
  await client.execute("Rollcall", ".create table Far (a:long)");
  const answer = await client.execute("Rollcall", ".show tables | where TableName == 'Far' | count");
  assert.equal(answer.primaryResults[0].toJSON().data[0].Count, 1);
  await assert.rejects(client.execute("Rollcall", "Far | where b"), (error) => /SEM0100.*'b'/.test(error.response.data.error["@message"]));
  client.close();
});
