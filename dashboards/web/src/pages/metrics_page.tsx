// The catalogue of all metrics: what each means, its series now, and PromQL to copy.
import { useApp } from "../app_context";
import { getCatalogue, getText, type CatalogueMetric } from "../data/api";
import { useAnswer } from "../hooks/use_answer";
import { promql, samplesOf, type Sample } from "../model/prometheus";
import { matchesText } from "../model/table";
import { kMetrics, viewHash, type MetricsState } from "../model/url_state";
import { CopyButton, CopyLine } from "../parts/copy";
import { SearchField, SelectField, same } from "../parts/controls";
import { ExportMenu } from "../parts/export_menu";
import { Chevron } from "../parts/icons";
import { Name } from "../parts/name";
import type { Table } from "../parts/save";
import { Failure, Loading, Notice } from "../parts/states";

function wanted(metric: CatalogueMetric, state: MetricsState): boolean {
  if (state.collector !== "" && metric.collector !== state.collector) return false;
  if (state.text === "") return true;
  const { name, help, unit, labels, collector } = metric;
  const texts = [name, help ?? "", unit ?? "", (labels ?? []).join(" "), collector ?? ""];
  return matchesText(texts.join("\n").toLowerCase(), state.text);
}

export function MetricsPage({ state }: { state: MetricsState }) {
  const { go, live } = useApp();
  const { value: metrics, error, retry } = useAnswer("", getCatalogue, live.connections);
  const set = (change: Partial<MetricsState>): void => go({ ...state, ...change }, true);
  if (error !== undefined && metrics === undefined) return <Failure error={error} retry={retry} />;
  if (metrics === undefined) return <Loading what="the catalogue" />;
  const shown = metrics.filter((one) => wanted(one, state));
  return (
    <>
      <h1 class="title page-title">Metrics</h1>
      <Toolbar state={state} set={set} metrics={metrics} shown={shown} />
      <p class="table-count" role="status">
        {shown.length === metrics.length ? `${metrics.length} metrics` : `${shown.length} of ${metrics.length} metrics`}
      </p>
      {shown.length === 0 && <Notice title="Nothing matches">No metric matches all filters.</Notice>}
      <ul class="metrics">
        {shown.map((one) => (
          <MetricLine
            key={one.name}
            metric={one}
            open={state.name === one.name}
            toggle={() => set({ name: state.name === one.name ? "" : one.name })}
          />
        ))}
      </ul>
    </>
  );
}

function Toolbar({
  state,
  set,
  metrics,
  shown,
}: {
  state: MetricsState;
  set: (change: Partial<MetricsState>) => void;
  metrics: readonly CatalogueMetric[];
  shown: readonly CatalogueMetric[];
}) {
  const collectors = [...new Set(metrics.map((one) => one.collector ?? ""))].filter((name) => name !== "");
  return (
    <section class="toolbar" aria-label="Filters">
      <SearchField label="Search name or meaning" value={state.text} onChange={(text) => set({ text })} />
      <SelectField
        label="Collector"
        value={state.collector}
        any="all"
        choices={same(collectors)}
        onChange={(collector) => set({ collector })}
      />
      {(state.text !== "" || state.collector !== "") && (
        <a class="button" href={viewHash(kMetrics)}>
          Show all
        </a>
      )}
      <span class="toolbar-gap" />
      <ExportMenu shown="metrics" table={() => tableOf(shown)} />
    </section>
  );
}

function tableOf(metrics: readonly CatalogueMetric[]): Table {
  return {
    name: "tallyman-metrics",
    header: ["name", "type", "unit", "help", "labels", "collector", "series"],
    rows: metrics.map((one) => [
      one.name,
      one.type,
      one.unit,
      one.help,
      (one.labels ?? []).join(","),
      one.collector,
      one.series,
    ]),
  };
}

function MetricLine({ metric, open, toggle }: { metric: CatalogueMetric; open: boolean; toggle: () => void }) {
  const series = metric.series ?? 0;
  return (
    <li class={`metric${open ? " is-open" : ""}`}>
      <button type="button" class="metric-head" aria-expanded={open} onClick={toggle}>
        <Chevron open={open} />
        <span class="metric-name mono">{metric.name}</span>
        <span class="metric-type">{metric.type}</span>
        <span class="metric-help">{metric.help}</span>
        <span class={`metric-series${series === 0 ? " faint" : ""}`}>
          {metric.series === undefined ? "" : series === 1 ? "1 series" : `${series} series`}
        </span>
      </button>
      {open && <MetricBody metric={metric} />}
    </li>
  );
}

const kMaxSeries = 200;

function MetricBody({ metric }: { metric: CatalogueMetric }) {
  const chosen = metric.collector ? `?${new URLSearchParams({ "collect[]": metric.collector }).toString()}` : "";
  const {
    value: found,
    error,
    retry,
  } = useAnswer(metric.name, async (signal) =>
    samplesOf(await getText(`metrics${chosen}`, signal), metric.name, kMaxSeries),
  );
  return (
    <div class="metric-body">
      <dl class="facts facts-inline">
        <div>
          <dt>unit</dt>
          <dd>{metric.unit || "count"}</dd>
        </div>
        <div>
          <dt>collector</dt>
          <dd>{metric.collector}</dd>
        </div>
        <div>
          <dt>labels</dt>
          <dd>{(metric.labels ?? []).join(", ") || "none"}</dd>
        </div>
      </dl>
      <CopyLine text={promql(metric.name, metric.type)} label="Copy the PromQL" />
      {error !== undefined ? (
        <Failure error={error} retry={retry} />
      ) : found === undefined ? (
        <Loading what="its series" />
      ) : found.total === 0 ? (
        <p class="empty">
          This metric has no series now: nothing on this host reports it, or its collector is disabled.
        </p>
      ) : (
        <>
          <ul class="series">
            {found.samples.map((sample, i) => (
              <SeriesLine key={i} sample={sample} type={metric.type} family={metric.name} />
            ))}
          </ul>
          {found.total > found.samples.length && (
            <p class="hint">
              The first {found.samples.length} of {found.total}. All of them: <a href="metrics">metrics</a>.
            </p>
          )}
        </>
      )}
    </div>
  );
}

// Labels that everybody has are long and say little here; the PromQL to copy has what it needs.
const kIdentifying = ["kind", "workload"];

function SeriesLine({ sample, type, family }: { sample: Sample; type: string; family: string }) {
  const labels = Object.entries(sample.labels).filter(
    ([name, value]) =>
      value !== "" && !["id", "kind", "workload", "name"].includes(name) && !name.startsWith("container_label_"),
  );
  const matchers = Object.fromEntries(
    Object.entries(sample.labels).filter(
      ([name]) =>
        kIdentifying.includes(name) ||
        labels.some(([own]) => own === name && !["image", "container", "pod", "namespace", "le"].includes(own)),
    ),
  );
  return (
    <li>
      <Name
        class="series-workload"
        text={sample.labels["workload"] ?? sample.labels["name"] ?? sample.name}
        longest={60}
      />
      <span class="series-labels">
        {labels.map(([name, value]) => (
          <span key={name}>
            <Name text={name} longest={60} />=<Name text={value} longest={80} />
          </span>
        ))}
      </span>
      <span class="series-value">{sample.value}</span>
      <CopyButton text={promql(family, type, matchers)} label="Copy the PromQL of this series" />
    </li>
  );
}
