// The host's disks: they fill slowly, so they are asked for now and then.
import { useEffect, useState } from "preact/hooks";
import { getWorkload } from "../data/api";
import type { Live } from "../data/live";
import { disksOf, type Disk } from "../model/disks";
import { kHostId } from "../model/workload";

const kEvery = 30_000;

/** Undefined until the agent has answered; empty where it measures none. */
export function useDisks(live: Live): readonly Disk[] | undefined {
  const [disks, setDisks] = useState<readonly Disk[]>();
  const { connections } = live;
  useEffect(() => {
    if (connections === 0) return undefined;
    const stop = new AbortController();
    const ask = (): void => {
      if (document.hidden || live.paused) return;
      getWorkload(kHostId, stop.signal).then(
        (host) => setDisks(disksOf(host.series ?? [])),
        () => undefined, // what was known last stays
      );
    };
    ask();
    const timer = setInterval(ask, kEvery);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [live, connections]);
  return disks;
}
