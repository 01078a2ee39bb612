// The table: a grid of which only the rows in sight are in the page.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import type { Live } from "../data/live";
import { itemKey, type Group, type SortBy, type TableItem } from "../model/table";
import type { OverviewState } from "../model/url_state";
import { workloadView } from "../model/url_state";
import { kHostId } from "../model/workload";
import { useNarrow, useWindowed } from "../hooks/use_windowed";
import { SelectField } from "../parts/controls";
import { toggleChosen } from "../parts/chosen";
import { useSameList } from "../hooks/use_same";
import type { Hold } from "../hooks/use_held_order";
import type { RatedRow } from "./overview_model";
import { GroupRow, WorkloadRow, type RowPosition } from "./overview_rows";
import type { SetOverview } from "./overview_toolbar";

const kRowHeight = 42;
const kNarrowRowHeight = 78;

/** Another order, under the same head. */
interface Also {
  by: SortBy;
  title: string;
  hint: string;
}
const kOfLimit: Also = { by: "limit", title: "of limit", hint: "By the limit that is nearest: CPU, memory or tasks" };

const kColumns: readonly { by: SortBy; title: string; class: string; hint?: string; also?: Also }[] = [
  { by: "name", title: "Workload", class: "c-name" },
  { by: "status", title: "Status", class: "c-status" },
  { by: "cpu", title: "CPU", class: "c-cpu", hint: "cores" },
  { by: "memory", title: "Memory", class: "c-memory", also: kOfLimit },
  { by: "io", title: "Disk", class: "c-io", hint: "read, write" },
  { by: "net", title: "Network", class: "c-net", hint: "in, out" },
  { by: "pids", title: "Tasks", class: "c-pids" },
  { by: "pressure", title: "Pressure", class: "c-pressure" },
  { by: "started", title: "Age", class: "c-age" },
];

interface Props {
  items: TableItem[];
  rated: ReadonlyMap<string, RatedRow>;
  state: OverviewState;
  set: SetOverview;
  hold: Hold;
}

export function WorkloadTable({ items, rated, state, set, hold }: Props) {
  const live = useLive();
  const app = useApp();
  const narrow = useNarrow();
  const roomForOne = useNarrow(1180);
  const rowHeight = narrow ? kNarrowRowHeight : kRowHeight;
  const { list, first, last, reveal } = useWindowed(items.length, rowHeight);
  const focus = useRowFocus(items, list, reveal);
  const inSight = items.slice(first, last);
  useBackfill(live, narrow ? [] : inSight); // a phone's rows have no lines
  const isOpen = (group: Group): boolean => state.open.includes(group.name);
  const toggle = (group: Group): void =>
    set({ open: isOpen(group) ? state.open.filter((name) => name !== group.name) : [...state.open, group.name] });
  const onKey = (event: KeyboardEvent): void => {
    const { key } = event;
    if ((event.target as HTMLElement).getAttribute("role") !== "row" || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const item = items[focus.index];
    const step = stepOf(key, rowHeight);
    if (step !== undefined) focus.moveTo(focus.index + step);
    else if (item?.kind === "group" && togglesGroup(key, isOpen(item))) toggle(item);
    else if (item?.kind === "row" && key === "Enter") app.go(workloadView(item.row.facts.id));
    else if (item?.kind === "row" && (key === "x" || key === " ")) toggleChosen(app, item.row.facts.id);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div
        class="grid"
        role="grid"
        aria-label="Workloads"
        aria-rowcount={items.length + 1}
        aria-multiselectable="true"
        onKeyDown={onKey}
        onPointerMove={() => hold.pointer(true)}
        onPointerLeave={() => hold.pointer(false)}
        onFocusIn={(event) => hold.focus((event.target as HTMLElement).matches(".grid-body :focus-visible"))}
        onFocusOut={() => hold.focus(false)}
      >
        <GridHead state={state} set={set} />
        <div class="grid-body" role="rowgroup" ref={list} style={{ height: `${items.length * rowHeight}px` }}>
          <Rows
            items={inSight}
            place={(item, i) => positionOf(item, first + i, rowHeight, focus)}
            rated={rated}
            badges={roomForOne ? 1 : 2}
            isOpen={isOpen}
            toggle={toggle}
          />
        </div>
      </div>
    </>
  );
}

interface RowFocus {
  /** Of the one row that Tab leads to. */
  index: number;
  moveTo: (index: number) => void;
  /** Keeps the row that a click or Tab gave the focus to. */
  keep: (item: TableItem) => void;
}

/** One row can have the focus. It is known by its key: the row moves when the order changes, and the focus with it. */
function useRowFocus(
  items: TableItem[],
  list: { readonly current: HTMLElement | null },
  reveal: (index: number) => void,
): RowFocus {
  const [active, setActive] = useState("");
  const due = useRef(false);
  // After each drawing: the row to focus may be in the page only now.
  useLayoutEffect(() => {
    if (!due.current) return;
    due.current = false;
    list.current?.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus({ preventScroll: true });
  });
  const index = items.findIndex((item) => itemKey(item) === active);
  return {
    index: Math.max(0, index),
    moveTo: (next) => {
      const to = items[Math.min(Math.max(next, 0), items.length - 1)];
      if (!to) return;
      setActive(itemKey(to));
      reveal(items.indexOf(to));
      due.current = true;
    },
    keep: (item) => {
      if (itemKey(item) !== active) setActive(itemKey(item));
    },
  };
}

/** Asks for the past of the lines in sight, and of the host's. */
function useBackfill(live: Live, inSight: readonly TableItem[]): void {
  const ids = useSameList([kHostId, ...inSight.flatMap((item) => (item.kind === "row" ? [item.row.facts.id] : []))]);
  const hasFields = live.fields.length > 0;
  useEffect(() => live.backfill.want(ids), [live, ids, hasFields]);
}

/** By how many rows a key moves the focus. */
function stepOf(key: string, rowHeight: number): number | undefined {
  const page = Math.max(1, Math.floor((document.getElementById("main")?.clientHeight ?? 400) / rowHeight) - 2);
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -Infinity,
    End: Infinity,
  };
  return steps[key];
}

