// Two servers on one PostgreSQL database: what is written through one starts runs of the trigger that polls the list
// every hour, at once, and each item starts one, whichever server is faster. Started by news.test.sh.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep, start } from "./servers.mjs";

const items = 40;
const definition = {
  triggers: {
    New: {
      type: "OpenApiConnection",
      recurrence: { frequency: "Hour", interval: 1 },
      splitOn: "@triggerOutputs()?['body/value']",
      inputs: {
        host: { apiId: "/x/shared_sharepointonline", connectionName: "shared_sharepointonline", operationId: "GetOnNewItems" },
        parameters: { dataset: "here", table: "Tasks" },
      },
    },
  },
  actions: {
    Note: {
      type: "OpenApiConnection",
      inputs: {
        host: { apiId: "/x/shared_sharepointonline", connectionName: "shared_sharepointonline", operationId: "PostItem" },
        parameters: { dataset: "here", table: "Seen", "item/Title": "@triggerBody()?['Title']" },
      },
    },
  },
};

test("a list that one server writes wakes the trigger of another", async () => {
  const first = await start("first", "shared = true");
  for (const name of ["Tasks", "Seen"]) await first.send("POST", "/api/v1/lists", { name, columns: [{ name: "Title" }] });
  await first.send("PUT", "/api/v1/flows/poll", { definition });
  const second = await start("second", "shared = true");
  await sleep(2500); // both have begun, and the trigger knows what is there
  const seen = async () => (await second.send("GET", "/api/v1/lists/Seen/items?$top=1000")).value.map((item) => item.Title);
  assert.deepEqual(await seen(), []);

  const delays = [];
  for (let item = 0; item < items; item += 1) {
    const written = Date.now();
    await (item % 2 ? first : second).send("POST", "/api/v1/lists/Tasks/items", { Title: `task ${item}` });
    if (item % 10 === 0) {
      for (; (await seen()).length <= item; await sleep(20)) assert.ok(Date.now() - written < 20_000, `item ${item} was not heard`);
      delays.push(Date.now() - written);
      await sleep(1100);
    }
  }
  for (const until = Date.now() + 10_000; (await seen()).length < items; await sleep(100)) assert.ok(Date.now() < until);
  await sleep(2500);
  const all = await seen();
  assert.equal(new Set(all).size, items);
  assert.equal(all.length, items, "an item started two runs");
  console.log(`# ${items} items; from the write of one to what its run wrote: ${delays.join(", ")} ms`);
  await first.end("SIGTERM");
  await second.end("SIGTERM");
});
