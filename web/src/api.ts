// What the portal asks the server, and what it answers. Times are ISO 8601 texts, in UTC.

export interface Cell {
  environment: string;
  role: string;
  region: string;
  version: string;
  previousVersion: string | null;
  since: string | null;
  percent: number | null;
  status: string | null;
  deploymentId: string | null;
  heard: string | null;
  silent: boolean;
  /** unknown: silent, and this is what it ran; removed: silent for good. */
  state: "live" | "unknown" | "removed";
  deafSource: string | null; // through which it is heard, and which has stopped
}

export interface Snapshot {
  now: string;
  regions: string[];
  cells: Cell[];
}

export interface Deployment {
  deploymentId: string;
  version: string;
  previousVersion: string | null;
  kind: string;
  status: string;
  startedAt: string;
  completedAt: string | null;
  detectedAt: string | null;
  instances: number | null;
  percent: number | null;
  sequence: number | null;
}

/** The server answered, but not with what was asked for. */
export class Refusal extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const tokenKey = "rollcall-token";
export const saveToken = (token: string) => sessionStorage.setItem(tokenKey, token);

async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  const token = sessionStorage.getItem(tokenKey);
  const answer = await fetch(path, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  if (!answer.ok) {
    const problem = (await answer.json().catch(() => null)) as { code?: string; detail?: string } | null;
    throw new Refusal(answer.status, problem?.detail ? `${problem.code}: ${problem.detail}` : `status ${answer.status}`);
  }
  return (await answer.json()) as T;
}

export const getSnapshot = (signal: AbortSignal) => ask<Snapshot>("/api/v1/snapshot", signal);

export async function getHistory(cell: Cell, signal: AbortSignal): Promise<Deployment[]> {
  const query = new URLSearchParams({ environment: cell.environment, role: cell.role, region: cell.region, top: "50" });
  return (await ask<{ deployments: Deployment[] }>(`/api/v1/history?${query}`, signal)).deployments;
}
