// The frame around every page: where one is, whether the figures are fresh, the theme.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { AppContext, useApp, useLive, type App } from "./app_context";
import type { HostFacts } from "./data/api";
import { useHost } from "./hooks/use_host";
import type { Live } from "./data/live";
import { clock, duration } from "./model/format";
import { visible } from "./model/text";
import { displayName } from "./model/workload";
import {
  kCompare,
  kEvents,
  kMaxCompared,
  kMetrics,
  kOverhead,
  kOverview,
  parseView,
  viewHash,
  type OverviewState,
  type ViewState,
} from "./model/url_state";
import { Auto, Mark, Moon, Pause, Play, Sun } from "./parts/icons";
import { Name } from "./parts/name";
import { Failure } from "./parts/states";
import { ComparePage } from "./pages/compare_page";
import { EventsPage } from "./pages/events_page";
import { MetricsPage } from "./pages/metrics_page";
import { OverheadPage } from "./pages/overhead_page";
import { OverviewPage } from "./pages/overview_page";
import { WorkloadPage } from "./pages/workload_page";
import { ApiError } from "./data/api";
import { useTheme, type Choice } from "./hooks/use_theme";
import { ShortcutsDialog } from "./parts/shortcuts";

function useView(): [ViewState, (view: ViewState, replace?: boolean) => void] {
  const [view, setView] = useState(() => parseView(location.hash));
  useLayoutEffect(() => {
    const moved = (): void => setView(parseView(location.hash));
    window.addEventListener("popstate", moved);
    window.addEventListener("hashchange", moved);
    return () => {
      window.removeEventListener("popstate", moved);
      window.removeEventListener("hashchange", moved);
    };
  }, []);
  const go = useCallback((next: ViewState, replace = false) => {
    const hash = viewHash(next);
    if (hash !== location.hash) history[replace ? "replaceState" : "pushState"](null, "", hash);
    setView(parseView(hash)); // what is shown is what the link gives back, to the millisecond
  }, []);
  return [view, go];
}

export function Shell({ live, reconnect }: { live: Live; reconnect: () => void }) {
  const [view, go] = useView();
  const host = useHost(live);
  const [chosen, choose] = useState<readonly string[]>([]);
  const lastOverview = useRef<OverviewState>(kOverview);
  const theme = useTheme();
  if (view.page === "overview") lastOverview.current = view;

  const app = useMemo<App>(
    () => ({
      live,
      host,
      view,
      go,
      lastOverview: lastOverview.current,
      chosen,
      choose: (ids) => choose(ids.slice(0, kMaxCompared)),
      reconnect,
      theme: theme.shown,
    }),
    [live, host, view, go, chosen, reconnect, theme.shown],
  );
  return (
    <AppContext.Provider value={app}>
      <Header choice={theme.choice} nextTheme={theme.next} />
      <StaleBar />
      <main id="main" tabIndex={-1} class={`page page-${view.page}`}>
        <PageOf view={view} />
      </main>
      <ShortcutsDialog />
    </AppContext.Provider>
  );
}

function PageOf({ view }: { view: ViewState }) {
  const { live, host, reconnect } = useApp();
  useLive();
  useEffect(() => {
    document.title = [titleOf(view, live), visible(host?.hostname ?? "", 40), "Tallyman"].filter(Boolean).join(" · ");
  });
  if (live.status === "denied" && live.size === 0) {
    return (
      <Failure error={new ApiError("denied", "The server denied access to the dashboard's data.")} retry={reconnect} />
    );
  }
  switch (view.page) {
    case "overview":
      return <OverviewPage state={view} />;
    case "workload":
      return <WorkloadPage key={view.id} state={view} />;
    case "compare":
      return <ComparePage state={view} />;
    case "events":
      return <EventsPage state={view} />;
    case "overhead":
      return <OverheadPage state={view} />;
    case "metrics":
      return <MetricsPage state={view} />;
  }
}

function titleOf(view: ViewState, live: Live): string {
  if (view.page !== "workload") return view.page[0]?.toUpperCase() + view.page.slice(1);
  const entry = live.find(view.id);
  return entry ? displayName(entry.facts).slice(0, 80) : "Workload";
}

