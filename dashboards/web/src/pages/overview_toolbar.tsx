// Which workloads the table shows, and how they are grouped.
import type { ComponentChildren } from "preact";
import { choices, type GroupBy, type Row } from "../model/table";
import { podOf, projectOf } from "../model/workload";
import { kOverview, viewHash, type OverviewState } from "../model/url_state";
import { SearchField, Segments, SelectField, same } from "../parts/controls";

const kGroupBy: readonly (readonly [GroupBy, string])[] = [
  ["", "None"],
  ["project", "Project"],
  ["pod", "Pod"],
  ["slice", "Slice"],
];

export type SetOverview = (change: Partial<OverviewState>, replace?: boolean) => void;

interface Props {
  state: OverviewState;
  set: SetOverview;
}

export function Toolbar({
  state,
  set,
  rows,
  standOut,
  unfolded,
  unfold,
}: Props & {
  rows: readonly Row[];
  /** How many workloads need attention. */
  standOut: number;
  /** On a phone filters are folded away. */
  unfolded: boolean;
  unfold: (unfolded: boolean) => void;
}) {
  const inUse = [state.kind, state.runtime, state.project, state.pod, state.group].filter(
    (value) => value !== "",
  ).length;
  return (
    <section class="toolbar" aria-label="Filters">
      <SearchField label="Search name, image, label" value={state.text} onChange={(text) => set({ text })} />
      <button
        type="button"
        class="toggle only-narrow"
        aria-expanded={unfolded}
        aria-controls="filters"
        onClick={() => unfold(!unfolded)}
      >
        Filters{inUse > 0 && <span class="count">{inUse}</span>}
      </button>
      <div id="filters" class={`filters${unfolded ? "" : " is-folded"}`}>
        <FilterFields state={state} set={set} rows={rows} />
        <GroupField where="only-narrow" state={state} set={set} />
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
      <GroupField where="only-wide" state={state} set={set} />
    </section>
  );
}

function FilterFields({ state, set, rows }: Props & { rows: readonly Row[] }) {
  return (
    <>
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
    </>
  );
}

/** It has one place among the filters of a phone, and another one on wide screens. */
function GroupField({ where, state, set }: Props & { where: "only-narrow" | "only-wide" }) {
  return (
    <div class={`labelled ${where}`}>
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
  );
}

/** How many rows pass the filters; `children` stand at the end of the line. */
export function TableCount({
  state,
  shown,
  total,
  children,
}: {
  state: OverviewState;
  shown: number;
  total: number;
  children: ComponentChildren;
}) {
  const filtered =
    state.text !== "" ||
    state.kind !== "" ||
    state.runtime !== "" ||
    state.project !== "" ||
    state.pod !== "" ||
    state.only;
  return (
    <div class="table-count">
      <span role="status">{shown === total ? `${total} workloads` : `${shown} of ${total} workloads`}</span>
      {filtered && (
        <a href={viewHash({ ...kOverview, sort: state.sort, descending: state.descending, group: state.group })}>
          Show all
        </a>
      )}
      <span class="toolbar-gap" />
      {children}
    </div>
  );
}
