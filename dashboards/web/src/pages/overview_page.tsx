// The host in a strip, and all workloads in one table.
import { useMemo, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { useHeldOrder } from "../hooks/use_held_order";
import { choices, itemKey, matches, tableItems, type GroupBy } from "../model/table";
import { kHostId, podOf, projectOf } from "../model/workload";
import { kOverview, viewHash, type OverviewState } from "../model/url_state";
import { SearchField, Segments, SelectField, Menu, same } from "../parts/controls";
import { Download } from "../parts/icons";
import { saveCsv, saveJson, type Table } from "../parts/save";
import { Loading, Notice } from "../parts/states";
import { ChosenBar } from "../parts/chosen";
import { HostStrip } from "./overview_host";
import { rateRows, tableOf } from "./overview_model";
import { WorkloadTable } from "./overview_table";

const kGroupBy: readonly (readonly [GroupBy, string])[] = [
  ["", "None"],
  ["project", "Project"],
  ["pod", "Pod"],
  ["slice", "Slice"],
];

export function OverviewPage({ state }: { state: OverviewState }) {
  const live = useLive();
  const { go } = useApp();
  const [unfolded, setUnfolded] = useState(false); // on a phone filters are folded away
  const set = (change: Partial<OverviewState>, replace = true): void => go({ ...state, ...change }, replace);

  const rated = rateRows(live);
  const rows = [...rated.values()].map((one) => one.row);
  const total = rows.length - (rated.has(kHostId) ? 1 : 0);
  const shown = rows.filter((row) => matches(row, state));
  const standOut = rows.reduce((sum, row) => sum + (row.weight > 0 && row.facts.id !== kHostId ? 1 : 0), 0);
  const open = useMemo(() => new Set(state.open), [state.open]);
  const items = tableItems(shown, { by: state.sort, descending: state.descending }, state.group, open);
  const held = useHeldOrder(items, itemKey, `${state.sort} ${state.descending} ${state.group} ${state.open.join()}`);

  const inUse = [state.kind, state.runtime, state.project, state.pod, state.group].filter(
    (value) => value !== "",
  ).length;
  if (live.size === 0) {
    return live.status === "connecting" || live.arrived === 0 ? (
      <Loading what="workloads" />
    ) : (
      <Notice title="No workloads">The agent reports no workloads, not even the host. See the log of the agent.</Notice>
    );
  }
  const table = (): Table => tableOf(live.fields, shown, rated);
  const filtered =
    state.text !== "" ||
    state.kind !== "" ||
    state.runtime !== "" ||
    state.project !== "" ||
    state.pod !== "" ||
    state.only;
  return (
    <>
      <h1 class="sr-only">Overview</h1>
      <HostStrip />
      <section class="toolbar" aria-label="Filters">
        <SearchField label="Search name, image, label" value={state.text} onChange={(text) => set({ text })} />
        <button
          type="button"
          class="toggle only-narrow"
          aria-expanded={unfolded}
          aria-controls="filters"
          onClick={() => setUnfolded(!unfolded)}
        >
          Filters{inUse > 0 && <span class="count">{inUse}</span>}
        </button>
        <div id="filters" class={`filters${unfolded ? "" : " is-folded"}`}>
          <SelectField
            label="Kind"
            value={state.kind}
            any="all"
            choices={same(choices(rows, (facts) => facts.kind))}
            onChange={(kind) => set({ kind })}
          />
          <SelectField
            label="Runtime"
            value={state.runtime}
            any="all"
            choices={same(choices(rows, (facts) => facts.runtime))}
            onChange={(runtime) => set({ runtime })}
          />
          <SelectField
            label="Project"
            value={state.project}
            any="all"
            choices={same(choices(rows, projectOf))}
            onChange={(project) => set({ project })}
          />
          <SelectField
            label="Pod"
            value={state.pod}
            any="all"
            choices={same(choices(rows, podOf))}
            onChange={(pod) => set({ pod })}
          />
          <div class="labelled only-narrow">
            <span class="select-label" aria-hidden="true">
              Group
            </span>
            <Segments
              label="Group by"
              value={state.group}
              choices={kGroupBy}
              onChange={(group) => set({ group, open: [] })}
            />
          </div>
        </div>
        <button
          type="button"
          class={`toggle${standOut > 0 ? " toggle-some" : ""}`}
          aria-pressed={state.only}
          onClick={() => set({ only: !state.only })}
          title="Throttled, OOM-killed, restarting, pressured or near a limit"
        >
          Needs attention <span class="count">{standOut}</span>
        </button>
        <span class="toolbar-gap" />
        <div class="labelled only-wide">
          <span class="select-label" aria-hidden="true">
            Group
          </span>
          <Segments
            label="Group by"
            value={state.group}
            choices={kGroupBy}
            onChange={(group) => set({ group, open: [] })}
          />
        </div>
      </section>
      <div class="table-count">
        <span role="status">
          {shown.length === total ? `${total} workloads` : `${shown.length} of ${total} workloads`}
        </span>
        {filtered && (
          <a href={viewHash({ ...kOverview, sort: state.sort, descending: state.descending, group: state.group })}>
            Show all
          </a>
        )}
        <span class="toolbar-gap" />
        <Menu
          label="Export"
          items={[
            { text: "CSV: the rows shown", run: () => saveCsv(table()) },
            { text: "JSON: the rows shown", run: () => saveJson(table()) },
          ]}
        >
          <Download />
          <span class="button-text">Export</span>
        </Menu>
      </div>
      {shown.length === 0 ? (
        <Notice title={total === 0 ? "Only the host is running" : "Nothing matches"}>
          {total === 0 ? "Workloads appear here within a second of their start." : "No workload matches all filters."}
        </Notice>
      ) : (
        <WorkloadTable items={held.items} rated={rated} state={state} set={set} hold={held.hold} />
      )}
      <ChosenBar />
    </>
  );
}
