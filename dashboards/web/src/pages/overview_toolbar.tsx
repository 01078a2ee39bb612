// Which workloads the table shows, and how they are grouped.
import type { ComponentChildren } from "preact";
import { attentionText, type Attention } from "../model/conditions";
import { cores } from "../model/format";
import { choices, type Group, type GroupBy, type Row } from "../model/table";
import { isSearch } from "../model/folding";
import { podOf, projectOf } from "../model/workload";
import { kOverview, viewHash, type OverviewState } from "../model/url_state";
import { Critical, Warning } from "../parts/icons";
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
  unfolded,
  unfold,
}: Props & {
  rows: readonly Row[];
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
      <span class="toolbar-gap" />
      <GroupField where="only-wide" state={state} set={set} />
    </section>
  );
}

/** As grave as the worst of them. */
function AttentionToggle({ state, set, attention }: Props & { attention: Attention }) {
  const level = attention.critical > 0 ? " toggle-critical" : attention.warning > 0 ? " toggle-warning" : "";
  return (
    <button
      type="button"
      class={`toggle${level}`}
      aria-pressed={state.only}
      onClick={() => set({ only: !state.only })}
      title="OOM-killed, restarting, unhealthy, near a limit, throttled, or waiting more than the host"
    >
      {level === " toggle-critical" ? <Critical /> : level === "" ? null : <Warning />}
      Needs attention: {attentionText(attention)}
    </button>
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

/** What needs attention, how many rows pass the filters, and what has no line of its own; `children` at the end. */
export function TableCount({
  state,
  set,
  shown,
  total,
  attention,
  folds,
  frames,
  children,
}: Props & {
  attention: Attention;
  shown: number;
  total: number;
  folds: readonly Group[];
  /** How many cgroups only hold others. */
  frames: number;
  children: ComponentChildren;
}) {
  return (
    <div class="table-count">
      <AttentionToggle state={state} set={set} attention={attention} />
      <span role="status" class="table-count-rows">
        {shown === total ? `${total} workloads` : `${shown} of ${total} workloads`}
      </span>
      {isSearch(state) && (
        <a href={viewHash({ ...kOverview, sort: state.sort, descending: state.descending, group: state.group })}>
          Show all
        </a>
      )}
      {folds.map((fold) => (
        <span key={fold.name} class="table-count-fold only-wide">
          {fold.label} {foldText(fold)}
        </span>
      ))}
      {frames > 0 && (
        <button
          type="button"
          class="link table-count-frames"
          aria-pressed={state.frames}
          title="Cgroups that only hold others: their values are those of what they hold"
          onClick={() => set({ frames: !state.frames })}
        >
          {state.frames ? `Hide ${frames} parents` : `${frames} parents hidden`}
        </button>
      )}
      <span class="toolbar-gap" />
      {children}
    </div>
  );
}

function foldText(fold: Group): string {
  const used = fold.sums.get("cpu_cores");
  return used === undefined ? "" : `use ${cores(used)} cores`;
}