function Header({ choice, nextTheme }: { choice: Choice; nextTheme: () => void }) {
  const { view, host, lastOverview, chosen } = useApp();
  const pages: [ViewState, string][] = [
    [lastOverview, "Overview"],
    [view.page === "compare" ? view : { ...kCompare, ids: [...chosen] }, "Compare"],
    [kEvents, "Events"],
    [kOverhead, "Overhead"],
    [kMetrics, "Metrics"],
  ];
  const inside = view.page === "workload" ? "overview" : view.page;
  return (
    <header class="header">
      <a
        class="skip"
        href={viewHash(view)}
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to content
      </a>
      <a class="brand" href={viewHash(kOverview)} aria-label="Tallyman, overview">
        <Mark />
        <span>Tallyman</span>
      </a>
      {host?.hostname && <Hostname name={host.hostname} host={host} />}
      <nav class="nav" aria-label="Pages">
        {pages.map(([to, text]) => (
          <a
            key={text}
            href={viewHash(to)}
            aria-current={to.page === inside ? (view.page === "workload" ? "true" : "page") : undefined}
          >
            {text}
          </a>
        ))}
      </nav>
      <div class="header-end">
        <Freshness />
        <button
          type="button"
          class="icon-button"
          onClick={nextTheme}
          aria-label={`Theme: ${choice === "auto" ? "system" : choice}. Change`}
          title={`Theme: ${choice === "auto" ? "system" : choice}`}
        >
          {choice === "auto" ? <Auto /> : choice === "light" ? <Sun /> : <Moon />}
        </button>
      </div>
    </header>
  );
}

function Hostname({ name, host }: { name: string; host: HostFacts }) {
  const system = [host.os_version, host.kernel_version, host.cgroup_mode && `cgroup ${host.cgroup_mode}`];
  return (
    <span class="hostname" title={system.filter(Boolean).join(" · ")}>
      <Name text={name} longest={40} />
    </span>
  );
}

/** Live, paused, or since when not. */
function Freshness() {
  const live = useLive();
  const age = live.arrived > 0 ? Math.max(0, (Date.now() - live.arrived) / 1000) : 0;
  const [state, text] = live.paused
    ? ["paused", `Paused at ${clock(live.time)}`]
    : live.status === "live"
      ? ["live", "Live"]
      : live.status === "denied"
        ? ["stale", "No permission"]
        : live.arrived === 0
          ? ["connecting", "Connecting"]
          : live.status === "late"
            ? ["late", `Late · ${duration(Math.floor(age))}`]
            : ["stale", `Stale · ${duration(Math.floor(age))}`];
  return (
    <>
      <span
        class={`freshness freshness-${state}`}
        data-state={state}
        data-time={live.time}
        title={live.version && `Agent ${live.version}, a sample every ${duration(live.interval)}`}
      >
        <span class="freshness-dot" aria-hidden="true" />
        {text}
      </span>
      <button
        type="button"
        class="icon-button"
        onClick={() => live.setPaused(!live.paused)}
        aria-pressed={live.paused}
        aria-label="Pause"
        title={live.paused ? "Resume updates" : "Pause updates"}
      >
        {live.paused ? <Play /> : <Pause />}
      </button>
    </>
  );
}

/** Announced once, when the figures have become old: not at each second of it. */
function StaleBar() {
  const { live, reconnect } = useApp();
  useLive();
  if (live.arrived === 0 || live.status === "live" || live.paused)
    return (
      <div role="status" class="sr-only">
        {live.status === "live" ? "Live" : ""}
      </div>
    );
  return (
    <div role="status" class="stale-bar">
      <span>
        {silenceText(live)} Showing the data of {clock(live.time)}
        {live.status === "late" ? "." : "; reconnecting automatically."}
      </span>
      {live.status !== "late" && (
        <button type="button" class="button" onClick={reconnect}>
          Try now
        </button>
      )}
    </div>
  );
}

/** Why no samples come. */
function silenceText(live: Live): string {
  if (live.status === "denied") return "The server no longer gives you access.";
  if (live.status === "late") return "The agent is late: it answers, but has taken no newer sample.";
  return live.connected ? "The agent sends nothing." : "The connection to the agent is lost.";
}
