// The host in a strip, and all workloads in one table.
import { useMemo, useRef, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { useHeldOrder } from "../hooks/use_held_order";
import { useNarrow } from "../hooks/use_windowed";
import { attentionOf } from "../model/conditions";
import { foldsOf, isSearch } from "../model/folding";
import { Frames } from "../model/frames";
import { itemKey, matches, type Row } from "../model/table";
import { kHostId } from "../model/workload";
import type { OverviewState } from "../model/url_state";
import { ChosenBar } from "../parts/chosen";
import { ExportMenu } from "../parts/export_menu";
import { Loading, Notice } from "../parts/states";
import { HostStrip } from "./overview_host";
import { itemsOf, rateRows, tableOf } from "./overview_model";
import { SortFields, WorkloadTable } from "./overview_table";
import { TableCount, Toolbar, type SetOverview } from "./overview_toolbar";

/** Who searches finds frames too, and one that needs attention is no mere frame. */
function useShown(rows: readonly Row[], state: OverviewState, time: number) {
  const found = useRef(new Frames());
  const isFrame = found.current.of(rows, time);
  const matching = rows.filter((row) => matches(row, state));
  if (isSearch(state)) return { matching, shown: matching, frames: 0 };
  const mere = matching.filter((row) => row.weight === 0 && isFrame.has(row.facts.id));
  const hidden = new Set(state.frames ? [] : mere);
  return { matching, shown: matching.filter((row) => !hidden.has(row)), frames: mere.length };
}

export function OverviewPage({ state }: { state: OverviewState }) {
  const live = useLive();
  const { go } = useApp();
  const [unfolded, setUnfolded] = useState(false);
  const narrow = useNarrow();
  const set: SetOverview = (change, replace = true) => go({ ...state, ...change }, replace);

  const rated = rateRows(live);
  const rows = [...rated.values()].map((one) => one.row).filter((row) => row.facts.id !== kHostId);
  const { matching, shown, frames } = useShown(rows, state, live.time);
  const attention = attentionOf(rows.map((row) => rated.get(row.facts.id)?.conditions ?? []));
  const open = useMemo(() => new Set(state.open), [state.open]);
  const items = itemsOf(shown, state, open);
  const order = [state.sort, state.descending, state.group, state.frames, isSearch(state), state.open.join()];
  const held = useHeldOrder(items, itemKey, order.join(" "));

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
      <Toolbar state={state} set={set} rows={rows} unfolded={unfolded} unfold={setUnfolded} />
      <TableCount
        state={state}
        shown={matching.length}
        total={rows.length}
        attention={attention}
        folds={foldsOf(items)}
        frames={frames}
        set={set}
      >
        {narrow && <SortFields state={state} set={set} />}
        <ExportMenu shown="rows" table={() => tableOf(live.fields, shown, rated)}>
          <span class="button-text">Export</span>
        </ExportMenu>
      </TableCount>
      {shown.length === 0 ? (
        <Notice title={rows.length === 0 ? "Only the host is running" : "Nothing matches"}>
          {rows.length === 0
            ? "Workloads appear here within a second of their start."
            : "No workload matches all filters."}
        </Notice>
      ) : (
        <WorkloadTable items={held.items} rated={rated} state={state} set={set} hold={held.hold} />
      )}
      <ChosenBar />
    </>
  );
}
