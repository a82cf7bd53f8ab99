// Servers on the database that ROLLCALL_TEST_POSTGRESQL names, each with a data folder of its own and the same key.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after } from "node:test";

const rollcall = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "rollcall-two-"));
export const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

const servers = [];
after(() => {
  for (const child of servers) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

export async function start(name, flows) {
  const data = join(folder, name);
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "flow.key"), "the same key of thirty-two bytes");
  const configuration = join(data, "rollcall.toml");
  writeFileSync(
    configuration,
    `data = ${JSON.stringify(data)}\nport = 0\ndatabase = ${JSON.stringify(process.env.ROLLCALL_TEST_POSTGRESQL)}\n[flows]\n${flows}\n`,
  );
  const child = spawn(rollcall, ["serve", "--config", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  servers.push(child);
  const ended = new Promise((done) => child.on("exit", done));
  let said = "";
  const url = await new Promise((done, failed) => {
    child.stderr.on("data", (bytes) => {
      said += bytes;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) done(found[0]);
    });
    child.on("close", (code, signal) => failed(new Error(`${name} ended with ${code ?? signal}: ${said}`)));
  });
  const send = async (method, path, body) => {
    const answer = await fetch(url + path, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  return { url, send, said: () => said, end: (signal) => (child.removeAllListeners("close"), child.kill(signal), child.exitCode ?? ended) };
}
