// @pnp/sp, the client of SharePoint that people use, against our lists: in each of the four forms that it asks
// answers in, with a form digest and with a token.
//   node tests/sharepoint/client.test.mjs [build/release/rollcall]
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RequestDigest, spfi } from "@pnp/sp";
import { SPDefault } from "@pnp/nodejs";
import "@pnp/sp/batching.js";
import "@pnp/sp/webs/index.js";
import "@pnp/sp/lists/index.js";
import "@pnp/sp/fields/index.js";
import "@pnp/sp/items/index.js";
import "@pnp/sp/recycle-bin/index.js";
import "@pnp/sp/sites/index.js";
import "@pnp/sp/site-users/web.js";
import { start } from "../kusto/server.mjs";

let server;
before(async () => (server = await start()));
after(() => server.stop());

const forms = {
  "no form named": null,
  nometadata: "application/json;odata=nometadata",
  minimalmetadata: "application/json;odata=minimalmetadata",
  verbose: "application/json;odata=verbose",
};

// A client of the site, below a path as SharePoint has them.
function client({ accept, token } = {}) {
  const site = spfi(`${server.url}/sites/fleet`).using(SPDefault({ baseUrl: `${server.url}/sites/fleet` }), RequestDigest());
  if (accept) site.using(headers({ Accept: accept }));
  if (token) site.using(headers({ Authorization: `Bearer ${token}` }));
  return site;
}
const headers = (more) => (instance) => {
  instance.on.pre(async (url, init, result) => [url, { ...init, headers: { ...init.headers, ...more } }, result]);
  return instance;
};
// The status and SharePoint's code of what failed.
async function refusal(work) {
  try {
    await work();
  } catch (error) {
    const body = await error.response?.clone().json();
    const inner = body?.["odata.error"] ?? body?.error;
    return { status: error.status, code: inner?.code, message: inner?.message?.value };
  }
  assert.fail("it was not refused");
}
const ids = (items) => items.map((item) => item.Id);
const etag = (item) => item["odata.etag"] ?? item.__metadata?.etag;

