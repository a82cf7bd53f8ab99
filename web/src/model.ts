// From the snapshot to what the page shows: environments, in them roles, in them cells in sequence order.
import type { Cell, Snapshot } from "./api";

export interface Role {
  name: string;
  /** One place for each region of the environment; null where the role does not run. */
  places: (Cell | null)[];
  /** Versions that run, the newest arrival first. */
  versions: Version[];
}

export interface Version {
  name: string;
  cells: number;
  /** 0 is the newest arrival of a role that runs several versions; null: it runs everywhere. */
  tint: number | null;
}

export interface Environment {
  name: string;
  regions: string[];
  roles: Role[];
}

export interface Summary {
  cells: number;
  moving: number;
  silent: number;
}

export const cellKey = (cell: { environment: string; role: string; region: string }) =>
  [cell.environment, cell.role, cell.region].map(encodeURIComponent).join("/");

/** `silent`, `removed`, or nothing of a cell that is heard. */
export const stateWord = (cell: Cell) => (cell.state === "removed" ? "removed" : cell.silent ? "silent" : "");

export const isMoving = (cell: Cell) => !cell.silent && cell.status === "InProgress" && (cell.percent ?? 100) < 100;

function versionsOf(cells: Cell[]): Version[] {
  const newest = new Map<string, { since: string; cells: number }>();
  for (const cell of cells) {
    const known = newest.get(cell.version) ?? { since: "", cells: 0 };
    known.cells += 1;
    if ((cell.since ?? "") > known.since) known.since = cell.since ?? "";
    newest.set(cell.version, known);
  }
  return [...newest.entries()]
    .sort((a, b) => (a[1].since < b[1].since ? 1 : -1))
    .map(([name, { cells: count }], index) => ({ name, cells: count, tint: newest.size === 1 ? null : Math.min(index, 3) }));
}

/** Keeps the roles and regions that have all words of the filter somewhere in their names or version. */
function matches(cell: Cell, words: string[]): boolean {
  const text = `${cell.environment} ${cell.role} ${cell.region} ${cell.version}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export function arrange(snapshot: Snapshot, filter: string): Environment[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const byEnvironment = new Map<string, Map<string, Map<string, Cell>>>();
  for (const cell of snapshot.cells) {
    if (!matches(cell, words)) continue;
    const roles = byEnvironment.get(cell.environment) ?? new Map<string, Map<string, Cell>>();
    byEnvironment.set(cell.environment, roles);
    const regions = roles.get(cell.role) ?? new Map<string, Cell>();
    roles.set(cell.role, regions);
    regions.set(cell.region, cell);
  }
  return [...byEnvironment.entries()].map(([name, roles]) => {
    const present = new Set([...roles.values()].flatMap((regions) => [...regions.keys()]));
    const regions = snapshot.regions.filter((region) => present.has(region));
    return {
      name,
      regions,
      roles: [...roles.entries()].map(([role, cells]) => ({
        name: role,
        places: regions.map((region) => cells.get(region) ?? null),
        versions: versionsOf([...cells.values()]),
      })),
    };
  });
}

export function summarize(cells: Cell[]): Summary {
  return {
    cells: cells.length,
    moving: cells.filter(isMoving).length,
    silent: cells.filter((cell) => cell.state === "unknown").length,
  };
}

/** `45s`, `12m`, `3h`, `9d`. */
export function age(from: string | null, now: number): string {
  if (from === null) return "";
  const seconds = Math.max(0, Math.floor((now - Date.parse(from)) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

/** `2026-11-30 05:12`, in UTC as everywhere in Rollcall. */
export const minute = (time: string) => `${time.slice(0, 10)} ${time.slice(11, 16)}`;

/** A long version by its beginning and its end: what tells it from its neighbours stands at the end. */
export const brief = (version: string) => (version.length <= 14 ? version : `${version.slice(0, 5)}…${version.slice(-8)}`);
