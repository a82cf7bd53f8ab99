// Roles, each a band of tiles: one tile a region, in the order in which deployments walk through them.
import { memo, type KeyboardEvent } from "react";

import type { Cell } from "./api";
import { age, brief, cellKey, type Environment, isMoving, type Role, stateWord, type Version } from "./model";

interface TileProps {
  cell: Cell;
  tint: number | null;
  since: string;
  heard: string;
  open: boolean;
  onOpen: (key: string) => void;
}

const Tile = memo(function Tile({ cell, tint, since, heard, open, onOpen }: TileProps) {
  const key = cellKey(cell);
  const percent = cell.percent ?? 100;
  const moving = isMoving(cell);
  const words = [cell.region, cell.version, `since ${since}`, moving ? `${percent} percent` : "", stateWord(cell)];
  return (
    <button
      type="button"
      className={`tile ${stateWord(cell)}${open ? " open" : ""}`}
      data-cell={key}
      data-tint={tint ?? undefined}
      aria-label={words.filter(Boolean).join(", ")}
      aria-expanded={open}
      onClick={() => onOpen(open ? "" : key)}
    >
      <span className="region">{cell.region}</span>
      <span className="version" title={cell.version}>{brief(cell.version)}</span>
      <span className="facts">
        {cell.silent ? <em>{stateWord(cell)}{heard && ` ${heard}`}</em> : <span>{since}</span>}
        {moving && <b>{percent}%</b>}
      </span>
      {moving && <span className="share" style={{ width: `${percent}%` }} aria-hidden />}
    </button>
  );
});

function Versions({ versions }: { versions: Version[] }) {
  return (
    <ul className="versions">
      {versions.slice(0, 4).map((version) => (
        <li key={version.name} data-tint={version.tint ?? undefined}>
          <i aria-hidden />
          <span title={version.name}>{version.name}</span>
          {version.tint !== null && <b>{version.cells}</b>}
        </li>
      ))}
      {versions.length > 4 && <li className="more">and {versions.length - 4} more</li>}
    </ul>
  );
}

function Band({ role, regions, now, openKey, onOpen }: { role: Role; regions: string[]; now: number; openKey: string; onOpen: (key: string) => void }) {
  const tints = new Map(role.versions.map((version) => [version.name, version.tint]));
  return (
    <section className="band" aria-label={role.name}>
      <div className="role">
        <h3>{role.name}</h3>
        <Versions versions={role.versions} />
      </div>
      <div className="tiles">
        {role.places.map((cell, index) =>
          cell === null ? (
            <span key={regions[index]} className="tile absent" aria-hidden><span className="region">{regions[index]}</span></span>
          ) : (
            <Tile
              key={cell.region}
              cell={cell}
              tint={tints.get(cell.version) ?? null}
              since={age(cell.since, now)}
              heard={cell.silent ? age(cell.heard, now) : ""}
              open={cellKey(cell) === openKey}
              onOpen={onOpen}
            />
          ),
        )}
      </div>
    </section>
  );
}

/** Arrow keys walk the tiles: left and right along the sequence, up and down to the nearest tile above or below. */
function walk(event: KeyboardEvent<HTMLElement>) {
  const from = event.target as HTMLElement;
  if (!from.classList.contains("tile")) return;
  const tiles = [...event.currentTarget.querySelectorAll<HTMLElement>("button.tile")];
  const at = tiles.indexOf(from);
  let next: HTMLElement | undefined;
  if (event.key === "ArrowRight") next = tiles[at + 1];
  if (event.key === "ArrowLeft") next = tiles[at - 1];
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const here = from.getBoundingClientRect();
    const down = event.key === "ArrowDown";
    const distance = (tile: HTMLElement) => {
      const there = tile.getBoundingClientRect();
      const rows = down ? there.top - here.top : here.top - there.top;
      return rows < 4 ? Infinity : rows * 10 + Math.abs(there.left - here.left);
    };
    next = tiles.reduce<HTMLElement | undefined>(
      (best, tile) => (distance(tile) < (best ? distance(best) : Infinity) ? tile : best),
      undefined,
    );
  }
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

interface MatrixProps {
  environments: Environment[];
  now: number;
  openKey: string;
  onOpen: (key: string) => void;
}

export function Matrix({ environments, now, openKey, onOpen }: MatrixProps) {
  return (
    <div className="matrix" onKeyDown={walk}>
      {environments.map((environment) => (
        <section key={environment.name} className="environment" aria-label={environment.name}>
          <h2>
            {environment.name}
            {environment.regions.length > 1 && <small>{environment.regions.length} regions, in sequence →</small>}
          </h2>
          {environment.roles.map((role) => (
            <Band key={role.name} role={role} regions={environment.regions} now={now} openKey={openKey} onOpen={onOpen} />
          ))}
        </section>
      ))}
    </div>
  );
}
