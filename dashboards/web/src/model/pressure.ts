// Which workloads wait more than the host itself does. Pure.
import { ancestorsOf } from "./workload";

export type Resource = "cpu" | "memory" | "io";

/** Shares of time that at least one task waited; null where not known. */
export interface Pressures {
  psi_cpu: number | null;
  psi_memory: number | null;
  psi_io: number | null;
}

export interface Waiting {
  resource: Resource;
  value: number;
}

/** A busy host makes everyone wait for a CPU a little: that counts only when it is much. */
const kResources: readonly { resource: Resource; field: keyof Pressures; from: number }[] = [
  { resource: "memory", field: "psi_memory", from: 0.1 },
  { resource: "io", field: "psi_io", from: 0.1 },
  { resource: "cpu", field: "psi_cpu", from: 0.25 },
];

/** Two readings of one and the same wait differ by this much. */
export const kAboveHost = 0.05;

/** For what something waits long, and longer than the host does if that is given. */
export function waitingOf(own: Pressures, host?: Pressures): Waiting[] {
  return kResources.flatMap(({ resource, field, from }) => {
    const value = own[field];
    const ofHost = host?.[field] ?? null;
    if (value === null || value < from) return [];
    return ofHost !== null && value < ofHost + kAboveHost ? [] : [{ resource, value }];
  });
}

/**
 * By id. A cgroup waits when something below it does, so the one that is named is the
 * lowest: a parent is left out for what one of its children is named for.
 */
export function waitingByWorkload(
  all: Iterable<{ id: string; pressures: Pressures }>,
  host: Pressures | undefined,
): Map<string, Waiting[]> {
  const found = new Map<string, Waiting[]>();
  for (const { id, pressures } of all) {
    const waiting = waitingOf(pressures, host);
    if (waiting.length > 0) found.set(id, waiting);
  }
  const below = new Map<string, Set<Resource>>();
  for (const [id, waiting] of found) {
    for (const above of ancestorsOf(id)) {
      const resources = below.get(above) ?? new Set<Resource>();
      below.set(above, resources);
      for (const { resource } of waiting) resources.add(resource);
    }
  }
  for (const [id, waiting] of found) {
    const resources = below.get(id);
    if (!resources) continue;
    const own = waiting.filter(({ resource }) => !resources.has(resource));
    if (own.length > 0) found.set(id, own);
    else found.delete(id);
  }
  return found;
}
