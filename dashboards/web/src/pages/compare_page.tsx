// Two to six workloads over one another: containers and bare processes alike.
import { useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import type { Live } from "../data/live";
import { useCompared, type ComparedField } from "../hooks/use_compared";
import { comparedText, comparedTitle, limitOf } from "../model/comparing";
import { fieldOf } from "../model/fields";
import { clock, significant, kAbsentText } from "../model/format";
import { bounds, summary, type Aligned } from "../model/series";
import { shortPath } from "../model/text";
import { displayName } from "../model/workload";
import type { CompareState, Normalise, Range } from "../model/url_state";
import { Chart, picturesOf } from "../parts/chart";
import type { ChartProps, Line } from "../parts/chart_options";
import { rangeMoves } from "../parts/chart_range";
import { ExportMenu } from "../parts/export_menu";
import { Name } from "../parts/name";
import { RangeBar } from "../parts/range_bar";
import { savePng, type Table } from "../parts/save";
import { Failure, Notice } from "../parts/states";
import { ComparedList, NormaliseBar, type SetCompare } from "./compare_controls";

// Colour and dash together: either alone distinguishes the lines.
const kStyles: readonly Pick<Line, "color" | "dash">[] = [
  { color: "series-1" },
  { color: "series-3", dash: [7, 3] },
  { color: "series-2", dash: [2, 2] },
  { color: "series-4", dash: [9, 3, 2, 3] },
  { color: "series-5", dash: [4, 2] },
  { color: "series-6", dash: [12, 4] },
];

export function ComparePage({ state }: { state: CompareState }) {
  const live = useLive();
  const { go } = useApp();
  const { ids, range, normalise, counter } = state;
  const { series, shown } = useCompared(state);
  const [cursor, setCursor] = useState<number>();
  const set: SetCompare = (change, replace = false) => go({ ...state, ...change }, replace);
  const setRange = (next: Range, replace = false): void => set({ range: next }, replace);
  const { from, to } = bounds(range, live.now());
  const lines = linesOf(ids, live);
  const png = (): void =>
    savePng(
      "tallyman-compare",
      `${lines.map((one) => one.label).join(", ")} · ${clock(from)} to ${clock(to)}`,
      picturesOf(shown.map(({ compared }) => comparedTitle(compared, normalise, counter))),
    );
  return (
    <>
      <div class="title-row">
        <h1 class="title">Compare</h1>
        <span class="toolbar-gap" />
        <ExportMenu shown="points" table={() => pointsTable(lines, shown)} png={png} />
      </div>
      <ComparedList state={state} set={set} lines={lines} />
      {ids.length < 2 ? (
        <Notice title={ids.length === 0 ? "Nothing to compare yet" : "Add one more workload"}>
          Add two to six workloads here, or select them in the overview with their checkboxes or the x key.
        </Notice>
      ) : (
        <>
          <RangeBar range={range} onChange={(next) => setRange(next)}>
            <span class="cursor-text" aria-hidden="true">
              {cursor !== undefined && clock(cursor)}
            </span>
          </RangeBar>
          <NormaliseBar state={state} set={set} />
          {series.error !== undefined && <Failure error={series.error} retry={series.retry} />}
          {shown.length === 0 && !series.loading && series.error === undefined && (
            <Notice title="Nothing to draw">{emptyWords(normalise)}</Notice>
          )}
          <CompareCharts
            state={state}
            shown={shown}
            loading={series.loading}
            lines={lines}
            from={from}
            to={to}
            onCursor={(time) => setCursor(time)}
            {...rangeMoves(range, setRange, () => live.now())}
          />
          {shown.length > 0 && <Means state={state} lines={lines} shown={shown} />}
        </>
      )}
    </>
  );
}

/** How each workload is drawn, in all charts alike. */
function linesOf(ids: readonly string[], live: Live): Line[] {
  const nameOf = (id: string): string => {
    const entry = live.find(id);
    return entry ? displayName(entry.facts) : shortPath(id);
  };
  const names = distinct(ids.map(nameOf), ids);
  return ids.map((_, i) => ({ label: names[i] ?? "", ...(kStyles[i] ?? { color: "series-1" }) }));
}

/** Workloads with the same name are shown with the end of their ids. */
function distinct(names: readonly string[], ids: readonly string[]): string[] {
  return names.map((name, i) =>
    names.some((other, j) => j !== i && other === name) ? `${name} (${(ids[i] ?? "").slice(-14)})` : name,
  );
}

/** A line for each time of each field, a column for each workload. */
function pointsTable(lines: readonly Line[], shown: readonly ComparedField[]): Table {
  return {
    name: "tallyman-compare",
    header: ["time", "field", ...lines.map((one) => one.label)],
    rows: shown.flatMap(({ compared, data }) =>
      data[0].map((time, at) => [
        new Date(time * 1000).toISOString(),
        compared.field,
        ...lines.map((_, i) => data[i + 1]?.[at]),
      ]),
    ),
  };
}

function emptyWords(normalise: Normalise): string {
  if (normalise === "limit") return "None of these has a limit.";
  if (normalise === "unit")
    return "No such work has been counted yet. A counter that the history does not store is read from now on.";
  return "These workloads have no data in this time range.";
}

function CompareCharts({
  state,
  shown,
  loading,
  ...shared
}: {
  state: CompareState;
  shown: readonly ComparedField[];
  loading: boolean;
} & Pick<ChartProps, "lines" | "from" | "to" | "moves" | "onCursor" | "onZoom" | "onReset">) {
  const { normalise, counter } = state;
  return (
    <div class={`charts${loading ? " is-loading" : ""}`} aria-busy={loading}>
      {shown.map(({ compared, data }) => (
        <Chart
          key={compared.field}
          title={comparedTitle(compared, normalise, counter)}
          unit={normalise === "" ? fieldOf(compared.field).unit : "count"}
          {...(normalise === ""
            ? {}
            : { format: (value: number | null) => comparedText(value, compared.field, normalise) })}
          data={data}
          sync="compare"
          {...shared}
        />
      ))}
    </div>
  );
}

function Means({
  state,
  lines,
  shown,
}: {
  state: CompareState;
  lines: readonly Line[];
  shown: readonly ComparedField[];
}) {
  const { live } = useApp();
  const { ids, normalise, counter } = state;
  return (
    <section class="panel">
      <h2 class="panel-title">Averages over the time shown</h2>
      <div class="table-box" tabIndex={0} role="group" aria-label="Averages over the time shown">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Workload</th>
              {shown.map(({ compared }) => (
                <th key={compared.field} scope="col">
                  {comparedTitle(compared, normalise, counter)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ids.map((id, i) => (
              <tr key={id}>
                <th scope="row">
                  <Name text={lines[i]?.label ?? ""} longest={48} />
                </th>
                {shown.map(({ compared, data }) => (
                  <MeanCell
                    key={compared.field}
                    field={compared.field}
                    data={data}
                    at={i}
                    normalise={normalise}
                    limit={normalise === "" ? limitOf(live.find(id)?.facts, compared.field) : undefined}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The average of the workload at this place, and how many times that of the first one it is. */
function MeanCell({
  field,
  data,
  at,
  normalise,
  limit,
}: {
  field: string;
  data: Aligned;
  at: number;
  normalise: Normalise;
  limit: number | undefined;
}) {
  const mean = summary(data[at + 1] ?? [])?.mean;
  const first = summary(data[1] ?? [])?.mean;
  return (
    <td title={limit === undefined ? undefined : `limit ${comparedText(limit, field, "")}`}>
      {comparedText(mean, field, normalise)}
      {at > 0 && normalise !== "first" && (
        <small class="times">{mean !== undefined && first ? `${significant(mean / first)}×` : kAbsentText}</small>
      )}
    </td>
  );
}
