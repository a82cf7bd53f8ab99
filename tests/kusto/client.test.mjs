// Microsoft's own Kusto client against a running Rollcall: node tests/kusto/client.test.mjs path/to/rollcall
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as http_request } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { Client, ClientRequestProperties, KustoConnectionStringBuilder } from "azure-kusto-data";
import { DataFormat, StreamingIngestClient } from "azure-kusto-ingest";
import { start, until } from "./server.mjs";

let server, admin, reader, loader;
const database = "Rollcall";
const connect = (token) => new Client(KustoConnectionStringBuilder.withAccessToken(server.url, token));

before(async () => {
  server = await start();
  admin = connect(server.token("admin"));
  reader = connect(server.token("read"));
  loader = StreamingIngestClientFor(server.token("ingest"));
});
after(async () => {
  for (const client of [admin, reader, loader]) client?.close();
  await server?.stop();
});

function StreamingIngestClientFor(token) {
  return new StreamingIngestClient(KustoConnectionStringBuilder.withAccessToken(server.url, token), { database });
}
const rows_of = (answer, table = 0) => answer.primaryResults[table].toJSON().data;
const options = (named, parameters = {}, id = undefined) => new ClientRequestProperties({ ...named }, { ...parameters }, id);
// The error document of a request that is refused.
async function refused(asked) {
  const error = await asked.then(() => assert.fail("it was not refused"), (thrown) => thrown);
  assert.ok(error.response, String(error));
  return { status: error.response.status, ...error.response.data.error };
}

const every_type = `print b=true, i=int(-7), l=long(9007199254740991), r=1.5, whole=4.0, nan=real(nan), up=real(+inf), down=real(-inf),
  m=decimal(1.25), t=datetime(2016-06-06T15:35:00.1230000Z), s=1d+2h+3m+4.5s, back=-12h, g=guid(74be27de-1e4e-49d9-b579-fe0b331d3642),
  d=dynamic({"a":[1,null,"x"]}), text='ä "q" \\\\ 日本', none=int(null), nobool=bool(null), notime=datetime(null), nospan=timespan(null),
  noguid=guid(null), nodynamic=dynamic(null), empty=''`;
const every_value = {
  b: true, i: -7, l: 9007199254740991, r: 1.5, whole: 4, nan: "NaN", up: "Infinity", down: "-Infinity", m: "1.25",
  t: new Date("2016-06-06T15:35:00.123Z"), s: ((26 * 60 + 3) * 60 + 4.5) * 1000, back: -12 * 3600 * 1000,
  g: "74be27de-1e4e-49d9-b579-fe0b331d3642", d: { a: [1, null, "x"] }, text: 'ä "q" \\ 日本', none: null, nobool: null, notime: null,
  nospan: null, noguid: null, nodynamic: null, empty: "",
};
const every_name = "bool int long real real real real real decimal datetime timespan timespan guid dynamic string int bool datetime timespan guid dynamic string";

test("a query answers every type, in both versions of the protocol", async () => {
  for (const answer of [await reader.executeQuery(database, every_type), await reader.executeQueryV1(database, every_type)]) {
    assert.deepEqual(rows_of(answer), [every_value]);
    assert.equal(answer.primaryResults[0].columns.map((column) => column.type).join(" "), every_name);
  }
});

test("frames and tables stand where clients look for them", async () => {
  const text = "print a=1 | as First; print b='x' | render timechart with (title='T')";
  const second = await reader.executeQuery(database, text);
  assert.deepEqual(second.primaryResults.map((table) => table.name), ["First", "PrimaryResult"]);
  assert.equal(second.statusTable.name, "QueryCompletionInformation");
  assert.equal(second.dataSetHeader.Version, "v2.0");
  assert.equal(second.dataSetCompletion.HasErrors, false);
  const properties = second.tables[0].toJSON().data.map((row) => JSON.parse(row.Value));
  assert.deepEqual(properties.map((shown) => shown.Visualization), [null, "timechart"]);
  assert.equal(properties[1].Title, "T");
  const first = await reader.executeQueryV1(database, text);
  assert.deepEqual(first.primaryResults.map((table) => table.name), ["First", "PrimaryResult"]);
  assert.equal(first.tables.length, 5);
});

test("without a token this machine may do everything; with a wrong one nothing", async () => {
  const local = new Client(server.url);
  assert.deepEqual(rows_of(await local.execute("NetDefaultDB", "print n=1")), [{ n: 1 }]);
  const stranger = connect("rc_0000000000000000");
  const error = await refused(stranger.execute(database, "print 1"));
  assert.equal(error.status, 401);
  assert.equal(error.code, "Unauthorized");
  const forbidden = await refused(reader.execute(database, ".create table Nope (a:long)"));
  assert.equal(forbidden.status, 403);
  assert.match(forbidden["@message"], /needs admin/);
  local.close();
  stranger.close();
});