for (const [name, accept] of Object.entries(forms)) {
  test(`a list from its making to its end, ${name}`, async () => {
    const title = `Deployment history of ${name}`;
    const site = client({ accept });
    const lists = site.web.lists;

    await lists.add(title, "what was deployed", 100, false, { EnableVersioning: true });
    const again = await refusal(() => lists.add(title));
    assert.equal(again.status, 500);
    assert.match(again.code, /^-2130575342/);
    const list = lists.getByTitle(title);
    await lists.ensure(title);

    await list.fields.addText("DeployKey", { MaxLength: 120, Required: true, Indexed: true, EnforceUniqueValues: true });
    await list.fields.addNumber("Build", { MinimumValue: 0 });
    await list.fields.addDateTime("DeployedAt");
    await list.fields.addChoice("Stage", { Choices: ["Dev", "Test", "Prod"] });
    await list.fields.addMultiChoice("Tags", { Choices: ["a", "b", "c"] });
    await list.fields.addBoolean("Active");
    await list.fields.addMultilineText("Notes");
    await list.fields.addCurrency("Cost");
    await list.fields.addUrl("Page");
    await list.fields.addUser("Owner", {});
    await list.fields.createFieldAsXml("<Field DisplayName='Owner mail' Name='OwnerMail' Type='Text' MaxLength='100'/>");
    await list.fields.getByInternalNameOrTitle("Build").update({ Indexed: true });
    const fields = await list.fields.select("InternalName", "TypeAsString", "Indexed").filter("Hidden eq false")();
    const build = fields.find((field) => field.InternalName === "Build");
    assert.deepEqual([build.TypeAsString, build.Indexed], ["Number", true]);
    assert.equal((await list.select("Title", "ItemCount")()).ItemCount, 0);

    const first = await list.items.add({
      Title: "O'Neil & Söhne 100%",
      DeployKey: "k-1",
      Build: 1,
      DeployedAt: new Date("2026-01-02T03:04:05.000Z").toISOString(),
      Stage: "Dev",
      Tags: accept?.includes("verbose") ? { results: ["a", "b"] } : ["a", "b"],
      Active: true,
      Notes: 'line1\nline2 "q" 😀',
      Cost: 2.5,
      Page: { Url: "https://example.org/", Description: "page" },
    });
    assert.equal(first.Id, 1);
    const unknown = await refusal(() => list.items.add({ Title: "x", DeployKey: "k-x", Nope: 1 }));
    assert.equal(unknown.status, 400);
    assert.match(unknown.code, /InvalidClientQueryException/);
    const twice = await refusal(() => list.items.add({ Title: "x", DeployKey: "k-1" }));
    assert.equal(twice.status, 500);
    assert.match(twice.code, /^-2130575169, Microsoft.SharePoint.SPDuplicateValuesFoundException/);

    const [batch, send] = site.batched();
    const batched = batch.web.lists.getByTitle(title);
    const added = [];
    for (let n = 2; n <= 26; n += 1) {
      const stage = ["Dev", "Test", "Prod"][n % 3];
      const day = String(n).padStart(2, "0");
      added.push(
        batched.items.add({ Title: `Item ${n}`, DeployKey: `k-${n}`, Build: n, Stage: stage, Active: n % 2 === 0, DeployedAt: `2026-01-${day}T00:00:00Z` }),
      );
    }
    const collides = refusal(() => batched.items.add({ Title: "x", DeployKey: "k-2" }));
    await send();
    assert.deepEqual(ids(await Promise.all(added)), Array.from({ length: 25 }, (_, n) => n + 2));
    assert.equal((await collides).status, 500);
    assert.equal((await list.select("ItemCount")()).ItemCount, 26);

    const found = async (filter) => ids(await list.items.select("Id", "Title").filter(filter).orderBy("Id")());
    assert.deepEqual(await found("DeployKey eq 'k-5'"), [5]);
    assert.deepEqual(await found("Title eq 'O''Neil & Söhne 100%'"), [1]);
    assert.deepEqual(await found("Build gt 3 and Build le 6"), [4, 5, 6]);
    assert.deepEqual(await found("Build eq 2 or Build eq 4 and Stage eq 'Dev'"), [2]);
    assert.deepEqual(await found("(Build eq 2 or Build eq 4) and Stage eq 'Prod'"), [2]);
    assert.deepEqual(await found("Stage ne 'Prod' and Build lt 6"), [1, 3, 4]);
    assert.deepEqual(await found("startswith(DeployKey,'k-2') and Build gt 21"), [22, 23, 24, 25, 26]);
    assert.deepEqual(await found("substringof('eil',Title)"), [1]);
    assert.deepEqual(await found("DeployedAt ge datetime'2026-01-24T00:00:00Z'"), [24, 25, 26]);
    assert.deepEqual(await found("DeployedAt ge '2026-01-24T00:00:00.000Z'"), [24, 25, 26]);
    assert.deepEqual(await found("Active eq 1 and Build lt 5"), [1, 2, 4]);
    assert.deepEqual(await found("Active eq false and Build lt 7"), [3, 5]);
    assert.deepEqual(await found("Notes eq null and Build lt 4"), [2, 3]);
    assert.deepEqual(await found("Notes ne null"), [1]);
    assert.deepEqual(await found("Tags eq 'b'"), [1]);
    assert.equal((await refusal(() => found("Title eq 'O'Neil'"))).status, 400);
    assert.equal((await refusal(() => found("Nope eq 1"))).status, 400);

    const ordered = await list.items.select("Id", "Build").orderBy("Stage").orderBy("Build", false).top(3)();
    assert.deepEqual(ordered.map((item) => item.Build), [24, 21, 18]);
    const authors = await list.items.select("Id", "Author/Title", "Author/EMail").expand("Author").top(1)();
    assert.equal(authors[0].Author.Title, "local");

    const one = await list.items.getById(1)();
    const tags = one.Tags.results ?? one.Tags;
    assert.deepEqual(
      [one.Title, one.Build, one.Active, one.Notes, tags, one.Cost, one.Page.Url],
      ["O'Neil & Söhne 100%", 1, true, 'line1\nline2 "q" 😀', ["a", "b"], 2.5, "https://example.org/"],
    );
    await list.items.getById(1).update({ Build: 100 });
    const current = await list.items.getById(1)();
    assert.equal(current.Build, 100);
    assert.equal(etag(current) === undefined, name === "nometadata");
    assert.equal(current.__metadata === undefined, name !== "verbose");
    if (etag(current)) {
      const updated = await list.items.getById(1).update({ Build: 101 }, etag(current));
      assert.notEqual(updated.etag, etag(current));
      const stale = await refusal(() => list.items.getById(1).update({ Build: 102 }, etag(current)));
      assert.equal(stale.status, 412);
      await list.items.getById(1).update({ Build: 103 }, updated.etag);
    }
    const foreign = await refusal(() => list.items.getById(1).update({ Build: 0 }, '"00000000-0000-0000-0000-000000000000,1"'));
    assert.equal(foreign.status, 412);
    const versions = await list.items.getById(1).versions();
    assert.equal(versions[0].IsCurrentVersion, true);
    assert.deepEqual([versions.at(-1).VersionLabel, versions.at(-1).Build], ["1.0", 1]);

    const pages = [];
    for await (const page of list.items.select("Id").top(10)) pages.push(ids(page));
    assert.deepEqual(pages.map((page) => page.length), [10, 10, 6]);
    assert.deepEqual(pages.flat(), Array.from({ length: 26 }, (_, n) => n + 1));
    const after5 = await list.items.select("Id").top(2).using(skiptoken("Paged=TRUE&p_ID=5"))();
    assert.deepEqual(ids(after5), [6, 7]);

    const caml = await list.getItemsByCAMLQuery({
      ViewXml:
        "<View><Query><Where><And><Eq><FieldRef Name='Stage'/><Value Type='Text'>Prod</Value></Eq>" +
        "<Lt><FieldRef Name='Build'/><Value Type='Number'>9</Value></Lt></And></Where>" +
        "<OrderBy><FieldRef Name='Build' Ascending='FALSE'/></OrderBy></Query></View>",
    });
    assert.deepEqual(ids(caml), [8, 5, 2]);
    const stream = await list.renderListDataAsStream({ ViewXml: "<View><RowLimit Paged='TRUE'>5</RowLimit></View>" });
    assert.deepEqual(stream.Row.map((row) => row.ID), ["1", "2", "3", "4", "5"]);
    assert.match(stream.NextHref, /^\?Paged=TRUE&p_ID=5/);

    const token = (await list.select("CurrentChangeToken")()).CurrentChangeToken;
    await list.items.getById(3).update({ Build: 33 });
    await list.items.getById(4).delete();
    const changes = await list.getChanges({ Add: true, Update: true, DeleteObject: true, Item: true, ChangeTokenStart: token });
    assert.deepEqual(changes.map((change) => [change.ChangeType, change.ItemId]), [[2, 3], [3, 4]]);

    await list.items.getById(2).recycle();
    assert.equal((await refusal(() => list.items.getById(2)())).status, 404);
    const mine = await refusal(() => list.items.getById(5).delete('"00000000-0000-0000-0000-000000000000,1"'));
    assert.equal(mine.status, 412);
    assert.equal((await refusal(() => list.items.getById(99999)())).status, 404);
    assert.equal((await refusal(() => lists.getByTitle("No such list")())).status, 404);
    await list.fields.getByInternalNameOrTitle("OwnerMail").delete();
    await list.delete();
    assert.equal((await refusal(() => list())).status, 404);
  });
}

