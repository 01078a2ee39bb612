// The rate of any counter of the agent for some workloads, read while one looks: the
// history keeps only its own fields, the unit of work may be any counter there is.
import { useEffect, useReducer, useRef } from "preact/hooks";
import { useApp } from "../app_context";
import { parseTime } from "../model/format";
import { rateOf, type Point } from "../model/series";
import { getWorkload } from "../data/api";
import { useSameList } from "./use_same";

const kEvery = 2000;
const kMaxPoints = 1800;

export function useCounter(ids: readonly string[], name: string): (id: string) => readonly Point[] {
  const { live } = useApp();
  const points = useRef(new Map<string, Point[]>());
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const list = useSameList(ids);
  useEffect(() => {
    points.current.clear();
    if (name === "") return;
    const stop = new AbortController();
    const before = new Map<string, { time: number; value: number }>();
    const read = async (id: string): Promise<void> => {
      const detail = await getWorkload(id, stop.signal);
      const own = (detail.series ?? []).filter((one) => one.name === name);
      const time = parseTime(detail.time);
      if (own.length === 0 || time === undefined) return;
      const after = { time, value: own.reduce((sum, one) => sum + one.value, 0) };
      const earlier = before.get(id);
      const rate = earlier && rateOf(earlier, after);
      before.set(id, after);
      if (rate === undefined) return;
      points.current.set(id, [...(points.current.get(id) ?? []), [time, rate] as const].slice(-kMaxPoints));
    };
    const ask = (): void => {
      if (document.hidden || live.paused) return;
      const running = list.filter((id) => live.runs(id));
      void Promise.allSettled(running.map(read)).then(() => draw(0)); // one that is gone costs no other
    };
    ask();
    const timer = setInterval(ask, kEvery);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [list, name, live]);
  return (id) => points.current.get(id) ?? [];
}
