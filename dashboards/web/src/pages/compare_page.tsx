// Two to six workloads over one another: containers and bare processes alike.
import { useEffect, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { getCatalogue, type CatalogueMetric } from "../data/api";
import { useCounter } from "../hooks/use_counter";
import { useSeries } from "../hooks/use_series";
import { comparedText, comparedTitle, limitOf, meanOf, normalised } from "../model/comparing";
import { fieldOf, kCompared, kWorkFields, type Compared } from "../model/fields";
import { clock, significant, kAbsentText } from "../model/format";
import { align, bounds, panned, summary, zoomed } from "../model/series";
import { shortPath } from "../model/text";
import { displayName } from "../model/workload";
import {
  kMaxCompared,
  viewHash,
  workloadView,
  type CompareState,
  type Normalise,
  type Range,
} from "../model/url_state";
import { Chart, pictures, type Line } from "../parts/chart";
import { Menu, Segments } from "../parts/controls";
import { Close, Download } from "../parts/icons";
import { Name } from "../parts/name";
import { RangeBar } from "../parts/range_bar";
import { saveCsv, saveJson, savePng, type Table } from "../parts/save";
import { Failure, Notice } from "../parts/states";
import { WorkloadPicker } from "../parts/picker";

// Colour and dash together: either alone distinguishes the lines.
const kStyles: readonly Pick<Line, "color" | "dash">[] = [
  { color: "series-1" },
  { color: "series-3", dash: [7, 3] },
  { color: "series-2", dash: [2, 2] },
  { color: "series-4", dash: [9, 3, 2, 3] },
  { color: "series-5", dash: [4, 2] },
  { color: "series-6", dash: [12, 4] },
];
const kNormaliseBy: readonly (readonly [Normalise, string])[] = [
  ["", "Absolute"],
  ["limit", "Share of limit"],
  ["first", "Relative to first"],
  ["unit", "Per unit of work"],
];
const kFields = kCompared.map((one) => one.field);

export function ComparePage({ state }: { state: CompareState }) {
  const live = useLive();
  const { go } = useApp();
  const { ids, range, normalise, counter } = state;
  const series = useSeries(ids, kFields, range);
  const ofHistory = kWorkFields.includes(counter);
  const counted = useCounter(ids, normalise === "unit" && !ofHistory ? counter : "");
  const [cursor, setCursor] = useState<number>();
  const set = (change: Partial<CompareState>, replace = false): void => go({ ...state, ...change }, replace);
  const setRange = (next: Range, replace = false): void => set({ range: next }, replace);
  const moves = {
    pan: (part: number) => setRange(panned(range, part, live.now()), true),
    zoom: (factor: number) => setRange(zoomed(range, factor, live.now()), true),
  };
  const now = live.now();
  const { from, to } = bounds(range, now);
  const nameOf = (id: string): string => {
    const entry = live.find(id);
    return entry ? displayName(entry.facts) : shortPath(id);
  };
  const names = distinct(ids.map(nameOf), ids);

  const drawn = kCompared.map((compared) => {
    const raw = ids.map((id) => series.points(id, compared.field));
    const base = meanOf(raw[0] ?? []);
    const points = ids.map((id, i) =>
      normalised(raw[i] ?? [], compared.field, {
        normalise,
        counter,
        step: series.step,
        facts: live.find(id)?.facts,
        base,
        work: ofHistory ? series.points(id, counter) : counted(id),
      }),
    );
    return { compared, data: align(points, series.step) };
  });
  const shown = drawn.filter(({ data }) =>
    data.slice(1).some((column) => column.some((value) => value !== null && value !== 0)),
  );
  const lines = ids.map((_, i): Line => ({ label: names[i] ?? "", ...(kStyles[i] ?? { color: "series-1" }) }));
  const remove = (id: string): void => set({ ids: ids.filter((one) => one !== id) });
  const table = (): Table => ({
    name: "tallyman-compare",
    header: ["time", "field", ...names],
    rows: shown.flatMap(({ compared, data }) =>
      data[0].map((time, at) => [
        new Date(time * 1000).toISOString(),
        compared.field,
        ...ids.map((_, i) => data[i + 1]?.[at]),
      ]),
    ),
  });
  const png = (): void =>
    savePng(
      "tallyman-compare",
      `${names.join(", ")} · ${clock(from)} to ${clock(to)}`,
      shown.flatMap(({ compared }) => {
        const title = comparedTitle(compared, normalise, counter);
        const canvas = pictures.get(title);
        return canvas ? [{ title, canvas }] : [];
      }),
    );
  return (
    <>
      <div class="title-row">
        <h1 class="title">Compare</h1>
        <span class="toolbar-gap" />
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
      <ul class="compared" aria-label="Workloads compared">
        {ids.map((id, i) => (
          <li key={id} class="chip">
            <svg class="swatch" width="22" height="8" viewBox="0 0 22 8" aria-hidden="true">
              <path
                class={`stroke-${lines[i]?.color ?? ""}`}
                stroke-dasharray={lines[i]?.dash?.join(" ")}
                d="M0 4h22"
              />
            </svg>
            <a href={viewHash(workloadView(id, range))}>
              <Name text={names[i] ?? ""} longest={48} />
            </a>
            {live.find(id)?.ended !== undefined && <small>ended</small>}
            <button type="button" aria-label={`Remove ${(names[i] ?? "").slice(0, 60)}`} onClick={() => remove(id)}>
              <Close />
            </button>
          </li>
        ))}
        {ids.length < kMaxCompared && (
          <li>
            <WorkloadPicker without={ids} onPick={(id) => set({ ids: [...ids, id] })} />
          </li>
        )}
      </ul>
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
          <div class="toolbar">
            <Segments
              label="Values"
              value={normalise}
              choices={kNormaliseBy}
              onChange={(by) =>
                set({ normalise: by, counter: by === "unit" && counter === "" ? "net_tx_bytes" : counter })
              }
            />
            {normalise === "unit" && <CounterField value={counter} onChange={(name) => set({ counter: name }, true)} />}
          </div>
          {series.error !== undefined && <Failure error={series.error} retry={series.retry} />}
          {shown.length === 0 && !series.loading && series.error === undefined && (
            <Notice title="Nothing to draw">{emptyWords(normalise)}</Notice>
          )}
          <div class={`charts${series.loading ? " is-loading" : ""}`} aria-busy={series.loading}>
            {shown.map(({ compared, data }) => (
              <Chart
                key={compared.field}
                title={comparedTitle(compared, normalise, counter)}
                unit={normalise === "" ? fieldOf(compared.field).unit : "count"}
                {...(normalise === ""
                  ? {}
                  : { format: (value: number | null) => comparedText(value, compared.field, normalise) })}
                lines={lines}
                data={data}
                from={from}
                to={to}
                sync="compare"
                moves={moves}
                onCursor={(time) => setCursor(time)}
                onZoom={(a, b) => setRange({ from: a, to: b })}
                onReset={() => setRange({ last: 900 })}
              />
            ))}
          </div>
          {shown.length > 0 && (
            <Means
              ids={ids}
              names={names}
              drawn={shown}
              state={state}
              limits={(id, field) => limitOf(live.find(id)?.facts, field)}
            />
          )}
        </>
      )}
    </>
  );
}

