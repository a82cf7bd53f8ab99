// What no client sends in good faith: node tests/kusto/hostile.test.mjs path/to/rollcall [SEED]
// Every answer is one of ours (a status below 500, an error that says why), and the server still answers at the end.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "./server.mjs";

let server;
before(async () => {
  server = await start();
  for (const csl of [".create table T (a:long, b:string, c:dynamic)", '.ingest inline into table T <|\n1,one,"{""x"":1}"\n2,two,']) {
    assert.equal((await send("/v1/rest/mgmt", JSON.stringify({ csl }))).status, 200);
  }
});
after(() => server?.stop());

async function send(path, body, headers = {}, method = "POST") {
  const answer = await fetch(server.url + path, { method, body, headers });
  return { status: answer.status, text: await answer.text() };
}
const ask = (csl, properties) => send("/v2/rest/query", JSON.stringify({ db: "Rollcall", csl, properties }));
const command = (csl) => send("/v1/rest/mgmt", JSON.stringify({ db: "Rollcall", csl }));

// Refused with a document that says why.
function assert_refused(answer, what, statuses = [400]) {
  assert.ok(statuses.includes(answer.status), `${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
  const { error } = JSON.parse(answer.text);
  assert.ok(error.code && error["@message"], `${what}: ${answer.text.slice(0, 300)}`);
}

test("bodies that are no requests", async () => {
  const deep = "[".repeat(100_000);
  for (const body of ["", "null", "[]", "1", '"x"', "{", "{}", '{"csl":null}', '{"csl":1}', '{"csl":""}', '{"csl":"   "}', '{"csl":{"a":1}}', deep,
    `{"csl":"print 1","properties":${deep}`, '{"csl":"print 1","properties":"{"}', '{"csl":"print 1","properties":"[]"}', '{"csl":"print 1","properties":7}',
    '\xff\xfe{"csl":"print 1"}', '{"csl":"print 1"} trailing', '{"csl":"print \\ud800"}x']) {
    for (const path of ["/v1/rest/query", "/v2/rest/query", "/v1/rest/mgmt"]) assert_refused(await send(path, body), `${path} ${body.slice(0, 60)}`);
  }
});

test("properties that are none", async () => {
  for (const [name, value] of [["servertimeout", "-1s"], ["servertimeout", "soon"], ["servertimeout", {}], ["truncationmaxrecords", 0], ["truncationmaxrecords", -5],
    ["truncationmaxrecords", "1e99"], ["truncationmaxsize", []], ["query_now", "tomorrow"], ["notruncation", "perhaps"], ["query_language", "sql"],
    ["query_take_max_records", 9e99]]) {
    assert_refused(await ask("print 1", { Options: { [name]: value } }), `${name} = ${JSON.stringify(value)}`);
  }
  for (const properties of [{ Options: 1 }, { Options: { "": "", x: null } }, { Parameters: [] }, { ClientRequestId: 5 }, {}]) {
    assert.equal((await ask("print 1", properties)).status, 200, JSON.stringify(properties));
  }
  // What is answered in a header stays in it.
  const broken = { ClientRequestId: "x\r\nContent-Type: text/html\r\n\r\n<b>" };
  assert_refused(await ask("print 1", broken), "a request id of several lines");
  const link = await send(`/v2/rest/query?csl=print+1&properties=${encodeURIComponent(JSON.stringify(broken))}`, undefined, {}, "GET");
  assert_refused(link, "the same in a link");
  // A parameter's text is a value, and never more of the query.
  const inside = await ask("declare query_parameters(n:string); print n", { Parameters: { n: "1); T | take 1 //" } });
  assert.ok(inside.text.includes('"1); T | take 1 //"'));
});

test("no query writes, reads files, or loads anything", async () => {
  for (const csl of ["T; DROP TABLE T", "print 1; INSERT INTO T VALUES (1)", "COPY T TO '/tmp/x.csv'", "ATTACH '/tmp/x.db'", "INSTALL httpfs", "LOAD httpfs",
    "print read_text('/etc/passwd')", "read_csv('/etc/passwd')", "evaluate read_csv('/etc/passwd')", "externaldata(a:string)['file:///etc/passwd']",
    "print getenv('PATH')", "PRAGMA database_list", "['/etc/passwd']", "duckdb_settings()", "['$columns']", "['$format'] | take 1", "sqlite_master",
    "evaluate http_request('http://127.0.0.1:1/')", "evaluate sql_request('x','y')", "cluster('other').database('x').T", "T | project rowid"]) {
    assert_refused(await ask(csl), csl);
  }
  // Texts that look like SQL are texts.
  const quoted = await ask(`print x = "'; DROP TABLE \\"T\\"; --" | where x !has "$1"`);
  assert.equal(quoted.status, 200);
  assert.ok(quoted.text.includes("DROP TABLE"));
  for (const csl of [".ingest into table T ('/etc/passwd')", ".ingest into table T ('../rollcall.db')", ".ingest into table T (@'\\\\..\\\\x')", ".drop table OTelLogs",
    ".create table ['$keys'] (a:long)", ".create table T (['$ingestion']:long, ['a\"']:long) with (folder='x'", ".execute database script <| .drop table T"]) {
    assert_refused(await command(csl), csl);
  }
  const seen = await ask("T | count");
  assert.equal(JSON.parse(seen.text).find((frame) => frame.TableKind === "PrimaryResult").Rows[0][0], 2);
  assert.ok(existsSync(join(server.data, "rollcall.db")));
});

test("texts too deep and too long are refused at once", async () => {
  for (const csl of ["(".repeat(50_000) + "1" + ")".repeat(50_000), "print " + "-".repeat(100_000) + "1", "T" + " | where a > 0".repeat(20_000), "print 'x" + "x".repeat(2_000_000),
    "print dynamic(" + "[".repeat(20_000) + "]".repeat(20_000) + ")", "let f = (n:long) { f(n) }; print f(1)", "print strrep('x', 2000000000)",
    "print x = '" + "\\u0000".repeat(1000) + "' | where x matches regex '('", "let a=1;".repeat(30_000) + "print a"]) {
    const began = Date.now();
    const answer = await ask(csl, { Options: { servertimeout: "00:00:20" } });
    assert.ok(answer.status < 500 || answer.status === 504, `${csl.slice(0, 40)}: ${answer.status} ${answer.text.slice(0, 200)}`);
    assert.ok(Date.now() - began < 60_000, csl.slice(0, 40));
  }
});

test("many short records are read once", async () => {
  const begun = Date.now();
  const answer = await send("/v1/rest/ingest/Rollcall/T?streamFormat=csv", "7,a\r".repeat(300_000));
  assert.equal(answer.status, 200, answer.text.slice(0, 200));
  assert.ok(Date.now() - begun < 60_000, "a record is not as dear as all of them");
  assert.equal((await command(".clear table T data")).status, 200);
});

test("streams that are none", async () => {
  const into = (format, body, headers = {}, table = "T") => send(`/v1/rest/ingest/Rollcall/${table}?streamFormat=${format}`, body, headers);
  for (const [format, body, headers, table] of [["csv", '1,"not closed'], ["csv", "1,2,3,4,5"], ["csv", "x"], ["json", "{"], ["json", "[1]"], ["json", '{"a":{}}'],
    ["multijson", '{"a":1}}'], ["multijson", "[[[["], ["multijson", '{"a":' + "[".repeat(5000)], ["avro", "Obj"], ["", "1"], ["csv", "1,a,", {}, "Nowhere"],
    ["csv", "1,a,", {}, "Observations"], ["csv", "1", {}, "%24keys"], ["csv", "yesterday,,,,,,,,,,,,,,", {}, "OTelLogs"], ["json", '{"Body":"no time"}', {}, "OTelLogs"]]) {
    assert_refused(await into(format, body, headers, table), `${format} ${body.slice(0, 40)} ${table ?? ""}`);
  }
  assert_refused(await send("/v1/rest/ingest/Rollcall/T?streamFormat=csv&sourceKind=uri", '{"sourceUri":"http://127.0.0.1:1/"}'), "a URI");
  assert_refused(await send("/v1/rest/ingest/Rollcall/T?streamFormat=json&mappingName=nope", "{}"), "a mapping that is none");
  // Packed data that is cut off, that is none, and that unpacks to more than a body may be.
  const packed = gzipSync("3,three,\n");
  for (const body of [packed.subarray(0, 15), Buffer.from("no gzip at all"), gzipSync(Buffer.alloc(80 << 20))]) {
    assert.ok([400, 413].includes((await into("csv", body, { "Content-Encoding": "gzip" })).status));
  }
  const odd = await into("csv", Buffer.from([0x31, 0x2c, 0xff, 0xfe, 0x00, 0x2c, 0x0a]));
  assert.equal(odd.status, 200, odd.text);  // wrong bytes become U+FFFD
  assert.equal((await ask("T | where b has '\ufffd' | count")).status, 200);
});

// Small changes of good requests, the same ones for the same seed.
test("requests that were damaged", async () => {
  let seed = Number(process.argv[3] ?? 1);
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const good = ["T | where a > 1 and b has 'o' | summarize n=count(), any(b) by bin(a, 2) | sort by n desc | take 5",
    "declare query_parameters(n:long=1); let f = (x:long) { T | where a == x }; f(n) | extend y = c.x | project y",
    "T | make-series s=sum(a) default=0 on a from 0 to 10 step 1 | mv-expand s to typeof(long)", "T | parse b with 'o' rest:string | evaluate bag_unpack(c)",
    "set notruncation; range x from 1 to 5 step 1 | join kind=leftouter (T) on $left.x == $right.a", ".show table T schema as json | project Schema",
    ".ingest inline into table T with (format='csv') <|\n9,nine,{}", ".alter table T policy retention '{\"SoftDeletePeriod\":\"365.00:00:00\"}'",
    ".delete table T records with (whatif=true) <| T | where a > 1", ".create-or-alter function with (folder='f') F(x:long) { T | where a == x }",
    ".show queries | where State == 'Failed' | summarize count() by ErrorCode=FailureReason", ".create table T ingestion json mapping 'm' '[{\"column\":\"a\",\"path\":\"$.a\"}]'"];
  const pieces = ["'", '"', "(", ")", "[", "]", "{", "}", "|", ";", "<|", "\\", "\u0000", "$", ",", "=", "by", "where", "9999999999999999999", "null", "\ud83d\ude00", "//", "```", "dynamic("];
  for (let i = 0; i < 1_500; i += 1) {
    let text = good[random(good.length)];
    for (let changes = 1 + random(3); changes > 0; changes -= 1) {
      const at = random(text.length), length = random(8);
      text = random(2) === 0 ? text.slice(0, at) + text.slice(at + length) : text.slice(0, at) + pieces[random(pieces.length)] + text.slice(at);
    }
    const answer = text.trim().startsWith(".") ? await command(text) : await ask(text, { Options: { servertimeout: "00:00:10" } });
    assert.ok(answer.status < 500, `${JSON.stringify(text)}: ${answer.status} ${answer.text.slice(0, 300)}`);
    JSON.parse(answer.text);
  }
});

test("connections that break off", async () => {
  const { hostname, port } = new URL(server.url);
  const body = JSON.stringify({ csl: "range x from 1 to 100000 step 1" });
  const request = `POST /v2/rest/query HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  for (let length = 1; length <= request.length; length += 7) {
    await new Promise((done) => {
      const socket = connect(Number(port), hostname, () => socket.write(request.slice(0, length), () => socket.destroy()));
      socket.on("close", done);
      socket.on("error", () => {});
    });
  }
  assert.equal((await ask("print 1")).status, 200);
});
