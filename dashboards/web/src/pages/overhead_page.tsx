// What a container costs against a bare process: the reports of `tallyman overhead run`.
import { useEffect, useMemo, useState } from "preact/hooks";
import { useApp } from "../app_context";
import { ApiError, getOverheadReport, getOverheadRuns, type OverheadRun } from "../data/api";
import { useAnswer, type Answer } from "../hooks/use_answer";
import { clock, day, parseTime } from "../model/format";
import { reportOf, tally, type Report } from "../model/overhead_report";
import { exportRows, kExportHeader, timeText } from "../model/overhead_words";
import type { OverheadState, Quantity } from "../model/url_state";
import { CopyLine } from "../parts/copy";
import { Segments, SelectField } from "../parts/controls";
import { ExportMenu } from "../parts/export_menu";
import { Warning } from "../parts/icons";
import { Name } from "../parts/name";
import type { Table } from "../parts/save";
import { Failure, Loading, Notice } from "../parts/states";
import { Results } from "./overhead_results";
import { Panel } from "./panel";

const kQuantities: readonly (readonly [Quantity, string])[] = [
  ["wall", "Wall time"],
  ["cpu", "CPU time"],
];

const kPollInterval = 10_000; // ms, for the first report

async function readReport(run: string, signal: AbortSignal): Promise<Report> {
  const report = reportOf(await getOverheadReport(run, signal));
  if (report === undefined) throw new ApiError("broken", "The answer is not a report of tallyman overhead run.");
  return report;
}

export function OverheadPage({ state }: { state: OverheadState }) {
  const { go } = useApp();
  const runs = useRuns();
  const run = state.run || (runs.value?.[0]?.run ?? "");
  const report = useAnswer(run === "" ? undefined : run, (signal) => readReport(run, signal));
  const shown = report.value;
  const body = useMemo(() => shown && <ReportBody report={shown} quantity={state.quantity} />, [shown, state.quantity]);
  const set = (change: Partial<OverheadState>, replace = false): void => go({ ...state, ...change }, replace);
  if (run === "") {
    return (
      <>
        <h1 class="title page-title">Overhead</h1>
        {runs.error !== undefined ? (
          <Failure error={runs.error} retry={runs.retry} />
        ) : runs.value === undefined ? (
          <Loading what="the reports" />
        ) : (
          <Empty />
        )}
      </>
    );
  }
  return (
    <>
      <h1 class="title page-title">Overhead</h1>
      <section class="toolbar" aria-label="What is shown">
        <SelectField
          label="Report"
          value={run}
          choices={(runs.value ?? []).map((one) => ({ value: one.run, text: runText(one) }))}
          onChange={(value) => set({ run: value })}
        />
        <Segments
          label="Time compared"
          value={state.quantity}
          choices={kQuantities}
          onChange={(quantity) => set({ quantity }, true)}
        />
        <span class="toolbar-gap" />
        {shown && <ExportMenu shown="results" table={() => tableOf(shown, state.quantity)} />}
      </section>
      {body ??
        (report.error !== undefined ? (
          <Failure error={report.error} retry={report.retry} />
        ) : (
          <Loading what="the report" />
        ))}
    </>
  );
}

/** The reports that the agent has, asked for again and again while there is none. */
function useRuns(): Answer<OverheadRun[]> {
  const { live } = useApp();
  const [polls, setPolls] = useState(0);
  const runs = useAnswer("", getOverheadRuns, live.connections + polls);
  const none = runs.value?.length === 0;
  useEffect(() => {
    if (!none) return undefined;
    const timer = setInterval(() => setPolls((n) => n + 1), kPollInterval);
    return () => clearInterval(timer);
  }, [none]);
  return runs;
}

function tableOf(report: Report, quantity: Quantity): Table {
  return {
    name: `tallyman-overhead-${report.run}`,
    header: kExportHeader,
    rows: exportRows(report, quantity),
  };
}

const when = (seconds: number): string => `${day(seconds)} ${clock(seconds, false)}`;

function runText(one: OverheadRun): string {
  const began = parseTime(one.began);
  return [began === undefined ? "" : when(began), one.extent ?? "", one.run].filter((text) => text !== "").join(" · ");
}

function Empty() {
  return (
    <Notice title="Nothing is measured yet">
      <p>
        This command measures what a container costs on this machine, compared with a bare process. It takes two minutes
        at most:
      </p>
      <CopyLine text="tallyman overhead run --quick" label="Copy the command" />
      <p>
        The report appears here when the run is done. The agent reads reports from the directory given by{" "}
        <code class="mono">--overhead.reports</code>.
      </p>
    </Notice>
  );
}