test("parameters, query_now and other properties", async () => {
  const declared = "declare query_parameters(n:long, s:string, t:datetime, d:dynamic, other:long=5);";
  const answer = await reader.execute(database, `${declared} print n+1, s, t, d.k, other, now()`,
    options({ query_now: "2026-02-03T04:05:06Z", some_unknown_option: 1 },
      { n: 41, s: "it's", t: "datetime(2024-01-01)", d: 'dynamic({"k":[1]})' }));
  assert.deepEqual(Object.values(rows_of(answer)[0]),
    [42, "it's", new Date("2024-01-01T00:00:00Z"), [1], 5, new Date("2026-02-03T04:05:06Z")]);
  const missing = await refused(reader.execute(database, `${declared} print n`, options({}, { s: "x" })));
  assert.equal(missing.status, 400);
  assert.deepEqual(rows_of(await reader.execute(database, "set query_take_max_records=2; range n from 1 to 9 step 1")), [{ n: 1 }, { n: 2 }]);
  const schema = rows_of(await reader.execute(database, "print a=1, b='x'", options({ query_results_apply_getschema: true })));
  assert.deepEqual(schema.map((row) => `${row.ColumnName} ${row.ColumnType} ${row.DataType}`), ["a long System.Int64", "b string System.String"]);
});

test("errors have Kusto's words, codes and place", async () => {
  const syntax = await refused(reader.execute(database, "OTelLogs | where ("));
  assert.equal(syntax.status, 400);
  assert.match(syntax["@message"], /Syntax error: SYN0002/);
  assert.equal(syntax["@permanent"], true);
  assert.equal(syntax.innererror.code, "SYN0002");
  const semantic = await refused(reader.execute(database, "OTelLogs\n| where Lvel == 1", options({}, {}, "test;semantic")));
  assert.match(semantic["@message"], /Semantic error: SEM0100: .*Lvel/);
  assert.equal(semantic.innererror["@line"], 2);
  assert.equal(semantic.innererror["@token"], "Lvel");
  assert.equal(semantic["@context"].clientRequestId, "test;semantic");
  assert.equal((await refused(reader.execute(database, "print 1", options({ truncationmaxrecords: "many" })))).status, 400);
  assert.equal((await refused(admin.execute(database, ".show table Nowhere cslschema"))).code, "BadRequest_EntityNotFound");
  assert.match((await refused(admin.execute(database, ".attach database X"))) ["@message"], /Syntax error: SYN0001/);
});

test("a result beyond its limit fails loudly", async () => {
  const text = "range n from 1 to 100 step 1";
  for (const [asked, limits] of [[text, { truncationmaxrecords: 10 }], [`set truncationmaxrecords=10; ${text}`, {}],
    ["range n from 1 to 600000 step 1", {}],
    ["range n from 1 to 5000 step 1 | extend t = strcat('some text ', n)", { truncationmaxsize: 100_000 }]]) {
    await assert.rejects(reader.execute(database, asked, options(limits)), /Kusto request had errors.*80DA0003.*E_QUERY_RESULT_SET_TOO_LARGE/s);
  }
  // Of version 1 the client looks at no status: it stands in the answer all the same.
  const first = await reader.executeQueryV1(database, text, options({ truncationmaxrecords: 10 }));
  const [status] = first.tables.find((table) => table.name === "QueryStatus").toJSON().data;
  assert.equal(status.Severity, 2);
  assert.match(status.StatusDescription, /80DA0003/);
  assert.equal(rows_of(await reader.execute(database, "range n from 1 to 600000 step 1", options({ notruncation: true }))).length, 600_000);
  // What there is stands before the failure; where that is deferred, the status says so.
  const raw = options({ truncationmaxrecords: 10 });
  raw.raw = true;
  const frames = await reader.execute(database, text, raw);
  const table = frames.find((frame) => frame.TableKind === "PrimaryResult");
  assert.equal(table.Rows.length, 11);
  assert.equal(table.Rows[10].OneApiErrors[0].error.code, "LimitsExceeded");
  const deferred = options({ truncationmaxrecords: 10, deferpartialqueryfailures: true });
  await assert.rejects(reader.execute(database, text, deferred), /E_QUERY_RESULT_SET_TOO_LARGE/);
});