const skiptoken = (token) => (instance) => {
  instance.query.set("$skiptoken", token);
  return instance;
};

test("look-ups show what they point at, and people are named", async () => {
  const site = client();
  await site.web.lists.add("Teams");
  const teams = site.web.lists.getByTitle("Teams");
  await teams.items.add({ Title: "Core" });
  await teams.items.add({ Title: "Portal" });
  const { Id } = await teams.select("Id")();
  await site.web.lists.add("Services");
  const services = site.web.lists.getByTitle("Services");
  await services.fields.addLookup("Team", { LookupListId: Id, LookupFieldName: "Title" });
  await services.fields.addUser("Owner", {});
  const ada = await site.web.ensureUser("ada@example.org");
  await services.items.add({ Title: "web", TeamId: 2, OwnerId: ada.Id ?? ada.data.Id });
  await services.items.add({ Title: "db", TeamId: 1 });
  const items = await services.items.select("Id", "Team/Title", "Owner/EMail").expand("Team", "Owner").filter("Team/Title eq 'Portal'")();
  assert.deepEqual([items.length, items[0].Team.Title, items[0].Owner.EMail], [1, "Portal", "ada@example.org"]);
  assert.equal((await services.items.filter("TeamId eq 1")()).length, 1);
  assert.equal((await services.items.getById(2)()).TeamId, 1);
  assert.equal((await refusal(() => services.items.select("Team/Title")())).status, 400);
  assert.equal((await refusal(() => teams.delete())).status, 400);  // it is looked up into
});

