// Points of charts: the agent's history, with what the stream brings added at the end.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../app_context";
import type { Live } from "../data/live";
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
/** What is drawn beyond each end of the range, as a part of it. */
const kEdge = 0.25;

const keyOf = (id: string, field: string): string => `${id}\n${field}`;

/** The points of a page's charts, by workload and field. */
class ChartPoints {
  private history = new Map<string, Point[]>();
  /** What the stream brought since. */
  private readonly tails = new Map<string, Point[]>();
  private newest = 0;

  clear(): void {
    this.tails.clear();
    this.history.clear();
    this.newest = 0;
  }

  setHistory(answers: readonly SeriesAnswer[]): void {
    this.history = new Map(
      answers.flatMap((answer) => answer.series).map((one) => [keyOf(one.workload, one.metric), one.points]),
    );
  }

  /** The sample of this time, which is the newest one of `live`. */
  addSample(live: Live, workloads: readonly string[], fields: readonly string[], time: number): void {
    if (time < this.newest) this.forgetFrom(time);
    this.newest = time;
    for (const id of workloads) {
      const entry = live.find(id);
      if (!entry || entry.ended !== undefined || entry.recent.lastTime !== time) continue;
      for (const field of fields) {
        const value = live.value(entry, field);
        if (value !== null) this.addToTail(keyOf(id, field), [time, value]);
      }
    }
  }

  within(id: string, field: string, from: number, to: number): Point[] {
    const key = keyOf(id, field);
    return within(joined(this.history.get(key) ?? [], this.tails.get(key) ?? []), from, to);
  }

  private addToTail(key: string, point: Point): void {
    const tail = this.tails.get(key) ?? [];
    while ((tail[tail.length - 1]?.[0] ?? -1) >= point[0]) tail.pop(); // a clock that was set back
    tail.push(point);
    if (tail.length > kMaxTail) tail.splice(0, tail.length - kMaxTail);
    this.tails.set(key, tail);
  }

  /** The agent's clock was set back: what lies after now never was, and what comes would be left out beside it. */
  private forgetFrom(time: number): void {
    for (const [key, points] of this.history)
      this.history.set(
        key,
        points.filter((point) => point[0] < time),
      );
  }
}

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

/** A little around the range, so that moving by hand shows something at once. */
function questionOf(range: Range, metrics: readonly string[], live: Live): Omit<SeriesQuestion, "workloads"> {
  const { from, to } = bounds(range, live.now());
  const edge = isLive(range) ? 0 : (to - from) * kEdge;
  const step = stepFor(to - from, kRoom, Math.max(1, live.interval));
  return { metrics, from: from - edge, to: isLive(range) ? undefined : to + edge, step };
}

/** Averages of a step replace what was collected here sample by sample: after how many milliseconds. */
function renewAfter(step: number): number {
  return Math.min(Math.max(step * 20, 60), 600) * 1000;
}

export function useSeries(ids: readonly string[], fields: readonly string[], range: Range): SeriesState {
  const { live } = useApp();
  const collected = useRef(new ChartPoints());
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
    collected.current.clear();
    setState((now) => ({ ...now, loading: true, error: undefined }));
    return live.onSample(({ time }) => collected.current.addSample(live, workloads, metrics, time));
  }, [live, workloads, metrics]);

  useEffect(() => {
    if (askable.length === 0) return undefined;
    const stop = new AbortController();
    const question = questionOf(shown, metrics, live);
    const ask = (): void => {
      const running = askable.filter((id) => live.runs(id));
      const others = askable.filter((id) => !live.runs(id));
      askHistory(running, others, question, stop.signal).then(
        (answers) => {
          if (stop.signal.aborted) return;
          collected.current.setHistory(answers);
          setState({ loading: false, error: undefined, step: answers[0]?.step ?? question.step });
        },
        (error: unknown) => {
          if (!stop.signal.aborted) setState({ loading: false, error, step: question.step });
        },
      );
    };
    const timer = setTimeout(ask, asked.current === workloads ? kSettle : 0);
    asked.current = workloads;
    const renew = isLive(shown) ? setTimeout(() => setAgain((n) => n + 1), renewAfter(question.step)) : undefined;
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
      const edge = (to - from) * kEdge;
      return collected.current.within(id, field, from - edge, to + edge);
    },
  };
}
