// Filters that mean harm, through SharePoint's door: each is refused with 400 or finds the right rows, and the
// server lives on.
//   node tests/sharepoint/hostile.test.mjs [build/release/rollcall]
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "../kusto/server.mjs";

let server, digest;
const rows = ["plain", "O'Neil", "100%", "a_b", "aXb", "--", "'; DROP TABLE list_1; --", '"quoted"', "\\", "é", "e\u0301", "😀", "", "*", "a/*b*/c"];

async function send(method, path, body) {
  const headers = { Accept: "application/json;odata=nometadata", "Content-Type": "application/json", "X-RequestDigest": digest ?? "" };
  return fetch(server.url + path, { method, headers, body: body && JSON.stringify(body) });
}
const list = "/_api/web/lists/getByTitle('Hostile')";
// The titles found, or the status.
async function find(filter, raw = false) {
  const answer = await send("GET", `${list}/items?$top=5000&$select=Title&$filter=${raw ? filter : encodeURIComponent(filter)}`);
  if (answer.status === 431) return 400;  // longer than a request's head may be
  const body = await answer.json();
  if (answer.status === 200) return body.value.map((item) => item.Title);
  assert.ok(body["odata.error"].message.value.length > 10);
  return answer.status;
}
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

before(async () => {
  server = await start();
  digest = (await (await send("POST", "/_api/contextinfo")).json()).FormDigestValue;
  assert.equal((await send("POST", "/_api/web/lists", { Title: "Hostile" })).status, 201);
  for (const field of [{ Title: "N", FieldTypeKind: 9 }, { Title: "At", FieldTypeKind: 4 }, { Title: "On", FieldTypeKind: 8 }]) {
    assert.equal((await send("POST", `${list}/fields`, field)).status, 201);
  }
  for (const [N, Title] of rows.entries()) assert.equal((await send("POST", `${list}/items`, { Title, N })).status, 201);
});
after(() => server.stop());

test("what is in quotes is a text and nothing else", async () => {
  for (const row of rows) assert.deepEqual(await find(`Title eq ${quoted(row)}`), [row]);
  for (const row of rows.filter(Boolean)) {
    const part = quoted(row);
    assert.deepEqual(await find(`substringof(${part},Title)`), rows.filter((one) => one.includes(row)), row);
    assert.deepEqual(await find(`startswith(Title,${part})`), rows.filter((one) => one.startsWith(row)), row);
  }
});

test("what tries to get out of its place is refused", async () => {
  const refused = [
    "Title eq 'x' or 1=1", "Title eq 'x'; DROP TABLE list_1", "Title eq 'x' --", "Title eq 'x' /* */ or true", "Title eq 'O'Neil'",
    "Title eq \"plain\"", "Title eq `plain`", "Title like '%'", "Title eq 'x' union select 1", "sqlite_version()", "$id eq 1", "\"$id\" eq 1",
    "list_1/Title eq 'x'", "Title eq ?1", "Title eq :a", "(select 1) eq 1", "load_extension('x')", "randomblob(9) eq 1", "Title eq 'x", "Title eq x'",
    "N eq 1e", "N eq 0x1", "N eq 1 2", "N gt 'a'", "At gt 'yesterday'", "At gt datetime'2026-02-30T00:00:00Z'", "On eq 2", "not", "()", ")(", "and",
    "Title eq 'a' and", "Title in ()()", "Title eq 'a\u0000b'", "concat(Title)", "substring(Title,'a')", "N div 'x' eq 1", "Items/any(x:x eq 1)",
    "cast(N,Edm.String) eq '1'", "geo.distance(N,N) lt 1", "Title eq $it", "@a eq 1", "N eq 99999999999999999999999999999999x",
  ];
  for (const filter of refused) assert.equal(await find(filter), 400, filter);
});

test("bad UTF-8 and bad encodings are refused", async () => {
  for (const filter of ["Title%20eq%20%27%FF%27", "Title%20eq%20%27%C3%27", "Title%20eq%20%27%ED%A0%80%27", "Title%20eq%20%27%C0%80%27"]) {
    const found = await find(filter, true);
    assert.ok(found === 400 || found.length === 0, filter);
  }
  assert.equal(await find("Title%20eq%20%27%00%27", true), 400);
});

test("numbers that leave their range are refused, or go on as floating ones", async () => {
  for (const filter of ["Id mul 9223372036854775807 gt 1", "Id add 9223372036854775807 gt 1", "N mul 1e308 mul 1e308 gt 1", "-(Id sub 9223372036854775807) gt 1"]) {
    const found = await find(filter);
    assert.ok(found === 400 || Array.isArray(found), `${filter}: ${found}`);
  }
  for (const filter of ["N div 0 eq 1", "N mod 0 eq 1", "Id divby 0 gt 1"]) assert.deepEqual(await find(filter), [], filter);
  assert.notEqual(await find("substring(Title,9223372036854775807) eq ''"), 500);
});

test("long chains are answered, deep nesting is refused", async () => {
  const chain = (count, word) => Array.from({ length: count }, (_, n) => `N eq ${n}`).join(` ${word} `);
  assert.equal((await find(chain(1200, "or"))).length, rows.length);
  assert.deepEqual(await find(chain(1200, "and")), []);
  assert.deepEqual(await find(`N in (${Array.from({ length: 2000 }, (_, n) => n + 1).join(",")}) and N le 1`), [rows[1]]);
  for (const depth of [100, 1000, 5000]) {
    const nested = await find("(".repeat(depth) + "N eq 1" + ")".repeat(depth));
    assert.ok(nested === 400 || nested.length === 1, `${depth} parentheses`);
    const negated = await find("not ".repeat(depth) + "(N eq 1)");
    assert.ok(negated === 400 || Array.isArray(negated), `${depth} nots`);
    const called = await find("tolower(".repeat(depth) + "Title" + ")".repeat(depth) + " eq 'plain'");
    assert.ok(called === 400 || called.length === 1, `${depth} calls`);
  }
  const long = await fetch(`${server.url}${list}/items?$filter=Title eq '${"x".repeat(60_000)}'`);
  assert.ok([400, 414, 431].includes(long.status));
});

test("other options are held to the schema as well", async () => {
  const refused = ["$orderby=Title;drop", "$orderby=(select 1)", "$orderby=Nope", "$select=Title,sqlite_master", "$select=%22$id%22", "$expand=Title",
    "$top=-1", "$top=1e9x", "$skiptoken=Paged=TRUE%26p_ID=x", "$filter=N eq 1&$filter=N eq 2", "$nope=1", "$orderby=Title desc,,N"];
  for (const query of refused) {
    const answer = await send("GET", `${list}/items?${query}`);
    assert.equal(answer.status, 400, query);
  }
  const paths = ["/_api/web/lists/getByTitle('x'')/items", "/_api/web/lists/getByTitle(@v)", "/_api/", "/_api/nope", "/_api/web/lists/getByTitle('Hostile')/items(1)/nope"];
  for (const path of paths) assert.equal((await send("GET", path)).status, 404, path);
  const bodies = ["{", "[]", '{"Title":1e999}', '{"Title":{"a":1}}', '{"N":"1; drop"}', `{"Title":"${"x".repeat(300)}"}`];
  for (const body of bodies) {
    const answer = await fetch(`${server.url}${list}/items`, { method: "POST", body, headers: { "X-RequestDigest": digest } });
    assert.equal(answer.status, 400, body.slice(0, 40));
  }
  assert.equal((await find("true")).length, rows.length);
});