function emptyWords(normalise: Normalise): string {
  if (normalise === "limit") return "None of these has a limit.";
  if (normalise === "unit")
    return "No such work has been counted yet. A counter that the history does not store is read from now on.";
  return "These workloads have no data in this time range.";
}

/** Workloads with the same name are shown with the end of their ids. */
function distinct(names: readonly string[], ids: readonly string[]): string[] {
  return names.map((name, i) =>
    names.some((other, j) => j !== i && other === name) ? `${name} (${(ids[i] ?? "").slice(-14)})` : name,
  );
}

function Means({
  ids,
  names,
  drawn,
  state,
  limits,
}: {
  ids: readonly string[];
  names: readonly string[];
  drawn: readonly { compared: Compared; data: ReturnType<typeof align> }[];
  state: CompareState;
  limits: (id: string, field: string) => number | undefined;
}) {
  const { normalise, counter } = state;
  return (
    <section class="panel">
      <h2 class="panel-title">Averages over the time shown</h2>
      <div class="table-box" tabIndex={0} role="group" aria-label="Averages over the time shown">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Workload</th>
              {drawn.map(({ compared }) => (
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
                  <Name text={names[i] ?? ""} longest={48} />
                </th>
                {drawn.map(({ compared, data }) => {
                  const mean = summary(data[i + 1] ?? [])?.mean;
                  const first = summary(data[1] ?? [])?.mean;
                  const limit = normalise === "" ? limits(id, compared.field) : undefined;
                  return (
                    <td
                      key={compared.field}
                      title={limit === undefined ? undefined : `limit ${comparedText(limit, compared.field, "")}`}
                    >
                      {comparedText(mean, compared.field, normalise)}
                      {i > 0 && normalise !== "first" && (
                        <small class="times">
                          {mean !== undefined && first ? `${significant(mean / first)}×` : kAbsentText}
                        </small>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What a unit of work is: a field of the history, or any counter of the catalogue. */
function CounterField({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const [catalogue, setCatalogue] = useState<CatalogueMetric[]>([]);
  const [text, setText] = useState(value);
  useEffect(() => {
    getCatalogue().then(setCatalogue, () => undefined); // without it one types the name
  }, []);
  const counters = catalogue
    .filter((one) => one.type === "counter" && !one.name.startsWith("tallyman_"))
    .map((one) => one.name);
  const known = kWorkFields.includes(text) || counters.includes(text);
  return (
    <label class="select counter">
      <span class="select-label">Work counted by</span>
      <input
        list="counters"
        value={text}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={!known && counters.length > 0}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={() => onChange(text)}
      />
      <datalist id="counters">
        {kWorkFields.map((field) => (
          <option key={field} value={field}>
            {fieldOf(field).title}
          </option>
        ))}
        {counters.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
