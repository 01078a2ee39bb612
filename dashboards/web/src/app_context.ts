// What every component may need: what is known now, where we are, and how to go elsewhere.
import { createContext } from "preact";
import { useContext, useLayoutEffect, useReducer } from "preact/hooks";
import type { Live } from "./data/live";
import type { HostFacts } from "./data/api";
import type { OverviewState, ViewState } from "./model/url_state";

export interface App {
  live: Live;
  host: HostFacts | undefined;
  view: ViewState;
  /** A step in the browser's history; `replace` for changes within a view, such as typing. */
  go: (view: ViewState, replace?: boolean) => void;
  /** The overview as it was last seen. */
  lastOverview: OverviewState;
  /** Ids of the workloads chosen for comparing. */
  chosen: readonly string[];
  choose: (ids: readonly string[]) => void;
  reconnect: () => void;
  /** "light" or "dark", as it is shown. */
  theme: "light" | "dark";
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error("useApp outside of AppContext.Provider");
  return app;
}

/** Redraws the component with each sample and each change of the list. */
export function useLive(): Live {
  const { live } = useApp();
  const [, draw] = useReducer((n: number) => n + 1, 0);
  // With what is drawn, not after the paint: a change in between would not be drawn.
  useLayoutEffect(() => live.subscribe(() => draw(0)), [live]);
  return live;
}