function ReportBody({ report, quantity }: { report: Report; quantity: Quantity }) {
  const { compared, differing } = tally(report, quantity);
  const time = quantity === "wall" ? "Wall" : "CPU";
  const began = parseTime(report.began);
  const each = report.durationNs === undefined ? "" : ` of ${timeText(report.durationNs)} a measurement`;
  const about = [
    report.extent,
    report.rounds === undefined ? "" : `${report.rounds} rounds${each}`,
    began === undefined ? "" : `started ${when(began)}`,
  ].filter((text) => text !== "");
  return (
    <>
      {report.summary.length > 0 && (
        <section class="overhead-summary" aria-label="In short">
          {report.summary.map((sentence) => (
            <p key={sentence}>
              <Name text={sentence} longest={1200} />
            </p>
          ))}
        </section>
      )}
      <p class="table-count" role="status">
        {time} time of one operation, compared with {report.baseline}: {differing} of {compared}{" "}
        {compared === 1 ? "comparison" : "comparisons"} differ measurably
      </p>
      {report.remarks.length > 0 && (
        <ul class="inline-note overhead-remarks" aria-label="Remarks">
          {report.remarks.map((remark) => (
            <li key={remark}>
              <Warning /> <Name text={remark} longest={600} />
            </li>
          ))}
        </ul>
      )}
      <p class="subtitle">
        {about.map((text) => (
          <Name key={text} text={text} longest={120} class="subtitle-part" />
        ))}
      </p>
      <Legend />
      <Results report={report} quantity={quantity} />
      <Panels report={report} />
    </>
  );
}

function Legend() {
  return (
    <ul class="overhead-legend" aria-label="How to read it">
      <li>
        <svg width="26" height="14" aria-hidden="true" focusable="false">
          <rect class="ratio-more" x="1" y="3" width="24" height="8" />
        </svg>
        a measurable difference: right of 1 is slower, left of 1 is faster
      </li>
      <li>
        <svg width="26" height="14" aria-hidden="true" focusable="false">
          <g class="ratio-interval">
            <path d="M2 7H24M2 3V11M24 3V11" />
          </g>
        </svg>
        95 % confidence interval of the ratio
      </li>
      <li>
        <svg width="26" height="14" aria-hidden="true" focusable="false">
          <rect class="ratio-noise" x="3" y="0" width="20" height="14" />
          <path class="ratio-edge" d="M3 0V14M23 0V14" />
        </svg>
        noise: how far two runs of the same thing differ; a smaller difference cannot be measured
      </li>
    </ul>
  );
}

function Panels({ report }: { report: Report }) {
  return (
    <div class="panels">
      {report.leftOut.length > 0 && (
        <Panel title="Did not run" count={report.leftOut.length}>
          <Reasons lines={report.leftOut} />
        </Panel>
      )}
      {report.unmeasured.length > 0 && (
        <Panel title="Not compared" count={report.unmeasured.length}>
          <Reasons lines={report.unmeasured.map((one) => ({ name: one.workload, reason: one.reason }))} />
        </Panel>
      )}
      {report.clocks.length > 0 && <ClocksPanel clocks={report.clocks} />}
      {report.facts.length > 0 && <MachinePanel facts={report.facts} />}
    </div>
  );
}

/** Why something has no result. */
function Reasons({ lines }: { lines: readonly { name: string; what?: string; reason: string }[] }) {
  return (
    <dl class="facts">
      {lines.map(({ name, what, reason }) => (
        <div key={name}>
          <dt>
            <Name text={name} longest={60} />
            {what !== undefined && <span class="overhead-mode">{what}</span>}
          </dt>
          <dd>
            <Name text={reason} longest={600} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function ClocksPanel({ clocks }: Pick<Report, "clocks">) {
  return (
    <Panel title="CPU time by the cgroup">
      <p class="overhead-text">
        Divided by the CPU time that the processes' own clocks measured; 1 means that they agree. The cgroup is read as
        the agent reads it for its metrics.
      </p>
      <dl class="facts">
        {clocks.map(([mode, ratio]) => (
          <div key={mode}>
            <dt>
              <Name text={mode} longest={60} />
            </dt>
            <dd>{ratio.toFixed(4)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function MachinePanel({ facts }: Pick<Report, "facts">) {
  return (
    <section class="panel">
      <details>
        <summary>
          <h2 class="panel-title">
            Measured on <span class="count">{facts.length}</span>
          </h2>
        </summary>
        <dl class="facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>
                <Name text={name} longest={80} />
              </dt>
              <dd>
                <Name text={value} longest={1000} />
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}