for (const [name, accept] of Object.entries(forms)) {
  test(`columns are calculated from others, ${name}`, async () => {
    const site = client({ accept });
    const title = `Orders of ${name}`;
    await site.web.lists.add(title);
    const list = site.web.lists.getByTitle(title);
    await list.fields.addNumber("Price");
    await list.fields.addNumber("Quantity");
    await list.items.add({ Title: "before", Price: 2, Quantity: 4 });
    await list.fields.addCalculated("Total", { Formula: "=[Price]*[Quantity]", OutputType: 9 });
    await list.fields.createFieldAsXml(
      "<Field Type='Calculated' DisplayName='Size' Name='Size' ResultType='Text'><Formula>=IF([Total]&gt;10,\"large\",\"small\")</Formula></Field>",
    );
    await list.items.add({ Title: "after", Price: 3, Quantity: 5 });
    const items = await list.items.select("Title", "Total", "Size").filter("Total gt 1").orderBy("Total", false)();
    assert.deepEqual(items.map((item) => [item.Title, item.Total, item.Size]), [["after", 15, "large"], ["before", 8, "small"]]);
    const field = await list.fields.getByInternalNameOrTitle("Total")();
    assert.deepEqual([field.FieldTypeKind, field.TypeAsString, field.Formula, field.OutputType, field.ReadOnlyField], [17, "Calculated", "=[Price]*[Quantity]", 9, true]);
    await list.fields.getByInternalNameOrTitle("Total").update({ Formula: "=[Price]+[Quantity]" });
    assert.deepEqual((await list.items.filter("Size eq 'small'")()).map((item) => item.Total), [6, 8]);
    const wrong = await refusal(() => list.fields.addCalculated("Wrong", { Formula: "=[Prise]*2", OutputType: 9 }));
    assert.equal(wrong.status, 400);
    assert.match(wrong.message, /at character 2: there is no column 'Prise'; did you mean 'Price'\?/);
    assert.equal((await refusal(() => list.items.add({ Title: "set", Total: 1 }))).status, 400);
    await list.delete();
  });
}

