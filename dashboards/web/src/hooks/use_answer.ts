// One question to the agent, asked again when its key changes or somebody wants it to be.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../data/api";

export interface Answer<T> {
  value: T | undefined;
  error: unknown;
  retry: () => void;
}

const kRetryPause = 5_000; // ms, after the agent could not be reached

/** An answer stays while it is asked for again under the same key; another `round` asks again, and so does an agent
 * that cannot be reached. */
export function useAnswer<T>(key: string | undefined, ask: (signal: AbortSignal) => Promise<T>, round = 0): Answer<T> {
  const [state, setState] = useState<{ key?: string | undefined; value?: T; error?: unknown }>({});
  const [again, setAgain] = useState(0);
  const question = useRef(ask); // the key says when it is another one
  question.current = ask;
  useEffect(() => {
    if (key === undefined) return undefined;
    const stop = new AbortController();
    question.current(stop.signal).then(
      (value) => {
        if (!stop.signal.aborted) setState({ key, value });
      },
      (error: unknown) => {
        if (!stop.signal.aborted)
          setState((was) => (was.key === key && was.value !== undefined ? was : { key, error }));
      },
    );
    return () => stop.abort();
  }, [key, round, again]);
  const error = state.key === key ? state.error : undefined;
  useEffect(() => {
    if (!(error instanceof ApiError && error.kind === "unreachable")) return undefined;
    const timer = setTimeout(() => setAgain((n) => n + 1), kRetryPause);
    return () => clearTimeout(timer);
  }, [error]);
  const now = state.key === key ? state : {};
  return {
    value: now.value,
    error: now.error,
    retry: () => {
      setState({});
      setAgain((n) => n + 1);
    },
  };
}
