// A server of our own for the tests: its data in a scratch folder, on a free port of this machine.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");
const rollcall = resolve(process.argv[2] ?? join(root, "build/release/rollcall"));

// The lists are in a new schema of the PostgreSQL server that the tests have, if they have one (with_postgresql.sh).
let schemas = 0;
export function databaseLine() {
  const server = process.env.ROLLCALL_TEST_POSTGRESQL;
  if (!server) return "";
  const schema = `server_${process.pid}_${(schemas += 1)}`;
  execFileSync("psql", ["-q", server, "-c", `CREATE SCHEMA ${schema}`]);
  return `database = ${JSON.stringify(`${server} options='-c search_path=${schema}'`)}\n`;
}

// { url, pid, data, incoming, token(scopes), rollcall(...arguments), stop() }; `more` goes into its configuration.
export async function start(more = "") {
  const data = mkdtempSync(join(tmpdir(), "rollcall-kusto-"));
  const incoming = join(data, "incoming");
  mkdirSync(incoming);
  const configuration = join(data, "rollcall.toml");
  writeFileSync(configuration, `data = ${JSON.stringify(data)}\nport = 0\ningest_folder = ${JSON.stringify(incoming)}\n${databaseLine()}${more}`);
  const server = spawn(rollcall, ["serve", "--config", configuration], { stdio: ["ignore", "ignore", "pipe"] });
  const url = await new Promise((done, failed) => {
    let said = "";
    server.stderr.on("data", (bytes) => {
      said += bytes;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) done(found[0]);
    });
    server.on("exit", () => failed(new Error(`the server ended: ${said}`)));
  });
  let tokens = 0;
  return {
    url,
    pid: server.pid,
    data,
    incoming,
    token: (scopes) =>
      execFileSync(rollcall, ["token", "create", `t${(tokens += 1)}`, "--scopes", scopes, "--data", data], {
        stdio: ["ignore", "pipe", "ignore"],
        encoding: "utf8",
      }).trim(),
    rollcall: (...given) => execFileSync(rollcall, given, { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" }),
    async stop() {
      server.removeAllListeners("exit");
      server.kill("SIGTERM");
      await new Promise((done) => (server.exitCode === null && server.signalCode === null ? server.on("exit", done) : done()));
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export async function until(what, holds, patience_ms = 30_000) {
  const end = Date.now() + patience_ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}
