// All that the agent knows of one workload, asked again every few seconds, and the
// rates of its counters between two answers.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app_context";
import { ApiError, getWorkload, type WorkloadDetail } from "../data/api";
import { countersOf } from "../model/detail";
import { parseTime } from "../model/format";
import { rateOf } from "../model/series";

export type Rates = ReadonlyMap<string, number>;

const kEvery = 5000;

export function useDetail(id: string): { detail: WorkloadDetail | undefined; error: unknown; rates: Rates } {
  const { live } = useApp();
  const [state, setState] = useState<{ detail: WorkloadDetail | undefined; error: unknown; rates: Rates }>({
    detail: undefined,
    error: undefined,
    rates: new Map(),
  });
  const before = useRef<{ time: number; values: Map<string, number> } | undefined>(undefined);
  // What has ended is not asked for again: the agent forgets it, and what was known last stays.
  const wanted = live.runs(id)
    ? "running"
    : live.find(id) === undefined && live.settled
      ? "perhaps known by another name"
      : "";
  const { connections } = live;
  useEffect(() => {
    if (wanted === "") return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = (first: boolean): void => {
      if (document.hidden || live.paused) return void (timer = setTimeout(() => ask(false), kEvery));
      getWorkload(id, stop.signal).then(
        (detail) => {
          const time = parseTime(detail.time) ?? 0;
          const values = countersOf(detail.series ?? [], detail.processes ?? []);
          const rates = new Map<string, number>();
          const earlier = before.current;
          if (earlier) {
            for (const [key, value] of values) {
              const old = earlier.values.get(key);
              const rate = old === undefined ? undefined : rateOf({ time: earlier.time, value: old }, { time, value });
              if (rate !== undefined) rates.set(key, rate);
            }
          }
          if (!earlier || time > earlier.time) {
            before.current = { time, values };
            setState({ detail, error: undefined, rates });
          }
          timer = setTimeout(() => ask(false), first ? 1500 : kEvery);
        },
        (error: unknown) => {
          if (stop.signal.aborted) return;
          setState((now) => ({ ...now, error })); // what was known last stays
          const missing = error instanceof ApiError && error.kind === "missing";
          if (wanted !== "running" && missing) return; // until the list has it
          timer = setTimeout(() => ask(false), kEvery);
        },
      );
    };
    ask(true);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [id, wanted, live, connections]);
  return state;
}
