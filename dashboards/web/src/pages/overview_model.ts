// What the overview's page, its table and its rows share: each workload with its condition.
import { rowOf, type Entry, type Live } from "../data/live";
import { weight, type Condition } from "../model/conditions";
import { foldedItems, isSearch } from "../model/folding";
import { sortRows, tableItems, type Row, type TableItem } from "../model/table";
import type { OverviewState } from "../model/url_state";
import { projectOf, serviceOf } from "../model/workload";
import type { Table } from "../parts/save";

/** A row of the table with its conditions. */
export interface RatedRow {
  row: Row;
  entry: Entry;
  conditions: Condition[];
}

/** By id. */
export function rateRows(live: Live): Map<string, RatedRow> {
  const rated = new Map<string, RatedRow>();
  for (const entry of live.all()) {
    const conditions = live.conditions(entry);
    rated.set(entry.facts.id, { entry, conditions, row: rowOf(live, entry, weight(conditions)) });
  }
  return rated;
}

/** The table from top to bottom. */
export function itemsOf(rows: readonly Row[], state: OverviewState, open: ReadonlySet<string>): TableItem[] {
  const sort = { by: state.sort, descending: state.descending };
  return state.group === "" && !isSearch(state)
    ? foldedItems(sortRows(rows, sort), open)
    : tableItems(rows, sort, state.group, open);
}

/** The rows shown, for a file. */
export function tableOf(fields: readonly string[], rows: readonly Row[], rated: ReadonlyMap<string, RatedRow>): Table {
  return {
    name: "tallyman-workloads",
    header: [
      "id",
      "kind",
      "workload",
      "runtime",
      "image",
      "project",
      "service",
      "namespace",
      "pod",
      "conditions",
      ...fields,
    ],
    rows: rows.map((row) => {
      const { facts } = row;
      const conditions = rated
        .get(facts.id)
        ?.conditions.map((one) => one.text)
        .join("; ");
      return [
        facts.id,
        facts.kind,
        facts.name ?? facts.workload,
        facts.runtime,
        facts.image,
        projectOf(facts),
        serviceOf(facts),
        facts.namespace,
        facts.pod,
        conditions || undefined,
        ...fields.map((field) => row.value(field)),
      ];
    }),
  };
}
