// What the agent says of a workload, and the words that follow from it. Pure.
import { parseTime } from "./format";
import { shortPath, visible } from "./text";

export interface Limits {
  cpu_cores?: number;
  memory_bytes?: number;
  pids?: number;
}

export interface Facts {
  key: number; // of the stream: stable while the agent runs
  id: string; // cgroup path, "/" for the host
  kind: string;
  workload: string;
  runtime?: string;
  name?: string;
  image?: string;
  container_id?: string;
  labels?: Record<string, string>;
  compose?: { project?: string; service?: string; number?: string | number };
  pod?: string;
  namespace?: string;
  limits?: Limits;
  health?: string;
  restart_count?: number;
  created?: string | number;
  started?: string | number;
  seen?: string | number;
}

export const kHostId = "/";

export function displayName(facts: Facts): string {
  if (facts.id === kHostId) return "host";
  const own = facts.name || facts.workload || facts.id;
  return visible(own.startsWith("/") ? shortPath(own) : own);
}

/** What stands small beside the name: where it comes from. */
export function subtitle(facts: Facts): string {
  if (facts.pod) return visible(facts.namespace ? `${facts.namespace}/${facts.pod}` : facts.pod, 96);
  if (facts.image) return visible(facts.image, 96);
  return facts.id === kHostId || facts.id === facts.workload || facts.id === `process:${facts.workload}`
    ? ""
    : visible(shortPath(facts.id), 96);
}

export function projectOf(facts: Facts): string | undefined {
  return facts.compose?.project ?? facts.labels?.["com.docker.compose.project"];
}

export function serviceOf(facts: Facts): string | undefined {
  return facts.compose?.service ?? facts.labels?.["com.docker.compose.service"];
}

export function podOf(facts: Facts): string | undefined {
  if (!facts.pod) return undefined;
  return facts.namespace ? `${facts.namespace}/${facts.pod}` : facts.pod;
}

/** The deepest slice above it, or else the cgroup above it. */
export function sliceOf(facts: Facts): string | undefined {
  if (facts.id === kHostId || !facts.id.startsWith("/")) return undefined;
  const parts = facts.id.split("/").slice(1, -1);
  for (let depth = parts.length; depth > 0; depth -= 1) {
    if (parts[depth - 1]?.endsWith(".slice")) return `/${parts.slice(0, depth).join("/")}`;
  }
  return `/${parts.join("/")}`;
}

export function startedAt(facts: Facts): number | undefined {
  return parseTime(facts.started) ?? parseTime(facts.created) ?? parseTime(facts.seen);
}

/** The same workload, also after the agent was restarted. */
export function identity(facts: Facts): string {
  return `${facts.id}\n${facts.container_id ?? ""}`;
}

/** The paths above a cgroup, the nearest first, without the host's. */
export function ancestorsOf(id: string): string[] {
  const above: string[] = [];
  if (!id.startsWith("/")) return above;
  for (let end = id.lastIndexOf("/"); end > 0; end = id.lastIndexOf("/", end - 1)) above.push(id.slice(0, end));
  return above;
}

/** What a search by text looks at, in lower case. */
export interface Searched {
  text: string;
  /**
   * Long hexadecimal ids, of the container and in its path: found by their beginning, since
   * "db" or "cafe" is inside of many.
   */
  ids: string[];
  path: string;
}

const kLongId = /[0-9a-f]{32,}/g;

export function searched(facts: Facts): Searched {
  const labels = Object.entries(facts.labels ?? {}).map(([name, value]) => `${name}=${value.slice(0, 256)}`);
  const path = facts.id.toLowerCase();
  // Without a name it is its id.
  const named = facts.container_id?.startsWith(facts.workload) ? undefined : facts.workload;
  const text = [
    named,
    facts.name,
    path.replace(kLongId, ""),
    facts.image,
    facts.runtime,
    facts.kind,
    facts.pod,
    facts.namespace,
    projectOf(facts),
    serviceOf(facts),
    ...labels,
  ]
    .filter((text) => text !== undefined)
    .join("\n")
    .toLowerCase();
  return {
    text,
    ids: [
      ...new Set([...(path.match(kLongId) ?? []), ...(facts.container_id ? [facts.container_id.toLowerCase()] : [])]),
    ],
    path,
  };
}
