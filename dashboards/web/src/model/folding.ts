// The table without groups: what people gave a name has a line each, and what is left,
// programs and plain cgroups, one line for all of its kind. Pure.
import { sumsOf, type Filters, type Group, type Member, type Row, type TableItem } from "./table";
import { ancestorsOf } from "./workload";

interface Fold {
  /** Of what is in it, as the group is named in the link too. */
  name: string;
  kind: string;
  note: string;
}

const kFolds: readonly Fold[] = [
  { name: "programs", kind: "process", note: "outside containers and services" },
  { name: "cgroups", kind: "cgroup", note: "of no container and no unit" },
];

/** Somebody looks for something: then everything that matches has its own line. */
export function isSearch(filters: Filters): boolean {
  const { text, kind, runtime, project, pod, only } = filters;
  return only || [text, kind, runtime, project, pod].some((value) => value !== "");
}

/** What lies inside of a line of its own is counted there already, and so is what holds one. */
function foldOf(fold: Fold, members: Row[], lines: ReadonlySet<string>): Group {
  const above = new Set([...lines].flatMap(ancestorsOf));
  const apart = members.filter(
    ({ facts }) => !above.has(facts.id) && !ancestorsOf(facts.id).some((id) => lines.has(id)),
  );
  const overlapping = members.length - apart.length;
  return {
    kind: "group",
    name: fold.name,
    label: `${members.length} ${fold.name}`,
    note: overlapping === 0 ? fold.note : `${overlapping} in other lines, not in the sum`,
    members,
    sums: sumsOf(apart),
  };
}

/** Rows in their order; what needs attention is never folded. Folds come last, whatever the order. */
export function foldedItems(sorted: readonly Row[], open: ReadonlySet<string>): TableItem[] {
  const folded = kFolds
    .map((fold) => ({ fold, members: sorted.filter((row) => row.weight === 0 && row.facts.kind === fold.kind) }))
    .filter(({ members }) => members.length > 1); // one alone is as short as its fold
  const kinds = new Set(folded.map(({ fold }) => fold.kind));
  const own = sorted.filter((row) => row.weight > 0 || !kinds.has(row.facts.kind));
  const lines = new Set(own.map((row) => row.facts.id));
  const member = (row: Row, inGroup: boolean): Member => ({ kind: "row", row, inGroup });
  return [
    ...own.map((row) => member(row, false)),
    ...folded.flatMap(({ fold, members }): TableItem[] => {
      const group = foldOf(fold, members, lines);
      return open.has(fold.name) ? [group, ...members.map((row) => member(row, true))] : [group];
    }),
  ];
}

/** "130 programs" and what they use, for a line above the table. */
export function foldsOf(items: readonly TableItem[]): Group[] {
  return items.filter((item) => item.kind === "group" && kFolds.some((fold) => fold.name === item.name)) as Group[];
}
