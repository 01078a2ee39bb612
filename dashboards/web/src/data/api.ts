// Questions to the agent. All addresses are relative: the page works behind any path prefix.
import type { DetailMount, DetailNamespace, DetailProcess } from "../model/detail";
import type { Unit } from "../model/format";
import type { Facts } from "../model/workload";

export type FailureKind = "unreachable" | "denied" | "missing" | "refused" | "broken";

/** Why there is no answer, in words for the person who asked. */
export class ApiError extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly status = 0,
  ) {
    super(message);
  }
}

const kTimeout = 15_000;

async function get(path: string, signal?: AbortSignal): Promise<Response> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), kTimeout);
  signal?.addEventListener("abort", () => limit.abort());
  try {
    const answer = await fetch(path, { signal: limit.signal, cache: "no-store" });
    if (answer.ok) return answer;
    throw failure(answer.status, await answer.text());
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    throw new ApiError(
      "unreachable",
      limit.signal.aborted ? "The agent did not answer in time." : "The agent does not answer.",
    );
  } finally {
    clearTimeout(timer);
  }
}

function failure(status: number, body: string): ApiError {
  let message = body.trim().slice(0, 300);
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "error" in parsed) message = String(parsed.error);
  } catch {
    // plain text: as it is
  }
  if (status === 401 || status === 403)
    return new ApiError("denied", "You do not have permission to see this.", status);
  if (status === 404) return new ApiError("missing", message || "The agent does not have this.", status);
  if (status < 500) return new ApiError("refused", message || `The agent refused (${status}).`, status);
  return new ApiError("broken", message || `The agent failed (${status}).`, status);
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await get(path, signal);
  try {
    return (await answer.json()) as T;
  } catch {
    throw new ApiError("broken", "The answer is not JSON. Does another server answer in place of Tallyman?");
  }
}

export async function getText(path: string, signal?: AbortSignal): Promise<string> {
  return (await get(path, signal)).text();
}

// ---- what the answers hold

export interface WorkloadDetail extends Facts {
  sequence?: number;
  time?: string | number;
  stats?: Record<string, number>;
  series?: { name: string; labels?: Record<string, string>; value: number }[];
  processes?: DetailProcess[];
  namespaces?: DetailNamespace[];
  init_pid?: number;
  network_mode?: string;
  storage_driver?: string;
  ports?: { container_port: number; protocol?: string; host_ip?: string; host_port?: number }[];
  networks?: { name?: string; ip_address?: string; ipv6_address?: string; mac_address?: string; gateway?: string }[];
  mounts?: DetailMount[];
}

export interface HostFacts {
  /** Of the newest sample. */
  time?: string | number;
  hostname?: string;
  agent_version?: string;
  kernel_version?: string;
  os_version?: string;
  cgroup_mode?: string;
  cpu_cores?: number;
  memory_bytes?: number;
  swap_bytes?: number;
  booted?: string;
  /** Over 1, 5 and 15 minutes. */
  load_average?: number[];
  stats?: { memory_swap_bytes?: number };
  workloads?: Record<string, number>;
}

export interface SeriesAnswer {
  from: number;
  to: number;
  step: number;
  series: { workload: string; metric: string; unit?: Unit; points: [number, number][] }[];
}

export interface ApiEvent {
  id: number;
  time: string | number;
  type: string;
  workload?: { id?: string; kind?: string; workload?: string; runtime?: string; container_id?: string; name?: string };
  message?: string;
  details?: Record<string, unknown>;
}

export interface EventsAnswer {
  events: ApiEvent[];
  newest?: number;
  oldest?: number;
  dropped?: number;
}

export interface CatalogueMetric {
  name: string;
  type: string;
  unit?: string;
  help?: string;
  labels?: string[];
  collector?: string;
  series?: number;
}

/** A report of `tallyman overhead run`, in the list of them. */
export interface OverheadRun {
  run: string;
  began?: string;
  extent?: string;
  baseline?: string;
  rounds?: number;
  duration_ns?: number;
}

// ---- the questions

/** The path's parts are encoded one by one: proxies break an encoded slash. */
export function workloadPath(id: string): string {
  const parts = id.split("/").filter((part) => part !== "");
  return `api/v1/workloads/${parts.map(encodeURIComponent).join("/")}`;
}

export function getWorkload(id: string, signal?: AbortSignal): Promise<WorkloadDetail> {
  return getJson(workloadPath(id), signal);
}

export function getHost(signal?: AbortSignal): Promise<HostFacts> {
  return getJson("api/v1/host", signal);
}

export interface SeriesQuestion {
  workloads: readonly string[];
  metrics: readonly string[];
  from: number;
  to?: number | undefined;
  step: number;
}

export function getSeries(asked: SeriesQuestion, signal?: AbortSignal): Promise<SeriesAnswer> {
  const query = new URLSearchParams();
  for (const id of asked.workloads) query.append("workload", id);
  for (const metric of asked.metrics) query.append("metric", metric);
  query.set("from", String(asked.from));
  if (asked.to !== undefined) query.set("to", String(asked.to));
  query.set("step", String(asked.step));
  return getJson(`api/v1/series?${query.toString()}`, signal);
}

export function getEvents(
  since: number,
  limit: number,
  workload?: string,
  signal?: AbortSignal,
): Promise<EventsAnswer> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (since > 0) query.set("since", String(since));
  if (workload !== undefined) query.set("workload", workload);
  return getJson(`api/v1/events?${query.toString()}`, signal);
}

export async function getCatalogue(signal?: AbortSignal): Promise<CatalogueMetric[]> {
  const answer = await getJson<CatalogueMetric[] | { metrics: CatalogueMetric[] }>("api/v1/metrics", signal);
  return Array.isArray(answer) ? answer : answer.metrics;
}

/** Newest first. */
export async function getOverheadRuns(signal?: AbortSignal): Promise<OverheadRun[]> {
  const answer = await getJson<{ reports?: OverheadRun[] }>("api/v1/overhead", signal);
  if (!Array.isArray(answer?.reports)) throw new ApiError("broken", "The answer is not a list of reports.");
  return answer.reports.filter((one) => typeof one?.run === "string" && one.run !== "");
}

/** report.json as it lies on the disk: model/overhead.ts reads it. */
export function getOverheadReport(run: string, signal?: AbortSignal): Promise<unknown> {
  return getJson(`api/v1/overhead/${encodeURIComponent(run)}`, signal);
}
