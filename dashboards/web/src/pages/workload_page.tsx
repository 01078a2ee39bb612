// One workload: its charts on one time axis, what happened to it, and what it is.
import { useRef, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { ApiError, type WorkloadDetail } from "../data/api";
import type { WorkloadEvent } from "../data/workload_events";
import type { Entry } from "../data/live";
import { useDetail } from "../hooks/use_detail";
import { useSeries } from "../hooks/use_series";
import { useWorkloadEvents } from "../hooks/use_workload_events";
import { ago, clock, moment } from "../model/format";
import { bounds } from "../model/series";
import { matchesWorkload } from "../model/table";
import { displayName, identity, projectOf, serviceOf, subtitle, type Facts } from "../model/workload";
import { workloadView, viewHash, type Range, type WorkloadState } from "../model/url_state";
import { Badge, Kind } from "../parts/badge";
import { picturesOf } from "../parts/chart";
import { inDrawingOrder } from "../parts/chart_plugins";
import { rangeMoves } from "../parts/chart_range";
import { toggleChosen, ChosenBar } from "../parts/chosen";
import { eventWord } from "../parts/event_list";
import { ExportMenu } from "../parts/export_menu";
import { Back } from "../parts/icons";
import { Name } from "../parts/name";
import { RangeBar } from "../parts/range_bar";
import { savePng } from "../parts/save";
import { Failure, Loading, Notice } from "../parts/states";
import { drawnOf, hasValues, kFields, pointsTable, WorkloadCharts, type Drawn } from "./workload_charts";
import { WorkloadPanels } from "./workload_panels";

export function WorkloadPage({ state }: { state: WorkloadState }) {
  const live = useLive();
  const { go } = useApp();
  const { id, range } = state;
  const series = useSeries([id], kFields, range);
  const { detail, error: detailError, rates } = useDetail(id);
  const events = useWorkloadEvents(id);
  const now = live.now();
  const { from, to } = bounds(range, now);
  const pointed = usePointed(events, (to - from) / 120);
  const entry = useKept(live.find(id));
  const facts = entry?.facts ?? detailFacts(detail);
  const drawn = drawnOf(series, id);

  if (!facts) {
    const asking = detail === undefined && detailError === undefined;
    const waiting = live.size === 0 || asking || series.loading;
    if (waiting && !(detailError && live.size > 0 && !series.loading)) return <Loading what="the workload" />;
    if (!drawn.some(hasValues)) return <Missing id={id} error={detailError} />;
  }
  const setRange = (next: Range, replace = false): void => go({ ...state, range: next }, replace);
  return (
    <>
      <Title id={id} facts={facts} entry={entry} drawn={drawn} from={from} to={to} />
      {facts && <Subtitle facts={facts} entry={entry} now={now} />}
      {entry?.ended !== undefined && <EndedNote entry={entry} />}
      {!facts && <PastNote />}
      <RangeBar range={range} onChange={(next) => setRange(next)}>
        <PointedText time={pointed.time} near={pointed.near} now={now} />
      </RangeBar>
      {series.error !== undefined && <Failure error={series.error} retry={series.retry} />}
      <WorkloadCharts
        facts={facts}
        drawn={drawn}
        loading={series.loading}
        from={from}
        to={to}
        events={events}
        onCursor={pointed.point}
        {...rangeMoves(range, setRange, () => live.now())}
      />
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

/** The workload as it was last known: the page of one that is forgotten stays. */
function useKept(entry: Entry | undefined): Entry | undefined {
  const kept = useRef<Entry | undefined>(undefined);
  kept.current = entry ?? kept.current;
  return kept.current;
}

interface Pointed {
  /** Under the cursor, in seconds. */
  time: number | undefined;
  /** The event there. */
  near: WorkloadEvent | undefined;
  point: (time: number | undefined) => void;
}

/** What the cursor is at, in any of the charts. An event is near within `reach` seconds. */
function usePointed(events: readonly WorkloadEvent[], reach: number): Pointed {
  const [time, setTime] = useState<number>();
  const [near, setNear] = useState<WorkloadEvent>();
  const point = (at: number | undefined): void => {
    setTime(at === undefined ? undefined : Math.round(at));
    // Of several there the one whose mark lies on top.
    const near = events.filter((one) => at !== undefined && Math.abs(one.time - at) < reach);
    setNear(inDrawingOrder(near).at(-1));
  };
  return { time, near, point };
}

function PointedText({ time, near, now }: Pick<Pointed, "time" | "near"> & { now: number }) {
  return (
    <span class="cursor-text" aria-hidden="true">
      {time !== undefined && (
        <>
          {moment(time, now)}
          {near && <> · {eventWord(near.type)}</>}
        </>
      )}
    </span>
  );
}

/** The way back, the name with what is wrong, and what can be done with the workload. */
function Title({
  id,
  facts,
  entry,
  drawn,
  from,
  to,
}: {
  id: string;
  facts: Facts | undefined;
  entry: Entry | undefined;
  drawn: readonly Drawn[];
  from: number;
  to: number;
}) {
  const { live, lastOverview } = useApp();
  const name = facts ? displayName(facts) : id;
  const conditions = entry ? live.conditions(entry) : [];
  const png = (): void =>
    savePng(`tallyman-${name}`, `${name} · ${clock(from)} to ${clock(to)}`, picturesOf(drawn.map((one) => one.title)));
  return (
    <>
      <div class="crumbs">
        <a href={viewHash(lastOverview)}>
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
        {facts && <ChooseButton id={id} />}
        <ExportMenu shown="points" table={() => pointsTable(name, drawn)} png={png} />
      </div>
    </>
  );
}

function ChooseButton({ id }: { id: string }) {
  const app = useApp();
  const chosen = app.chosen.includes(id);
  return (
    <button type="button" class="button" aria-pressed={chosen} onClick={() => toggleChosen(app, id)}>
      {chosen ? "Selected" : "Compare"}
    </button>
  );
}

function Subtitle({ facts, entry, now }: { facts: Facts; entry: Entry | undefined; now: number }) {
  const project = projectOf(facts);
  const service = serviceOf(facts);
  return (
    <p class="subtitle">
      {[subtitle(facts), facts.runtime, project && `${project}${service ? ` / ${service}` : ""}`]
        .filter(Boolean)
        .map((text) => (
          <Name key={text} text={String(text)} longest={120} class="subtitle-part" />
        ))}
      {entry?.started !== undefined && (
        <span class="subtitle-part">
          {entry.ended === undefined ? `started ${ago(entry.started, now)}` : `ended ${moment(entry.ended, now)}`}
        </span>
      )}
    </p>
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

function PastNote() {
  return (
    <div class="inline-note" role="status">
      This workload is no longer running. The history still has this data:
    </div>
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
