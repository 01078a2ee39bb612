// What happened on this host, live.
import { useEffect, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { getEvents } from "../data/api";
import type { WorkloadEvent } from "../data/workload_events";
import { matchesText } from "../model/table";
import { kEvents, viewHash, type EventsState } from "../model/url_state";
import { detailsText, EventLine, eventWord } from "../parts/event_list";
import { SearchField, SelectField, same } from "../parts/controls";
import { ExportMenu } from "../parts/export_menu";
import type { Table } from "../parts/save";
import { Failure, Loading, Notice } from "../parts/states";
import { useNarrow, useWindowed } from "../hooks/use_windowed";

const kTypes = [
  "started",
  "died",
  "oom_killed",
  "throttled",
  "limit_changed",
  "paused",
  "resumed",
  "restarted",
  "health_changed",
];

function wanted(event: WorkloadEvent, state: EventsState): boolean {
  if (state.type !== "" && event.type !== state.type) return false;
  if (state.kind !== "" && event.kind !== state.kind) return false;
  if (state.id !== "" && event.workloadId !== state.id) return false;
  if (state.text === "") return true;
  const texts = [event.workload, event.workloadId, event.type, event.message, detailsText(event.details)];
  return matchesText(texts.join("\n").toLowerCase(), state.text);
}

export function EventsPage({ state }: { state: EventsState }) {
  const live = useLive();
  const { go } = useApp();
  const past = usePast();
  const all = live.events.all();
  // They are numbered as they are found: an end is found after later starts.
  const events = all.filter((event) => wanted(event, state)).sort((a, b) => b.time - a.time || b.id - a.id);
  const inSight = useInSight(events.length);
  const set = (change: Partial<EventsState>): void => go({ ...state, ...change }, true);
  return (
    <>
      <h1 class="title page-title">Events</h1>
      <Toolbar state={state} set={set} all={all} events={events} />
      <p class="table-count" role="status">
        {events.length === all.length ? `${all.length} events` : `${events.length} of ${all.length} events`}
        {past.dropped > 0 && ` · ${past.dropped} older events were dropped`}
      </p>
      {events.length > 0 ? (
        <EventsTable events={events} inSight={inSight} />
      ) : past.error !== undefined ? (
        <Failure error={past.error} retry={past.retry} />
      ) : past.loading && all.length === 0 ? (
        <Loading what="events" />
      ) : all.length === 0 ? (
        <Notice title="Nothing has happened yet">
          Starts, ends, OOM kills, long throttling and changed limits appear here as they happen.
        </Notice>
      ) : (
        <Notice title="Nothing matches">No event matches all filters.</Notice>
      )}
    </>
  );
}

type InSight = Pick<ReturnType<typeof useWindowed>, "list" | "first" | "last"> & { rowHeight: number };

/** Which rows are in sight. The page holds it, so that it stays while no event passes the filters. */
function useInSight(total: number): InSight {
  const rowHeight = useNarrow() ? 76 : 32;
  return { ...useWindowed(total, rowHeight), rowHeight };
}

function Toolbar({
  state,
  set,
  all,
  events,
}: {
  state: EventsState;
  set: (change: Partial<EventsState>) => void;
  all: readonly WorkloadEvent[];
  events: readonly WorkloadEvent[];
}) {
  const types = [...new Set([...kTypes, ...all.map((one) => one.type)])];
  const kinds = [...new Set(all.map((one) => one.kind).filter((kind) => kind !== ""))].sort();
  return (
    <section class="toolbar" aria-label="Filters">
      <SearchField label="Search workload or message" value={state.text} onChange={(text) => set({ text })} />
      <SelectField
        label="Type"
        value={state.type}
        any="all"
        choices={types.map((type) => ({ value: type, text: eventWord(type) }))}
        onChange={(type) => set({ type })}
      />
      <SelectField label="Kind" value={state.kind} any="all" choices={same(kinds)} onChange={(kind) => set({ kind })} />
      {(state.id !== "" || state.text !== "" || state.type !== "" || state.kind !== "") && (
        <a class="button" href={viewHash(kEvents)}>
          Show all
        </a>
      )}
      <span class="toolbar-gap" />
      <ExportMenu shown="events" table={() => tableOf(events)} />
    </section>
  );
}

function tableOf(events: readonly WorkloadEvent[]): Table {
  return {
    name: "tallyman-events",
    header: ["id", "time", "type", "workload", "workload_id", "kind", "message", "details"],
    rows: events.map((one) => [
      one.id,
      new Date(one.time * 1000).toISOString(),
      one.type,
      one.workload,
      one.workloadId,
      one.kind,
      one.message,
      JSON.stringify(one.details),
    ]),
  };
}

/** Only the rows in sight are in the page. */
function EventsTable({ events, inSight }: { events: readonly WorkloadEvent[]; inSight: InSight }) {
  const { list, first, last, rowHeight } = inSight;
  return (
    <div>
      <div class="events-head" aria-hidden="true">
        <span>Time</span>
        <span>Type</span>
        <span>Workload</span>
        <span>Message</span>
      </div>
      <div
        class="events-list"
        role="list"
        aria-label="Events, newest first"
        ref={list}
        style={{ height: `${events.length * rowHeight}px` }}
      >
        {events.slice(first, last).map((event, i) => (
          <div
            key={event.id}
            role="listitem"
            class="events-row"
            aria-setsize={events.length}
            aria-posinset={first + i + 1}
            style={{ transform: `translateY(${(first + i) * rowHeight}px)` }}
          >
            <EventLine event={event} withWorkload />
          </div>
        ))}
      </div>
    </div>
  );
}

/** Those before this page was opened: more of them than the stream's start asks for. */
function usePast(): { loading: boolean; error: unknown; dropped: number; retry: () => void } {
  const { live } = useApp();
  const [state, setState] = useState<{ loading: boolean; error: unknown; dropped: number }>({
    loading: true,
    error: undefined,
    dropped: 0,
  });
  const [again, setAgain] = useState(0);
  const { connections } = live;
  useEffect(() => {
    const stop = new AbortController();
    getEvents(0, 5000, undefined, stop.signal).then(
      (answer) => {
        live.events.add(answer.events);
        setState({ loading: false, error: undefined, dropped: answer.dropped ?? 0 });
      },
      (error: unknown) => {
        if (!stop.signal.aborted) setState({ loading: false, error, dropped: 0 });
      },
    );
    return () => stop.abort();
  }, [live, connections, again]);
  return { ...state, retry: () => setAgain((n) => n + 1) };
}
