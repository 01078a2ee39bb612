// What the machine is, and what only changes slowly in it: asked with each connection, and now and then.
import { useEffect, useState } from "preact/hooks";
import { getHost, type HostFacts } from "../data/api";
import type { Live } from "../data/live";

const kEvery = 10_000;

export function useHost(live: Live): HostFacts | undefined {
  const [host, setHost] = useState<HostFacts>();
  useEffect(() => {
    let connection = -1;
    const ask = (): void => void getHost().then(setHost, () => undefined); // the stream says what is wrong
    const connected = (): void => {
      if (live.connections === connection) return;
      connection = live.connections;
      ask();
    };
    const timer = setInterval(() => {
      if (!document.hidden && !live.paused && live.status === "live") ask();
    }, kEvery);
    connected();
    const unsubscribe = live.subscribe(connected);
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, [live]);
  return host;
}