test("progressive and fragmented answers", async () => {
  for (const [named, progressive] of [["results_progressive_enabled", true], ["results_v2_fragment_primary_tables", false]]) {
    const raw = options({ [named]: true });
    raw.raw = true;
    const frames = await reader.execute(database, "range n from 1 to 25000 step 1", raw);
    assert.equal(frames[0].IsProgressive, progressive);
    const kinds = frames.map((frame) => frame.FrameType);
    assert.equal(kinds.filter((kind) => kind === "TableFragment").length, 3);
    assert.equal(kinds.includes("TableProgress"), progressive);
    const numbers = frames.filter((frame) => frame.FrameType === "TableFragment").flatMap((frame) => frame.Rows.map(([n]) => n));
    assert.equal(numbers.length, 25_000);
    assert.equal(numbers.at(-1), 25_000);
    assert.equal(frames.find((frame) => frame.FrameType === "TableCompletion").RowCount, 25_000);
  }
  const whole = await reader.execute(database, "print 1", options({ results_progressive_enabled: false }));
  assert.equal(whole.dataSetHeader.IsProgressive, false);
});

const endless = "range a from 1 to 100000000 step 1 | extend k = a % 7 | join kind=inner (range b from 1 to 100000000 step 1 | extend k = b % 7) on k | summarize max(a * b)";

test("a query ends at its time limit", async () => {
  const limited = new ClientRequestProperties();
  limited.setTimeout(1000);
  const began = Date.now();
  const error = await refused(reader.execute(database, endless, limited));
  assert.equal(error.status, 504);
  assert.equal(error.code, "Timeout");
  assert.equal(error["@permanent"], false);
  assert.ok(Date.now() - began < 15_000, `${Date.now() - began} ms`);
});

const running = async (client) => rows_of(await client.execute(database, ".show running queries | where State == 'InProgress' and Text has 'summarize max'"));

test("a query is cancelled by a command", async () => {
  const asked = refused(reader.execute(database, endless, options({}, {}, "test;cancelled")));
  await until("the query runs", async () => (await running(admin)).length === 1);
  const answer = rows_of(await reader.execute(database, '.cancel query "test;cancelled"'));
  assert.deepEqual(answer, [{ ClientRequestId: "test;cancelled", RunningQueryCanceled: true, ReasonPhrase: "" }]);
  assert.equal((await asked).code, "Query_Canceled");
  const seen = rows_of(await reader.execute(database, '.show queries | where ClientActivityId == "test;cancelled" | project State, User, Text'));
  assert.equal(seen.length, 1);
  assert.equal(seen[0].State, "Canceled");
  // Somebody else's query is nobody's business.
  const other = connect(server.token("read"));
  assert.deepEqual(rows_of(await other.execute(database, '.show queries | where ClientActivityId == "test;cancelled"')), []);
  other.close();
});

test("a query ends when its client goes away", async () => {
  const { hostname, port } = new URL(server.url);
  const sent = http_request({ hostname, port, method: "POST", path: "/v2/rest/query" });
  sent.on("error", () => {});
  sent.end(JSON.stringify({ db: database, csl: endless }));
  await until("the query runs", async () => (await running(admin)).length === 1);
  sent.destroy();
  await until("the query ends", async () => (await running(admin)).length === 0, 15_000);
});

test("management commands", async () => {
  const ask = async (text) => rows_of(await admin.execute(database, text));
  assert.ok((await ask(".show databases")).some((row) => row.DatabaseName === database && row.IsCurrent === true));
  assert.equal((await ask(".show version"))[0].ServiceType, "Engine");
  const created = await ask(".create table Requests (Time:datetime, Path:string, Ms:long, Ok:bool, Took:timespan, More:dynamic)");
  assert.equal(JSON.parse(created[0].Schema).OrderedColumns.length, 6);
  assert.equal((await ask(".show table Requests cslschema"))[0].Schema, "Time:datetime,Path:string,Ms:long,Ok:bool,Took:timespan,More:dynamic");
  assert.deepEqual((await ask(".show tables")).map((row) => row.TableName).filter((name) => name === "Requests"), ["Requests"]);
  await ask('.ingest inline into table Requests <|\n2026-01-01T00:00:00Z,/,12,true,00:00:00.012,"{""a"":1}"');
  await ask(".create-or-alter function Slow(than:long=100) { Requests | where Ms > than }");
  assert.deepEqual(await ask(".show functions | where Name == 'Slow' | project Parameters"), [{ Parameters: "(than:long=100)" }]);
  const schema = JSON.parse((await ask(".show schema as json"))[0].DatabaseSchema).Databases.Rollcall;
  assert.equal(schema.Tables.Requests.OrderedColumns[2].CslType, "long");
  assert.equal(schema.Functions.Slow.InputParameters[0].CslDefaultValue, "100");
  await ask(".set-or-append Copies <| Requests | project Path, Ms");
  assert.deepEqual(rows_of(await reader.execute(database, "Copies | union (Slow(1) | project Path, Ms) | count")), [{ Count: 2 }]);
  writeFileSync(join(server.incoming, "copies.tsv"), "/file\t7\n");
  await ask(".ingest into table Copies ('copies.tsv') with (format='tsv')");
  assert.deepEqual(rows_of(await reader.execute(database, "Copies | where Ms == 7")), [{ Path: "/file", Ms: 7 }]);
  assert.ok(Array.isArray(await ask(".show cluster")) && (await ask(".show diagnostics"))[0].IsHealthy);
  await ask(".drop table Copies ifexists");
  await ask(".drop function Slow");
});

