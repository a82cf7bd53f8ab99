// The page: a heading with the state of things, the matrix, and beside it the history of the cell that is open.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { saveToken } from "./api";
import { CellPanel } from "./cell_panel";
import { type Live, useLive } from "./live";
import { Matrix } from "./matrix";
import { age, arrange, cellKey, summarize } from "./model";

type Theme = "light" | "dark";

function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const chosen = localStorage.getItem("rollcall-theme");
    if (chosen === "light" || chosen === "dark") return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  });
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const toggle = useCallback(() => {
    setTheme((present) => {
      const next = present === "dark" ? "light" : "dark";
      localStorage.setItem("rollcall-theme", next);
      return next;
    });
  }, []);
  return [theme, toggle];
}

/** The open cell stands in the address, so that it can be sent to somebody. */
function useOpenCell(): [string, (key: string) => void] {
  const [key, setKey] = useState(() => location.hash.slice(1));
  useEffect(() => {
    const follow = () => setKey(location.hash.slice(1));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const open = useCallback((next: string) => {
    history.replaceState(null, "", next === "" ? location.pathname : `#${next}`);
    setKey(next);
  }, []);
  return [key, open];
}

function LiveMark({ live }: { live: Live }) {
  if (live.trouble !== null) return <span className="live away"><i aria-hidden />not live</span>;
  if (live.snapshot === null) return <span className="live"><i aria-hidden />asking</span>;
  return <span className="live on" title={`as of ${live.snapshot.now}`}><i aria-hidden />live</span>;
}

function TokenForm({ again }: { again: () => void }) {
  return (
    <form
      className="token"
      onSubmit={(event) => {
        event.preventDefault();
        saveToken(String(new FormData(event.currentTarget).get("token") ?? "").trim());
        again();
      }}
    >
      <input name="token" type="password" placeholder="rc_…" aria-label="API token" autoComplete="off" autoFocus />
      <button type="submit">Use this token</button>
    </form>
  );
}

function Trouble({ live }: { live: Live }) {
  if (live.trouble === null) return null;
  const known = live.snapshot === null ? null : `What you see was true ${age(live.snapshot.now, live.now)} ago.`;
  return (
    <div className="trouble" role="alert">
      <strong>{live.trouble.kind === "token" ? "This server wants a token." : live.trouble.text}</strong>
      {live.trouble.kind === "away" && <span>{known ?? "Is `rollcall serve` running?"} Trying again.</span>}
      {live.trouble.kind === "refused" && <span>{known}</span>}
      {live.trouble.kind === "token" && <TokenForm again={live.again} />}
    </div>
  );
}

function Nothing() {
  return (
    <div className="nothing">
      <h2>Nobody has answered yet</h2>
      <p>Send logs whose lines say environment, role, region and version; the next poll puts them here.</p>
      <pre>rollcall ingest logs.ndjson.gz</pre>
    </div>
  );
}

export function App() {
  const live = useLive();
  const [theme, toggleTheme] = useTheme();
  const [openKey, open] = useOpenCell();
  const [filter, setFilter] = useState("");
  const search = useRef<HTMLInputElement>(null);
  const snapshot = live.snapshot;
  const environments = useMemo(() => (snapshot === null ? [] : arrange(snapshot, filter)), [snapshot, filter]);
  const summary = useMemo(() => (snapshot === null ? null : summarize(snapshot.cells)), [snapshot]);
  const openCell = snapshot?.cells.find((cell) => cellKey(cell) === openKey) ?? null;

  const close = useCallback(() => {
    const tile = document.querySelector<HTMLElement>(`[data-cell="${CSS.escape(location.hash.slice(1))}"]`);
    open("");
    tile?.focus();
  }, [open]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") close();
      if (event.key === "/" && !(event.target instanceof HTMLInputElement)) {
        event.preventDefault();
        search.current?.focus();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [close]);

  return (
    <>
      <header>
        <h1><img src="/icon.svg" alt="" width="26" height="26" />Rollcall</h1>
        <LiveMark live={live} />
        {summary !== null && summary.cells > 0 && (
          <ul className="summary">
            <li><b>{summary.cells}</b> cells</li>
            <li className={summary.moving > 0 ? "moving" : ""}><b>{summary.moving}</b> rolling out</li>
            <li className={summary.silent > 0 ? "silent" : ""}><b>{summary.silent}</b> silent</li>
          </ul>
        )}
        <div className="tools">
          <input
            ref={search}
            type="search"
            placeholder="Filter  /"
            aria-label="Filter by environment, role, region or version"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <button type="button" className="theme" onClick={toggleTheme} aria-label={`Switch to ${theme === "dark" ? "light" : "dark"}`}>
            {theme === "dark" ? "☀" : "☾"}
          </button>
        </div>
      </header>
      <Trouble live={live} />
      <div className={openCell === null ? "page" : "page beside"}>
        <main className={live.trouble !== null ? "stale" : ""}>
          {snapshot !== null && snapshot.cells.length === 0 && <Nothing />}
          {snapshot !== null && snapshot.cells.length > 0 && environments.length === 0 && (
            <p className="none">No cell has “{filter}” in its name or version.</p>
          )}
          <Matrix environments={environments} now={live.now} openKey={openKey} onOpen={open} />
        </main>
        {openCell !== null && <CellPanel cell={openCell} now={live.now} version={snapshot?.now ?? ""} onClose={close} />}
      </div>
    </>
  );
}
