// The host in a strip, and all workloads in one table.
import { useMemo, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { useHeldOrder } from "../hooks/use_held_order";
import { itemKey, matches, tableItems } from "../model/table";
import { kHostId } from "../model/workload";
import type { OverviewState } from "../model/url_state";
import { ChosenBar } from "../parts/chosen";
import { ExportMenu } from "../parts/export_menu";
import { Loading, Notice } from "../parts/states";
import { HostStrip } from "./overview_host";
import { rateRows, tableOf } from "./overview_model";
import { WorkloadTable } from "./overview_table";
import { TableCount, Toolbar, type SetOverview } from "./overview_toolbar";

export function OverviewPage({ state }: { state: OverviewState }) {
  const live = useLive();
  const { go } = useApp();
  const [unfolded, setUnfolded] = useState(false);
  const set: SetOverview = (change, replace = true) => go({ ...state, ...change }, replace);

  const rated = rateRows(live);
  const rows = [...rated.values()].map((one) => one.row);
  const total = rows.length - (rated.has(kHostId) ? 1 : 0);
  const shown = rows.filter((row) => matches(row, state));
  const standOut = rows.reduce((sum, row) => sum + (row.weight > 0 && row.facts.id !== kHostId ? 1 : 0), 0);
  const open = useMemo(() => new Set(state.open), [state.open]);
  const items = tableItems(shown, { by: state.sort, descending: state.descending }, state.group, open);
  const held = useHeldOrder(items, itemKey, `${state.sort} ${state.descending} ${state.group} ${state.open.join()}`);

  if (live.size === 0) {
    return live.status === "connecting" || live.arrived === 0 ? (
      <Loading what="workloads" />
    ) : (
      <Notice title="No workloads">The agent reports no workloads, not even the host. See the log of the agent.</Notice>
    );
  }
  return (
    <>
      <h1 class="sr-only">Overview</h1>
      <HostStrip />
      <Toolbar state={state} set={set} rows={rows} standOut={standOut} unfolded={unfolded} unfold={setUnfolded} />
      <TableCount state={state} shown={shown.length} total={total}>
        <ExportMenu shown="rows" table={() => tableOf(live.fields, shown, rated)}>
          <span class="button-text">Export</span>
        </ExportMenu>
      </TableCount>
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
