// The events of one workload: the agent's list, with what the stream brings.
import { useEffect, useMemo, useState } from "preact/hooks";
import { useApp } from "../app_context";
import { getEvents } from "../data/api";
import { workloadEventOf, type WorkloadEvent } from "../data/workload_events";

/** Newest first. */
export function useWorkloadEvents(id: string): readonly WorkloadEvent[] {
  const { live } = useApp();
  const [past, setPast] = useState<readonly WorkloadEvent[]>([]);
  const { connections } = live;
  useEffect(() => {
    const stop = new AbortController();
    getEvents(0, 500, id, stop.signal).then(
      (answer) => setPast(answer.events.map(workloadEventOf)),
      () => undefined,
    );
    return () => stop.abort();
  }, [id, connections]);
  const fresh = live.events.of(id);
  return useMemo(() => {
    const all = new Map([...past, ...fresh].map((one) => [one.id, one]));
    return [...all.values()].sort((a, b) => b.time - a.time || b.id - a.id);
  }, [past, fresh]);
}
