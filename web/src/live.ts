// The snapshot, asked for again and again while the page is looked at.
import { useEffect, useState } from "react";

import { getSnapshot, Refusal, type Snapshot } from "./api";

const period_ms = 4_000;

export interface Live {
  snapshot: Snapshot | null;
  /** When the snapshot came, by this machine's clock. */
  received: number;
  /** What stands in the way now; null when the last answer was good. */
  trouble: { kind: "away" | "token" | "refused"; text: string } | null;
  /** The server's time, going on between answers. */
  now: number;
  again: () => void;
}

export function useLive(): Live {
  const [snapshot, setSnapshot] = useState<Snapshot | null>(null);
  const [received, setReceived] = useState(0);
  const [trouble, setTrouble] = useState<Live["trouble"]>(null);
  const [tick, setTick] = useState(() => Date.now());
  const [round, setRound] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    let timer: number | undefined;
    const refresh = async () => {
      try {
        const answer = await getSnapshot(controller.signal);
        setSnapshot(answer);
        setReceived(Date.now());
        setTrouble(null);
      } catch (error) {
        if (controller.signal.aborted) return;
        if (!(error instanceof Refusal)) setTrouble({ kind: "away", text: "The server does not answer." });
        else setTrouble({ kind: error.status === 401 || error.status === 403 ? "token" : "refused", text: error.message });
      }
      if (!controller.signal.aborted) timer = window.setTimeout(refresh, document.hidden ? period_ms * 5 : period_ms);
    };
    void refresh();
    return () => {
      controller.abort();
      window.clearTimeout(timer);
    };
  }, [round]);

  useEffect(() => {
    const timer = window.setInterval(() => setTick(Date.now()), 1_000);
    return () => window.clearInterval(timer);
  }, []);

  const now = snapshot === null ? tick : Date.parse(snapshot.now) + Math.max(0, tick - received);
  return { snapshot, received, trouble, now, again: () => setRound((n) => n + 1) };
}