test("streaming ingestion, then a query", async () => {
  await admin.execute(database, ".create-merge table Events (At:datetime, Name:string, N:long, More:dynamic)");
  await admin.execute(database, `.create-or-alter table Events ingestion json mapping "m" '[{"column":"Name","path":"$.deep.name"},{"column":"N","path":"$.n"}]'`);
  const send = (text, format, more = {}) => loader.ingestFromStream(Readable.from([text]), { table: "Events", format, ...more });
  await send('2026-01-01T00:00:00Z,"a ""quoted"", one",1,"{""x"":1}"\n2026-01-02,b,2,\n', DataFormat.CSV);
  await send("2026-01-03\ttab\t3\t\n", DataFormat.TSV);
  await send("2026-01-04|pipe|4|\n", DataFormat.PSV);
  await send('{"At":"2026-01-05","Name":"json","N":5,"More":[1]}\n{"Name":"line","N":6}\n', DataFormat.JSON);
  await send('[{"Name":"multi",\n"N":7},\n{"Name":"json","N":8}]', DataFormat.MULTIJSON);
  await send('{"deep":{"name":"mapped"},"n":9}', DataFormat.JSON, { ingestionMappingReference: "m" });
  const rows = rows_of(await reader.execute(database, "Events | sort by N asc | project N, Name, At, More"));
  assert.deepEqual(rows.map((row) => `${row.N} ${row.Name}`), ['1 a "quoted", one', "2 b", "3 tab", "4 pipe", "5 json", "6 line", "7 multi", "8 json", "9 mapped"]);
  assert.deepEqual(rows[0].More, { x: 1 });
  assert.deepEqual(rows[0].At, new Date("2026-01-01T00:00:00Z"));
  for (const [text, format, more] of [["2026-01-01,bad,not a number,\n", DataFormat.CSV, {}], ["x", DataFormat.PARQUET, {}],
    ["x", DataFormat.CSV, { table: "Nowhere" }]]) {
    assert.equal((await refused(send(text, format, more))).status, 400);
  }
  const failures = rows_of(await admin.execute(database, ".show ingestion failures | project Table, Details"));
  assert.equal(failures.length, 3);
  assert.match(failures[0].Details, /not a number/);
  const reading = StreamingIngestClientFor(server.token("read"));
  assert.equal((await refused(reading.ingestFromStream(Readable.from(["x"]), { table: "Events", format: DataFormat.CSV }))).status, 403);
  reading.close();
  // Logs come in this way as well.
  await loader.ingestFromStream(
    Readable.from([JSON.stringify({ Timestamp: new Date().toISOString(), Environment: "prod", Role: "api", Region: "eu", Version: "1", Body: "up" })]),
    { table: "OTelLogs", format: DataFormat.JSON });
  assert.deepEqual(rows_of(await reader.execute(database, "Observations | project Environment, Version, Lines")), [{ Environment: "prod", Version: "1", Lines: 1 }]);
});

test("headers, gzip, and identifiers", async () => {
  const { hostname, port } = new URL(server.url);
  const sent = http_request({ hostname, port, method: "POST", path: "/v2/rest/query",
    headers: { "x-ms-client-request-id": "mine;1", "accept-encoding": "gzip" } });
  sent.end(JSON.stringify({ db: database, csl: "range n from 1 to 2000 step 1", properties: '{"Options":{"servertimeout":"00:01:00"}}' }));
  const [answer] = await once(sent, "response");
  answer.resume();
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["x-ms-client-request-id"], "mine;1");
  assert.match(answer.headers["x-ms-activity-id"], /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(answer.headers["content-encoding"], "gzip");
});