test("a view's rows, whoever asks, and what was thrown away", async () => {
  const site = client();
  await site.web.lists.add("Tasks");
  const list = site.web.lists.getByTitle("Tasks");
  await list.fields.addDateTime("Due");
  await list.fields.addUser("Owner", {});
  await list.fields.addMultiChoice("Tags", { Choices: ["a", "b"] });
  const ada = await site.web.ensureUser("ada@example.org");
  const owner = ada.Id ?? ada.data.Id;
  for (let number = 1; number <= 7; number += 1)
    await list.items.add({ Title: `task ${number}`, Due: "2026-03-01T10:00:00Z", ...(number % 2 ? { OwnerId: owner } : {}), Tags: number < 3 ? ["a", "b"] : ["b"] });
  const caml = async (condition) => (await list.getItemsByCAMLQuery({ ViewXml: `<View><Query><Where>${condition}</Where></Query></View>` })).map((item) => item.Id);
  // The person who asks, a person by number, and one of several choices.
  assert.equal((await caml("<Eq><FieldRef Name='Author'/><Value Type='Integer'><UserID/></Value></Eq>")).length, 7);
  assert.deepEqual(await caml("<Eq><FieldRef Name='Owner'/><Value Type='Integer'><UserID/></Value></Eq>"), []);
  assert.deepEqual(await caml(`<Eq><FieldRef Name='Owner' LookupId='TRUE'/><Value Type='Integer'>${owner}</Value></Eq>`), [1, 3, 5, 7]);
  assert.deepEqual(await caml("<Includes><FieldRef Name='Tags'/><Value Type='Text'>a</Value></Includes>"), [1, 2]);

  const view = { ViewXml: "<View><ViewFields><FieldRef Name='Title'/><FieldRef Name='Due'/><FieldRef Name='Owner'/></ViewFields><RowLimit Paged='TRUE'>3</RowLimit></View>" };
  const first = await list.renderListDataAsStream(view);
  assert.deepEqual([first.FirstRow, first.LastRow, first.Row.length], [1, 3, 3]);
  assert.equal(first.Row[0]["Due."], "2026-03-01T10:00:00Z");
  assert.equal(first.Row[0].Owner[0].email, "ada@example.org");
  const second = await list.renderListDataAsStream({ ...view, Paging: first.NextHref.slice(1) });
  assert.deepEqual([second.FirstRow, second.LastRow, second.Row.map((row) => row.ID)], [4, 6, ["4", "5", "6"]]);
  const more = await list.renderListDataAsStream({ ...view, RenderOptions: 2 | 64 });
  assert.equal(more.ListData.Row.length, 3);

  const thrown = await list.items.getById(2).recycle();
  await list.items.getById(3).recycle();
  const bin = await site.web.recycleBin();
  assert.deepEqual(bin.map((one) => one.Title).sort(), ["task 2", "task 3"]);
  await site.web.recycleBin.getById(thrown).restore();
  assert.equal((await list.items.getById(2)()).Title, "task 2");
  await site.web.recycleBin.restoreAll();
  assert.equal((await site.web.recycleBin()).length, 0);
  assert.equal((await list.items()).length, 7);
  // What is purged is gone, and stays gone.
  const purged = await list.items.getById(2).recycle();
  await list.items.getById(3).recycle();
  await list.items.getById(4).recycle();
  await site.web.recycleBin.getById(purged).delete();
  assert.deepEqual((await site.web.recycleBin()).map((one) => one.Title).sort(), ["task 3", "task 4"]);
  assert.equal((await refusal(() => site.web.recycleBin.getById(purged).restore())).status, 404);
  assert.equal((await refusal(() => site.web.recycleBin.moveAllToSecondStage())).status, 400);
  await site.site.recycleBin.deleteAll();
  assert.equal((await site.site.recycleBin()).length, 0);
  assert.equal((await list.items()).length, 4);
  assert.equal((await list.items.add({ Title: "next" })).Id, 8);
  await list.delete();
});

test("a token stands for a digest, and its scopes count", async () => {
  const reader = client({ token: server.token("read") });
  const writer = client({ token: server.token("read,write") });
  await writer.web.lists.add("Tokens' list");
  await writer.web.lists.getByTitle("Tokens' list").items.add({ Title: "x" });
  assert.equal((await reader.web.lists.getByTitle("Tokens' list").items()).length, 1);
  assert.equal((await refusal(() => reader.web.lists.getByTitle("Tokens' list").items.add({ Title: "y" }))).status, 403);
  // As in /api/v1: what takes all items along needs more than writing.
  assert.equal((await refusal(() => writer.web.lists.getByTitle("Tokens' list").delete())).status, 403);
  await client({ token: server.token("read,write,admin") }).web.lists.getByTitle("Tokens' list").delete();
});

test("without a digest and without a token nothing is written", async () => {
  const answer = await fetch(`${server.url}/_api/web/lists`, { method: "POST", body: '{"Title":"x"}', headers: { Accept: "application/json" } });
  assert.equal(answer.status, 403);
  assert.match((await answer.json())["odata.error"].code, /^-2130575252/);
});