function togglesGroup(key: string, open: boolean): boolean {
  return key === "Enter" || key === " " || (key === "ArrowRight" && !open) || (key === "ArrowLeft" && open);
}

function positionOf(item: TableItem, index: number, rowHeight: number, focus: RowFocus): RowPosition {
  return {
    rowIndex: index + 2,
    top: index * rowHeight,
    tabIndex: index === focus.index ? 0 : -1,
    onFocus: () => focus.keep(item),
  };
}

const kSorts = kColumns.flatMap(({ by, title, also }) => [
  { value: by, text: title },
  ...(also ? [{ value: also.by, text: "Nearest limit" }] : []),
]);

/** A phone has no column heads to sort by. */
export function SortFields({ state, set }: Pick<Props, "state" | "set">) {
  return (
    <div class="sort-narrow">
      <SelectField
        label="Sort"
        value={state.sort}
        choices={kSorts}
        onChange={(by) => set({ sort: by as SortBy, descending: by !== "name" })}
      />
      <button
        type="button"
        class="button"
        aria-label={state.descending ? "Highest first" : "Lowest first"}
        onClick={() => set({ descending: !state.descending })}
      >
        {state.descending ? "▾" : "▴"}
      </button>
    </div>
  );
}

function GridHead({ state, set }: Pick<Props, "state" | "set">) {
  const sortBy = (by: SortBy): void =>
    set({ sort: by, descending: state.sort === by ? !state.descending : by !== "name" });
  const mark = (by: SortBy) => (
    <span class="sort-mark" aria-hidden="true">
      {state.sort === by ? (state.descending ? "▾" : "▴") : ""}
    </span>
  );
  return (
    <div class="grid-head" role="row" aria-rowindex={1}>
      {kColumns.map((column) => (
        <div
          key={column.by}
          role="columnheader"
          class={`cell ${column.class}`}
          aria-sort={
            [column.by, column.also?.by].includes(state.sort)
              ? state.descending
                ? "descending"
                : "ascending"
              : undefined
          }
        >
          {column.also && (
            <button
              type="button"
              class={`sort sort-also${state.sort === column.also.by ? " is-on" : ""}`}
              title={column.also.hint}
              onClick={() => sortBy(column.also?.by ?? column.by)}
            >
              {column.also.title}
              {mark(column.also.by)}
            </button>
          )}
          <button
            type="button"
            class={`sort${state.sort === column.by ? " is-on" : ""}`}
            onClick={() => sortBy(column.by)}
          >
            {column.title}
            {column.hint && <small>{column.hint}</small>}
            {mark(column.by)}
          </button>
        </div>
      ))}
    </div>
  );
}

function Rows({
  items,
  place,
  rated,
  badges,
  isOpen,
  toggle,
}: {
  items: readonly TableItem[];
  place: (item: TableItem, i: number) => RowPosition;
  rated: ReadonlyMap<string, RatedRow>;
  badges: number;
  isOpen: (group: Group) => boolean;
  toggle: (group: Group) => void;
}) {
  const { live } = useApp();
  return (
    <>
      {items.map((item, i) => {
        const key = itemKey(item);
        const position = place(item, i);
        if (item.kind === "group") {
          return (
            <GroupRow
              key={key}
              group={item}
              open={isOpen(item)}
              toggle={() => toggle(item)}
              position={position}
              rated={rated}
            />
          );
        }
        const one = rated.get(item.row.facts.id);
        return (
          one && (
            <WorkloadRow key={key} rated={one} inGroup={item.inGroup} position={position} live={live} badges={badges} />
          )
        );
      })}
    </>
  );
}
