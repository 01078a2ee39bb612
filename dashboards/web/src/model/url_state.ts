// Every view is a link: "#/workload?id=%2Fdocker%2Fabc&from=-900". In the fragment, not
// the query: names of workloads may be longer than a server takes, and it need not see them. Pure.
import type { GroupBy, SortBy } from "./table";

export type Page = "overview" | "workload" | "compare" | "events" | "overhead" | "metrics";

/** Of charts: the last so many seconds, or from one moment to another. */
export type Range = { last: number } | { from: number; to: number };

export interface OverviewState {
  page: "overview";
  text: string;
  kind: string;
  runtime: string;
  project: string;
  pod: string;
  only: boolean; // those with a condition
  group: GroupBy;
  open: string[]; // groups and folds
  frames: boolean; // cgroups that only hold others are shown too
  sort: SortBy;
  descending: boolean;
}
export interface WorkloadState {
  page: "workload";
  id: string;
  range: Range;
}
export type Normalise = "" | "limit" | "first" | "unit";
export interface CompareState {
  page: "compare";
  ids: string[];
  range: Range;
  normalise: Normalise;
  counter: string; // what a unit of work is, for "unit"
}
export interface EventsState {
  page: "events";
  text: string;
  type: string;
  kind: string;
  id: string;
}
export type Quantity = "wall" | "cpu";
export interface OverheadState {
  page: "overhead";
  run: string; // of the report; "" is the newest
  quantity: Quantity;
}
export interface MetricsState {
  page: "metrics";
  text: string;
  collector: string;
  name: string; // the one that is open
}
export type ViewState = OverviewState | WorkloadState | CompareState | EventsState | OverheadState | MetricsState;

export const kMaxCompared = 6;
export const kDefaultRange: Range = { last: 900 };
const kMaxRange = 366 * 86400;

export const kOverview: OverviewState = {
  page: "overview",
  text: "",
  kind: "",
  runtime: "",
  project: "",
  pod: "",
  only: false,
  group: "",
  open: [],
  frames: false,
  sort: "status",
  descending: true,
};
export const kEvents: EventsState = { page: "events", text: "", type: "", kind: "", id: "" };
export const kOverhead: OverheadState = { page: "overhead", run: "", quantity: "wall" };
export const kMetrics: MetricsState = { page: "metrics", text: "", collector: "", name: "" };
export const kCompare: CompareState = { page: "compare", ids: [], range: kDefaultRange, normalise: "", counter: "" };

export function workloadView(id: string, range: Range = kDefaultRange): WorkloadState {
  return { page: "workload", id, range };
}

const kSorts: readonly SortBy[] = [
  "name",
  "status",
  "cpu",
  "memory",
  "limit",
  "io",
  "net",
  "pids",
  "pressure",
  "started",
];
const kGroups: readonly GroupBy[] = ["", "project", "pod", "slice"];
const kQuantities: readonly Quantity[] = ["wall", "cpu"];
const kNormalise: readonly Normalise[] = ["", "limit", "first", "unit"];

function oneOf<T extends string>(value: string | null, allowed: readonly T[], otherwise: T): T {
  return allowed.find((one) => one === value) ?? otherwise;
}

function parseRange(query: URLSearchParams): Range {
  const from = Number(query.get("from") ?? NaN);
  const to = query.get("to") === null ? NaN : Number(query.get("to"));
  if (Number.isFinite(from) && from < 0) return { last: Math.min(Math.max(-from, 10), kMaxRange) };
  if (Number.isFinite(from) && Number.isFinite(to) && to - from >= 1)
    return { from: Math.max(from, to - kMaxRange), to };
  return kDefaultRange;
}

function putRange(query: URLSearchParams, range: Range): void {
  if ("last" in range) {
    if (range.last !== (kDefaultRange as { last: number }).last) query.set("from", String(-range.last));
  } else {
    query.set("from", String(Math.round(range.from * 1000) / 1000));
    query.set("to", String(Math.round(range.to * 1000) / 1000));
  }
}

/** Anything at all: what is not understood is the default. */
export function parseView(hash: string): ViewState {
  const body = hash.replace(/^#\/?/, "");
  const mark = body.indexOf("?");
  const page = mark < 0 ? body : body.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : body.slice(mark + 1));
  const text = (name: string): string => query.get(name) ?? "";
  switch (page) {
    case "workload":
      return { page, id: text("id") || "/", range: parseRange(query) };
    case "compare":
      return {
        page,
        ids: [...new Set(query.getAll("id"))].slice(0, kMaxCompared),
        range: parseRange(query),
        normalise: oneOf(query.get("normalise"), kNormalise, ""),
        counter: text("counter"),
      };
    case "events":
      return { page, text: text("q"), type: text("type"), kind: text("kind"), id: text("id") };
    case "overhead":
      return { page, run: text("run"), quantity: oneOf(query.get("quantity"), kQuantities, kOverhead.quantity) };
    case "metrics":
      return { page, text: text("q"), collector: text("collector"), name: text("name") };
    default: {
      const sort = oneOf(query.get("sort"), kSorts, kOverview.sort);
      return {
        page: "overview",
        text: text("q"),
        kind: text("kind"),
        runtime: text("runtime"),
        project: text("project"),
        pod: text("pod"),
        only: query.get("only") === "1",
        group: oneOf(query.get("group"), kGroups, ""),
        open: query.getAll("open"),
        frames: query.get("frames") === "1",
        sort,
        descending: query.get("order") === null ? sort !== "name" : query.get("order") === "desc",
      };
    }
  }
}

/** The shortest fragment that gives this view back. */
export function viewHash(view: ViewState): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string): void => {
    if (value !== "") query.set(name, value);
  };
  switch (view.page) {
    case "overview":
      put("q", view.text);
      put("kind", view.kind);
      put("runtime", view.runtime);
      put("project", view.project);
      put("pod", view.pod);
      put("only", view.only ? "1" : "");
      put("group", view.group);
      for (const name of view.open) query.append("open", name);
      put("frames", view.frames ? "1" : "");
      put("sort", view.sort === kOverview.sort ? "" : view.sort);
      put("order", view.descending === (view.sort !== "name") ? "" : view.descending ? "desc" : "asc");
      break;
    case "workload":
      query.set("id", view.id);
      putRange(query, view.range);
      break;
    case "compare":
      for (const id of view.ids) query.append("id", id);
      putRange(query, view.range);
      put("normalise", view.normalise);
      put("counter", view.counter);
      break;
    case "events":
      put("q", view.text);
      put("type", view.type);
      put("kind", view.kind);
      put("id", view.id);
      break;
    case "overhead":
      put("run", view.run);
      put("quantity", view.quantity === kOverhead.quantity ? "" : view.quantity);
      break;
    case "metrics":
      put("q", view.text);
      put("collector", view.collector);
      put("name", view.name);
      break;
  }
  const text = query.toString();
  return `#/${view.page}${text === "" ? "" : `?${text}`}`;
}
