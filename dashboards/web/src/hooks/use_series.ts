// Points of charts: the agent's history, with what the stream brings added at the end.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app_context";
import { bounds, isLive, joined, stepFor, within, type Point } from "../model/series";
import type { Range } from "../model/url_state";
import { useSame, useSameList } from "./use_same";
import { ApiError, getSeries, type SeriesAnswer, type SeriesQuestion } from "../data/api";

export interface SeriesState {
  /** Points of a workload's field, within the range and a little around it. */
  points: (id: string, field: string) => Point[];
  step: number;
  loading: boolean;
  error: unknown;
  retry: () => void;
}

/** About two pixels a point. */
const kRoom = 600;
const kMaxTail = 4000;
/** While somebody drags, questions wait. */
const kSettle = 180;

/** The agent's clock was set back: what lies after now never was, and what comes would be left out beside it. */
function forgetFrom(history: Map<string, Point[]>, time: number): void {
  for (const [key, points] of history)
    history.set(
      key,
      points.filter((point) => point[0] < time),
    );
}

const keyOf = (id: string, field: string): string => `${id}\n${field}`;

/**
 * The history of those that run, and of each other one that the history still has: one
 * that it does not know, or not any more, has no points, which is an answer and no error.
 */
export async function askHistory(
  running: readonly string[],
  others: readonly string[],
  question: Omit<SeriesQuestion, "workloads">,
  signal: AbortSignal,
): Promise<SeriesAnswer[]> {
  const one = async (id: string): Promise<SeriesAnswer[]> => {
    try {
      return [await getSeries({ ...question, workloads: [id] }, signal)];
    } catch (error) {
      if (error instanceof ApiError && error.kind === "missing") return [];
      throw error;
    }
  };
  const all =
    running.length > 0 ? getSeries({ ...question, workloads: running }, signal).then((answer) => [answer]) : [];
  return (await Promise.all([all, ...others.map(one)])).flat();
}

export function useSeries(ids: readonly string[], fields: readonly string[], range: Range): SeriesState {
  const { live } = useApp();
  const history = useRef(new Map<string, Point[]>());
  const tails = useRef(new Map<string, Point[]>());
  const [state, setState] = useState<{ loading: boolean; error: unknown; step: number }>({
    loading: true,
    error: undefined,
    step: 1,
  });
  const [again, setAgain] = useState(0);
  const workloads = useSameList(ids);
  const metrics = useSameList(fields);
  const askable = useSameList(ids.filter((id) => live.askable(id)));
  const shown = useSame(range, JSON.stringify(range));
  const asked = useRef<readonly string[] | undefined>(undefined);
  const { connections } = live;

  useEffect(() => {
    tails.current.clear();
    history.current.clear();
    setState((now) => ({ ...now, loading: true, error: undefined }));
    let newest = 0;
    return live.onSample((message) => {
      if (message.time < newest) forgetFrom(history.current, message.time);
      newest = message.time;
      for (const id of workloads) {
        const entry = live.find(id);
        if (!entry || entry.ended !== undefined || entry.recent.lastTime !== message.time) continue;
        for (const field of metrics) {
          const value = live.value(entry, field);
          if (value === null) continue;
          const tail = tails.current.get(keyOf(id, field)) ?? [];
          while ((tail[tail.length - 1]?.[0] ?? -1) >= message.time) tail.pop(); // a clock that was set back
          tail.push([message.time, value]);
          if (tail.length > kMaxTail) tail.splice(0, tail.length - kMaxTail);
          tails.current.set(keyOf(id, field), tail);
        }
      }
    });
  }, [live, workloads, metrics]);

  useEffect(() => {
    if (askable.length === 0) return undefined;
    const stop = new AbortController();
    const { from, to } = bounds(shown, live.now());
    const step = stepFor(to - from, kRoom, Math.max(1, live.interval));
    const timer = setTimeout(
      () => {
        // A little around the range, so that moving by hand shows something at once.
        const edge = isLive(shown) ? 0 : (to - from) * 0.25;
        const question = { metrics, from: from - edge, to: isLive(shown) ? undefined : to + edge, step };
        askHistory(
          askable.filter((id) => live.runs(id)),
          askable.filter((id) => !live.runs(id)),
          question,
          stop.signal,
        ).then(
          (answers) => {
            if (stop.signal.aborted) return;
            history.current = new Map(
              answers.flatMap((answer) => answer.series).map((one) => [keyOf(one.workload, one.metric), one.points]),
            );
            setState({ loading: false, error: undefined, step: answers[0]?.step ?? step });
          },
          (error: unknown) => {
            if (!stop.signal.aborted) setState({ loading: false, error, step });
          },
        );
      },
      asked.current === workloads ? kSettle : 0,
    );
    asked.current = workloads;
    // Averages of a step replace what was collected here sample by sample.
    const renew = isLive(shown)
      ? setTimeout(() => setAgain((n) => n + 1), Math.min(Math.max(step * 20, 60), 600) * 1000)
      : undefined;
    return () => {
      clearTimeout(timer);
      clearTimeout(renew);
      stop.abort();
    };
  }, [live, workloads, metrics, shown, askable, connections, again]);

  return {
    ...state,
    retry: () => setAgain((n) => n + 1),
    points: (id, field) => {
      const { from, to } = bounds(range, live.now());
      const edge = (to - from) * 0.25;
      return within(
        joined(history.current.get(keyOf(id, field)) ?? [], tails.current.get(keyOf(id, field)) ?? []),
        from - edge,
        to + edge,
      );
    },
  };
}
