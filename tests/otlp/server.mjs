// A server of our own for the tests: its data in a scratch folder, on free ports of this machine.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
export const rollcall = resolve(process.argv[2] ?? join(root, "build/release/rollcall"));

export const scratch = () => mkdtempSync(join(tmpdir(), "rollcall-otlp-"));

// { url, otlp, pid, data, query(kql), kill(), stop() }; `more` goes into its configuration. On a data folder that is given, it is
// left there.
export async function start({ data, more = "", otlp = false } = {}) {
  const own = data === undefined;
  data ??= scratch();
  const configuration = join(data, "rollcall.toml");
  writeFileSync(configuration, `data = ${JSON.stringify(data)}\nport = 0\n${otlp ? "otlp_port = 0\n" : ""}${more}`);
  const server = spawn(rollcall, ["serve", "--config", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((done) => server.on("exit", done));
  let said = "";
  const found = await new Promise((done, failed) => {
    server.stderr.on("data", (bytes) => {
      said += bytes;
      const url = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      const port = said.match(/OTLP is taken on port (\d+)/);
      if (url && (port || !otlp)) done({ url: url[0], otlp: port && `http://127.0.0.1:${port[1]}` });
    });
    ended.then(() => failed(new Error(`the server ended: ${said}`)));
  });
  return {
    ...found,
    pid: server.pid,
    data,
    said: () => said,
    async query(kql) {
      const answer = await fetch(`${found.url}/api/v1/query`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ query: kql }),
      });
      const body = await answer.json();
      if (answer.status !== 200) throw new Error(JSON.stringify(body));
      return body.rows.map((row) => Object.fromEntries(body.columns.map((column, i) => [column.name, row[i]])));
    },
    async kill() {
      server.kill("SIGKILL");
      await ended;
    },
    async stop() {
      server.kill("SIGTERM");
      await ended;
      if (own && existsSync(data)) rmSync(data, { recursive: true, force: true });
    },
  };
}

export const rollcallCommand = (...given) => execFileSync(rollcall, given, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

export async function until(what, holds, patience_ms = 30_000) {
  const end = Date.now() + patience_ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}
