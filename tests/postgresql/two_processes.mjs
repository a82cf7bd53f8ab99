// Two servers on one PostgreSQL database, of which one is killed with -9 while its runs are half done: the other
// takes them over, and every step was done exactly once. Started by two_processes.test.sh.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep, start } from "./servers.mjs";

const runs = 10;
const steps = 8;

// Writes an item, waits a second, and so on.
const definition = {
  triggers: { manual: { type: "Request" } },
  actions: {
    Step: { type: "InitializeVariable", inputs: { variables: [{ name: "step", type: "integer", value: 0 }] } },
    Again: {
      type: "Until",
      runAfter: { Step: ["Succeeded"] },
      expression: `@equals(variables('step'), ${steps})`,
      actions: {
        Write: {
          type: "OpenApiConnection",
          inputs: {
            host: { apiId: "/x/shared_sharepointonline", connectionName: "shared_sharepointonline", operationId: "PostItem" },
            parameters: { dataset: "here", table: "Steps", "item/Title": "@{triggerBody()?['run']}.@{variables('step')}" },
          },
        },
        Next: { type: "IncrementVariable", runAfter: { Write: ["Succeeded"] }, inputs: { name: "step", value: 1 } },
        Pause: { type: "Wait", runAfter: { Next: ["Succeeded"] }, inputs: { interval: { count: 1, unit: "Second" } } },
      },
    },
  },
};
const shared = "shared = true\nlease_seconds = 3";

test("the runs of a server that was killed are finished by the other, and nothing is done twice", async () => {
  // Both find an empty database, and make their tables, lists and flows in it.
  const [first, second] = await Promise.all([start("first", shared), start("second", shared)]);
  await first.send("POST", "/api/v1/lists", { name: "Steps", columns: [{ name: "Title" }] });
  await first.send("PUT", "/api/v1/flows/steps", { definition });
  await assert.rejects(start("third", ""), /STORE0109/);

  for (let run = 0; run < runs; run += 1) await (run % 2 ? second : first).send("POST", "/api/v1/flows/steps/runs", { run });
  await sleep(2500);
  first.end("SIGKILL");
  const killed = Date.now();
  const mine = async () => (await second.send("GET", "/api/v1/flows/steps/runs?top=100")).runs;
  for (let all = []; ; await sleep(200)) {
    all = await mine();
    if (all.length === runs && all.every((run) => run.status === "Succeeded")) break;
    assert.ok(Date.now() - killed < 60_000, JSON.stringify(all));
  }
  const items = (await second.send("GET", "/api/v1/lists/Steps/items?$top=1000")).value.map((item) => item.Title);
  assert.equal(new Set(items).size, items.length, "a step was done twice");
  assert.equal(items.length, runs * steps);
  console.log(`# ${runs} runs of ${steps} steps; the last ended ${((Date.now() - killed) / 1000).toFixed(1)} s after the kill`);

  // Who comes back takes part again, and who is told to stop leaves its runs to the other at once.
  const again = await start("first", shared);
  await again.send("POST", "/api/v1/flows/steps/runs", { run: "after" });
  await sleep(1500);
  await again.end("SIGTERM");
  const left = Date.now();
  while ((await mine()).some((run) => run.status !== "Succeeded")) {
    assert.ok(Date.now() - left < 30_000);
    await sleep(200);
  }
  assert.equal((await second.send("GET", "/api/v1/lists/Steps/items?$top=1000&$filter=startswith(Title,'after')")).value.length, steps);
  await second.end("SIGTERM");
});
