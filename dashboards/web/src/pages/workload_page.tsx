// One workload: its charts on one time axis, what happened to it, and what it is.
import { useRef, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { ApiError, type WorkloadDetail } from "../data/api";
import type { WorkloadEvent } from "../data/workload_events";
import type { Entry } from "../data/live";
import { useSeries } from "../hooks/use_series";
import { useWorkloadEvents } from "../hooks/use_workload_events";
import { fieldOf, type FieldName } from "../model/fields";
import { ago, bytes, clock, cores, count, moment } from "../model/format";
import { align, bounds, panned, zoomed, type Aligned } from "../model/series";
import { matchesWorkload } from "../model/table";
import { displayName, identity, kHostId, projectOf, serviceOf, subtitle, type Facts } from "../model/workload";
import { workloadView, viewHash, type Range, type WorkloadState } from "../model/url_state";
import { Badge, Kind } from "../parts/badge";
import { Chart, pictures, type Line } from "../parts/chart";
import type { Limit } from "../parts/chart_plugins";
import { toggleChosen, ChosenBar } from "../parts/chosen";
import { eventWord } from "../parts/event_list";
import { Menu } from "../parts/controls";
import { Back, Download } from "../parts/icons";
import { Name } from "../parts/name";
import { RangeBar } from "../parts/range_bar";
import { saveCsv, saveJson, savePng, type Table } from "../parts/save";
import { Failure, Loading, Notice } from "../parts/states";
import { WorkloadPanels } from "./workload_panels";
import { useDetail } from "../hooks/use_detail";

interface Drawing {
  title: string;
  fields: FieldName[];
  lines: Line[];
  limit?: (facts: Facts, hostCores?: number, hostMemory?: number) => Limit | undefined;
}

const line = (label: string, color: string, more: Partial<Line> = {}): Line => ({ label, color, ...more });

const kDrawings: readonly Drawing[] = [
  {
    title: "CPU",
    fields: ["cpu_cores"],
    lines: [line("cores used", "series-1", { area: true })],
    limit: (facts, hostCores) =>
      facts.limits?.cpu_cores
        ? { value: facts.limits.cpu_cores, text: `limit ${cores(facts.limits.cpu_cores)} cores` }
        : facts.id === kHostId && hostCores
          ? { value: hostCores, text: `${hostCores} cores` }
          : undefined,
  },
  {
    title: "Memory",
    fields: ["working_set_bytes", "memory_bytes"],
    lines: [line("working set", "series-1", { area: true }), line("with cache", "series-2", { dash: [4, 3] })],
    limit: (facts, _cores, hostMemory) =>
      facts.limits?.memory_bytes
        ? { value: facts.limits.memory_bytes, text: `limit ${bytes(facts.limits.memory_bytes)}` }
        : facts.id === kHostId && hostMemory
          ? { value: hostMemory, text: `${bytes(hostMemory)} total` }
          : undefined,
  },
  {
    title: "Pressure",
    fields: ["psi_cpu", "psi_memory", "psi_io"],
    lines: [
      line("CPU", "series-1"),
      line("memory", "series-3", { dash: [6, 3] }),
      line("I/O", "series-4", { dash: [2, 2] }),
    ],
  },
  { title: "CPU throttled", fields: ["cpu_throttled"], lines: [line("of the time", "series-3", { area: true })] },
  {
    title: "Disk",
    fields: ["io_read_bytes", "io_write_bytes"],
    lines: [line("read", "series-1"), line("written", "series-2", { dash: [4, 3] })],
  },
  {
    title: "Network",
    fields: ["net_rx_bytes", "net_tx_bytes"],
    lines: [line("received", "series-1"), line("sent", "series-2", { dash: [4, 3] })],
  },
  {
    title: "Processes and threads",
    fields: ["pids"],
    lines: [line("tasks", "series-1")],
    limit: (facts) =>
      facts.limits?.pids ? { value: facts.limits.pids, text: `limit ${count(facts.limits.pids)}` } : undefined,
  },
];
const kFields = kDrawings.flatMap((one) => one.fields);

export function WorkloadPage({ state }: { state: WorkloadState }) {
  const live = useLive();
  const app = useApp();
  const { go, host } = app;
  const { id, range } = state;
  const series = useSeries([id], kFields, range);
  const { detail, error: detailError, rates } = useDetail(id);
  const events = useWorkloadEvents(id);
  const [cursor, setCursor] = useState<number>();
  const [near, setNear] = useState<WorkloadEvent>();
  const kept = useRef<Entry | undefined>(undefined);
  const entry = live.find(id) ?? kept.current;
  kept.current = entry;

  const now = live.now();
  const { from, to } = bounds(range, now);
  const facts: Facts | undefined = entry?.facts ?? detailFacts(detail);
  const setRange = (next: Range, replace = false): void => go({ ...state, range: next }, replace);
  const moves = {
    pan: (part: number) => setRange(panned(range, part, live.now()), true),
    zoom: (factor: number) => setRange(zoomed(range, factor, live.now()), true),
  };
  const drawn = kDrawings.map((one) => ({
    ...one,
    data: align(
      one.fields.map((field) => series.points(id, field)),
      series.step,
    ),
  }));
  const has = (data: Aligned): boolean => data.slice(1).some((column) => column.some((value) => value !== null));

  if (!facts) {
    const waiting = live.size === 0 || (detail === undefined && detailError === undefined) || series.loading;
    if (waiting && !(detailError && live.size > 0 && !series.loading)) return <Loading what="the workload" />;
    if (!drawn.some((one) => has(one.data))) return <Missing id={id} error={detailError} />;
  }
  const ended = entry?.ended;
  const conditions = entry ? live.conditions(entry) : [];
  const name = facts ? displayName(facts) : id;
  const onCursor = (time: number | undefined): void => {
    setCursor(time === undefined ? undefined : Math.round(time));
    const reach = (to - from) / 120;
    setNear(time === undefined ? undefined : events.find((one) => Math.abs(one.time - time) < reach));
  };
  const table = (): Table =>
    tableOf(
      name,
      drawn.map((one) => [one.fields, one.data] as const),
    );
  const png = (): void =>
    savePng(
      `tallyman-${name}`,
      `${name} · ${clock(from)} to ${clock(to)}`,
      drawn.flatMap((one) => {
        const canvas = pictures.get(one.title);
        return canvas ? [{ title: one.title, canvas }] : [];
      }),
    );
  const shown = drawn.filter((one) => has(one.data) || one.title === "CPU" || one.title === "Memory");
  const silent = drawn.filter((one) => !shown.includes(one)).map((one) => one.title.toLowerCase());
  return (
    <>
      <div class="crumbs">
        <a href={viewHash(app.lastOverview)}>
          <Back /> Overview
        </a>
      </div>
      <div class="title-row">
        <h1 class="title">
          <Name text={name} longest={120} />
        </h1>
        {facts && <Kind kind={facts.kind} />}
        {conditions.map((one) => (
          <Badge key={one.type + one.text} condition={one} />
        ))}
        <span class="toolbar-gap" />
        {facts && (
          <button
            type="button"
            class="button"
            aria-pressed={app.chosen.includes(id)}
            onClick={() => toggleChosen(app, id)}
          >
            {app.chosen.includes(id) ? "Selected" : "Compare"}
          </button>
        )}
        <Menu
          label="Export"
          items={[
            { text: "CSV: the points shown", run: () => saveCsv(table()) },
            { text: "JSON: the points shown", run: () => saveJson(table()) },
            { text: "PNG: the charts", run: png },
          ]}
        >
          <Download />
        </Menu>
      </div>
      {facts && (
        <p class="subtitle">
          {[
            subtitle(facts),
            facts.runtime,
            projectOf(facts) && `${projectOf(facts)}${serviceOf(facts) ? ` / ${serviceOf(facts)}` : ""}`,
          ]
            .filter(Boolean)
            .map((text) => (
              <Name key={text} text={String(text)} longest={120} class="subtitle-part" />
            ))}
          {entry?.started !== undefined && (
            <span class="subtitle-part">
              {ended === undefined ? `started ${ago(entry.started, now)}` : `ended ${moment(ended, now)}`}
            </span>
          )}
        </p>
      )}
      {ended !== undefined && entry && <EndedNote entry={entry} />}
      {!facts && (
        <div class="inline-note" role="status">
          This workload is no longer running. The history still has this data:
        </div>
      )}
      <RangeBar range={range} onChange={(next) => setRange(next)}>
        <span class="cursor-text" aria-hidden="true">
          {cursor !== undefined && (
            <>
              {moment(cursor, now)}
              {near && <> · {eventWord(near.type)}</>}
            </>
          )}
        </span>
      </RangeBar>
      {series.error !== undefined && <Failure error={series.error} retry={series.retry} />}
      <div class={`charts${series.loading ? " is-loading" : ""}`} aria-busy={series.loading}>
        {shown.map((one) => {
          const limit = facts && one.limit?.(facts, host?.cpu_cores, host?.memory_bytes);
          return (
            <Chart
              key={one.title}
              title={one.title}
              unit={fieldOf(one.fields[0] ?? "").unit}
              lines={one.lines}
              data={one.data}
              from={from}
              to={to}
              limits={limit ? [limit] : []}
              events={events}
              sync="workload"
              moves={moves}
              onCursor={onCursor}
              onZoom={(a, b) => setRange({ from: a, to: b })}
              onReset={() => setRange({ last: 900 })}
            />
          );
        })}
      </div>
      {silent.length > 0 && !series.loading && (
        <p class="hint">No data for: {silent.join(", ")}. The kernel does not report it for this workload.</p>
      )}
      <WorkloadPanels
        facts={facts}
        detail={detail}
        detailError={detailError}
        rates={rates}
        events={events}
        onShow={(event) => {
          setRange({ from: event.time - 150, to: event.time + 150 });
          document.getElementById("main")?.scrollTo({ top: 0 });
        }}
      />
      <ChosenBar />
    </>
  );
}

function detailFacts(detail: WorkloadDetail | undefined): Facts | undefined {
  return detail && { ...detail, key: detail.key ?? -1 };
}

/** A link to something that is not there, or not any more. */
function Missing({ id, error }: { id: string; error: unknown }) {
  const live = useLive();
  if (error instanceof ApiError && error.kind !== "missing") return <Failure error={error} />;
  const wanted = id.split("/").pop() ?? id;
  const near = [...live.all()]
    .filter((one) => wanted.length > 2 && matchesWorkload(one.search, wanted.slice(0, 200)))
    .slice(0, 6);
  return (
    <Notice title="Workload not found" role="alert">
      <p>
        No running workload has the id <Name text={id} longest={160} class="mono" />, and the history has no data for
        it. It may have ended long ago.
      </p>
      {near.length > 0 && (
        <ul>
          {near.map((one) => (
            <li key={one.facts.id}>
              <a href={viewHash(workloadView(one.facts.id))}>
                <Name text={displayName(one.facts)} />
              </a>
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}

/** It ended while it was looked at: say so, and lead to its successor. */
function EndedNote({ entry }: { entry: Entry }) {
  const live = useLive();
  const { facts } = entry;
  const successor = [...live.all()].find(
    (one) =>
      one.ended === undefined &&
      identity(one.facts) !== identity(facts) &&
      one.facts.workload === facts.workload &&
      one.facts.kind === facts.kind,
  );
  return (
    <div class="inline-note" role="status">
      This workload ended at {clock(entry.ended ?? 0)}. These are its last values.
      {successor && (
        <>
          {" "}
          A new workload with the same name is running: <a href={viewHash(workloadView(successor.facts.id))}>show it</a>
          .
        </>
      )}
    </div>
  );
}

function tableOf(name: string, drawn: readonly (readonly [string[], Aligned])[]): Table {
  const columns = new Map<string, Map<number, number>>();
  const times = new Set<number>();
  for (const [fields, data] of drawn) {
    fields.forEach((field, i) => {
      const column = new Map<number, number>();
      data[0].forEach((time, at) => {
        const value = data[i + 1]?.[at];
        if (value === null || value === undefined) return;
        column.set(time, value);
        times.add(time);
      });
      columns.set(field, column);
    });
  }
  const header = [...columns.keys()];
  return {
    name: `tallyman-${name}`,
    header: ["time", ...header],
    rows: [...times]
      .sort((a, b) => a - b)
      .map((time) => [new Date(time * 1000).toISOString(), ...header.map((field) => columns.get(field)?.get(time))]),
  };
}
