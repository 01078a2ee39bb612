// The table: a grid of which only the rows in sight are in the page.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useApp, useLive } from "../app_context";
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
import { GroupRow, WorkloadRow } from "./overview_rows";

const kRowHeight = 42;
const kNarrowRowHeight = 78;

const kColumns: readonly { by: SortBy; title: string; class: string; hint?: string }[] = [
  { by: "name", title: "Workload", class: "c-name" },
  { by: "status", title: "Status", class: "c-status" },
  { by: "cpu", title: "CPU", class: "c-cpu", hint: "cores" },
  { by: "memory", title: "Memory", class: "c-memory", hint: "working set" },
  { by: "io", title: "Disk", class: "c-io", hint: "read, write" },
  { by: "net", title: "Network", class: "c-net", hint: "in, out" },
  { by: "pids", title: "Tasks", class: "c-pids" },
  { by: "pressure", title: "Pressure", class: "c-pressure", hint: "cpu mem io" },
  { by: "started", title: "Age", class: "c-age" },
];

interface Props {
  items: TableItem[];
  rated: ReadonlyMap<string, RatedRow>;
  state: OverviewState;
  set: (change: Partial<OverviewState>, replace?: boolean) => void;
  hold: Hold;
}

export function WorkloadTable({ items, rated, state, set, hold }: Props) {
  const live = useLive();
  const app = useApp();
  const narrow = useNarrow();
  const rowHeight = narrow ? kNarrowRowHeight : kRowHeight;
  const { list, first, last, reveal } = useWindowed(items.length, rowHeight);
  const [active, setActive] = useState("");
  const focusDue = useRef(false);
  const activeIndex = Math.max(
    0,
    items.findIndex((item) => itemKey(item) === active),
  );

  useLayoutEffect(() => {
    if (!focusDue.current) return;
    focusDue.current = false;
    list.current?.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus({ preventScroll: true });
  });

  // A phone's rows have no lines.
  const inSight = useSameList(
    narrow
      ? [kHostId]
      : [kHostId, ...items.slice(first, last).flatMap((item) => (item.kind === "row" ? [item.row.facts.id] : []))],
  );
  const hasFields = live.fields.length > 0;
  useEffect(() => live.backfill.want(inSight), [live, inSight, hasFields]);

  const moveTo = (index: number): void => {
    const to = items[Math.min(Math.max(index, 0), items.length - 1)];
    if (!to) return;
    setActive(itemKey(to));
    reveal(items.indexOf(to));
    focusDue.current = true;
  };
  const toggle = (group: Group): void => {
    set({
      open: state.open.includes(group.name)
        ? state.open.filter((name) => name !== group.name)
        : [...state.open, group.name],
    });
  };
  const onKey = (event: KeyboardEvent): void => {
    if ((event.target as HTMLElement).getAttribute("role") !== "row" || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const item = items[activeIndex];
    const page = Math.max(1, Math.floor((document.getElementById("main")?.clientHeight ?? 400) / rowHeight) - 2);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step !== undefined) moveTo(activeIndex + step);
    else if (event.key === "Enter" && item?.kind === "row") app.go(workloadView(item.row.facts.id));
    else if ((event.key === "Enter" || event.key === " ") && item?.kind === "group") toggle(item);
    else if (event.key === "ArrowRight" && item?.kind === "group" && !state.open.includes(item.name)) toggle(item);
    else if (event.key === "ArrowLeft" && item?.kind === "group" && state.open.includes(item.name)) toggle(item);
    else if ((event.key === "x" || event.key === " ") && item?.kind === "row") toggleChosen(app, item.row.facts.id);
    else return;
    event.preventDefault();
  };
  const sortBy = (by: SortBy): void =>
    set({ sort: by, descending: state.sort === by ? !state.descending : by !== "name" });

  return (
    <>
      {narrow && (
        <div class="sort-narrow">
          <SelectField
            label="Sort by"
            value={state.sort}
            choices={kColumns.map((one) => ({ value: one.by, text: one.title }))}
            onChange={(by) => set({ sort: by as SortBy, descending: by !== "name" })}
          />
          <button type="button" class="button" onClick={() => set({ descending: !state.descending })}>
            {state.descending ? "Highest first" : "Lowest first"}
          </button>
        </div>
      )}
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
        <div class="grid-head" role="row" aria-rowindex={1}>
          {kColumns.map((column) => (
            <div
              key={column.by}
              role="columnheader"
              class={`cell ${column.class}`}
              aria-sort={state.sort === column.by ? (state.descending ? "descending" : "ascending") : undefined}
            >
              <button type="button" class="sort" onClick={() => sortBy(column.by)}>
                {column.title}
                {column.hint && <small>{column.hint}</small>}
                <span class="sort-mark" aria-hidden="true">
                  {state.sort === column.by ? (state.descending ? "▾" : "▴") : ""}
                </span>
              </button>
            </div>
          ))}
        </div>
        <div class="grid-body" role="rowgroup" ref={list} style={{ height: `${items.length * rowHeight}px` }}>
          {items.slice(first, last).map((item, i) => {
            const index = first + i;
            const position = {
              rowIndex: index + 2,
              top: index * rowHeight,
              tabIndex: index === activeIndex ? 0 : -1,
              onFocus: () => {
                if (itemKey(item) !== active) setActive(itemKey(item));
              },
            };
            if (item.kind === "group")
              return (
                <GroupRow
                  key={itemKey(item)}
                  group={item}
                  open={state.open.includes(item.name)}
                  toggle={() => toggle(item)}
                  position={position}
                  rated={rated}
                />
              );
            const one = rated.get(item.row.facts.id);
            return (
              one && (
                <WorkloadRow
                  key={itemKey(item)}
                  rated={one}
                  inGroup={item.inGroup}
                  position={position}
                  live={live}
                  badges={narrow ? 1 : 2}
                />
              )
            );
          })}
        </div>
      </div>
    </>
  );
}
