// The cell that is open: what it runs now, and every deployment before it.
import { useEffect, useRef, useState } from "react";

import { type Cell, type Deployment, getHistory } from "./api";
import { age, cellKey, isMoving, minute, stateWord } from "./model";

const kinds: Record<string, string> = { initial: "first seen", deploy: "deploy", rollback: "rollback", redeploy: "redeploy" };
const statuses: Record<string, string> = { InProgress: "under way", Stalled: "stalled", RolledBack: "rolled back" };

function took(deployment: Deployment): string {
  if (deployment.completedAt === null || deployment.kind === "initial") return "";
  const seconds = (Date.parse(deployment.completedAt) - Date.parse(deployment.startedAt)) / 1000;
  return seconds < 60 ? "" : `took ${age(deployment.startedAt, Date.parse(deployment.completedAt))}`;
}

function Entry({ deployment, now }: { deployment: Deployment; now: number }) {
  const status = statuses[deployment.status];
  return (
    <li className={`entry ${deployment.kind} ${deployment.status}`}>
      <div className="what">
        <span className="version">{deployment.version}</span>
        <span className={`kind ${deployment.kind}`}>{kinds[deployment.kind] ?? deployment.kind}</span>
        {status !== undefined && <span className={`status ${deployment.status}`}>{status}</span>}
      </div>
      <div className="when">
        <time dateTime={deployment.startedAt} title={deployment.startedAt}>{minute(deployment.startedAt)}</time>
        <span>{age(deployment.startedAt, now)} ago</span>
        {took(deployment) !== "" && <span>{took(deployment)}</span>}
        {deployment.instances !== null && deployment.instances > 0 && (
          <span>{deployment.instances} instance{deployment.instances === 1 ? "" : "s"}</span>
        )}
      </div>
    </li>
  );
}

interface PanelProps {
  cell: Cell;
  now: number;
  /** Changes with each snapshot: then the history is asked for again. */
  version: string;
  onClose: () => void;
}

export function CellPanel({ cell, now, version, onClose }: PanelProps) {
  const [deployments, setDeployments] = useState<Deployment[] | null>(null);
  const [trouble, setTrouble] = useState("");
  const closer = useRef<HTMLButtonElement>(null);
  const key = cellKey(cell);

  useEffect(() => {
    setDeployments(null);
    closer.current?.focus({ preventScroll: true });
  }, [key]);
  useEffect(() => {
    const controller = new AbortController();
    getHistory(cell, controller.signal)
      .then((found) => {
        setDeployments(found);
        setTrouble("");
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setTrouble(error instanceof Error ? error.message : String(error));
      });
    return () => controller.abort();
  }, [key, version]);

  return (
    <aside className="panel" aria-label={`History of ${cell.role} in ${cell.region}`}>
      <div className="title">
        <div>
          <h2>{cell.region}</h2>
          <p>{cell.environment} · {cell.role}</p>
        </div>
        <button ref={closer} type="button" onClick={onClose} aria-label="Close">×</button>
      </div>
      <dl>
        <div><dt>runs</dt><dd className="version">{cell.version}</dd></div>
        <div><dt>since</dt><dd>{cell.since === null ? "–" : `${minute(cell.since)} (${age(cell.since, now)})`}</dd></div>
        <div><dt>share</dt><dd>{cell.percent ?? 100} % of instances{isMoving(cell) ? ", rolling out" : ""}</dd></div>
        <div className={stateWord(cell)}>
          <dt>heard</dt>
          <dd>{cell.heard === null ? "never" : `${age(cell.heard, now)} ago`}{cell.deafSource && cell.state === "unknown" ? ` — not heard: ${cell.deafSource} stopped` : cell.silent ? ` — ${stateWord(cell)}: this is what it ran` : ""}</dd>
        </div>
      </dl>
      <h3>Deployments</h3>
      {trouble !== "" && <p className="none" role="alert">The history could not be had: {trouble}</p>}
      {deployments === null && trouble === "" && <p className="none">asking…</p>}
      {deployments?.length === 0 && <p className="none">None is recorded.</p>}
      <ol className="history">{deployments?.map((one) => <Entry key={one.deploymentId} deployment={one} now={now} />)}</ol>
    </aside>
  );
}
