// Tables out of what the agent says of one workload: network by interface, processes by
// program, what its runtime costs, namespaces, mounts, open files. Pure; what it says nothing of is not in the table.
export interface OneSeries {
  name: string;
  labels?: Record<string, string>;
  value: number;
}

type Rates = ReadonlyMap<string, number>;

function seriesKey(one: OneSeries): string {
  return `${one.name}${JSON.stringify(Object.entries(one.labels ?? {}).sort())}`;
}

function rate(rates: Rates, one: OneSeries): number | undefined {
  return rates.get(seriesKey(one));
}

export interface Interface {
  name: string;
  received?: number;
  sent?: number;
  receivedRate?: number | undefined;
  sentRate?: number | undefined;
  errors?: number;
  dropped?: number;
}

export function interfacesOf(series: readonly OneSeries[], rates: Rates): Interface[] {
  const found = new Map<string, Interface>();
  for (const one of series) {
    const name = one.labels?.["interface"];
    if (name === undefined || !one.name.startsWith("container_network_")) continue;
    const row = found.get(name) ?? { name };
    found.set(name, row);
    switch (one.name.slice("container_network_".length)) {
      case "receive_bytes_total":
        row.received = one.value;
        row.receivedRate = rate(rates, one);
        break;
      case "transmit_bytes_total":
        row.sent = one.value;
        row.sentRate = rate(rates, one);
        break;
      case "receive_errors_total":
      case "transmit_errors_total":
        row.errors = (row.errors ?? 0) + one.value;
        break;
      case "receive_packets_dropped_total":
      case "transmit_packets_dropped_total":
        row.dropped = (row.dropped ?? 0) + one.value;
        break;
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the agent says of a workload's processes, by program. */
export interface DetailProcess {
  executable: string;
  processes: number;
  threads?: number;
  rss_bytes?: number;
  /** Those that have ended included. */
  cpu_seconds?: number;
}

export interface Program {
  name: string;
  processes: number;
  threads: number | undefined;
  cpu: number | undefined;
  cpuSeconds: number | undefined;
  memory: number | undefined;
}

const kProgramCpu = "cpu_seconds of program ";

/** All that has a rate: the series, and the CPU time of each program. */
export function countersOf(series: readonly OneSeries[], processes: readonly DetailProcess[]): Map<string, number> {
  const counters = new Map(series.map((one) => [seriesKey(one), one.value]));
  for (const one of processes)
    if (one.cpu_seconds !== undefined) counters.set(kProgramCpu + one.executable, one.cpu_seconds);
  return counters;
}

/** Those that run before those that have ended, the busiest first. */
export function programsOf(processes: readonly DetailProcess[], rates: Rates): Program[] {
  return processes
    .map((one) => ({
      name: one.executable,
      processes: one.processes,
      threads: one.threads,
      cpu: rates.get(kProgramCpu + one.executable),
      cpuSeconds: one.cpu_seconds,
      memory: one.rss_bytes,
    }))
    .sort(
      (a, b) =>
        Number(b.processes > 0) - Number(a.processes > 0) ||
        (b.cpu ?? 0) - (a.cpu ?? 0) ||
        (b.memory ?? 0) - (a.memory ?? 0) ||
        (a.name < b.name ? -1 : 1),
    );
}

/** What a container costs beyond what it does itself; of the host, the daemons that serve all. */
export interface RuntimeCost {
  components: {
    name: string;
    processes: number | undefined;
    cpu: number | undefined;
    cpuSeconds: number | undefined;
    memory: number | undefined;
  }[];
  /** Of the kernel, on behalf of the workload: in its memory already. */
  kernelMemory: number | undefined;
  layer: number | undefined;
  layerFiles: number | undefined;
}

export function runtimeCostOf(series: readonly OneSeries[], rates: Rates): RuntimeCost {
  const components = new Map<string, RuntimeCost["components"][number]>();
  const cost: RuntimeCost = { components: [], kernelMemory: undefined, layer: undefined, layerFiles: undefined };
  for (const one of series) {
    const component = one.labels?.["component"];
    if (component !== undefined && one.name.startsWith("container_runtime_")) {
      const row = components.get(component) ?? {
        name: component,
        processes: undefined,
        cpu: undefined,
        cpuSeconds: undefined,
        memory: undefined,
      };
      components.set(component, row);
      if (one.name === "container_runtime_processes") row.processes = one.value;
      if (one.name === "container_runtime_memory_rss_bytes") row.memory = one.value;
      if (one.name === "container_runtime_cpu_seconds_total")
        Object.assign(row, { cpuSeconds: one.value, cpu: rate(rates, one) });
    }
    if (one.name === "container_memory_kernel_usage") cost.kernelMemory = one.value;
    if (one.name === "container_fs_layer_bytes") cost.layer = (cost.layer ?? 0) + one.value;
    if (one.name === "container_fs_layer_inodes") cost.layerFiles = (cost.layerFiles ?? 0) + one.value;
  }
  cost.components = [...components.values()].sort(
    (a, b) => (b.memory ?? 0) - (a.memory ?? 0) || (a.name < b.name ? -1 : 1),
  );
  return cost;
}

export interface DetailMount {
  type?: string;
  source?: string;
  destination?: string;
  name?: string;
  driver?: string;
  read_only?: boolean;
}

export interface Mount {
  inside: string;
  from: string | undefined;
  type: string | undefined;
  readOnly: boolean;
  /** Of a volume that is measured on this workload: of those that share one, the first has it. */
  bytes: number | undefined;
  users: number | undefined;
}

export function mountsOf(mounts: readonly DetailMount[], series: readonly OneSeries[]): Mount[] {
  const ofVolume = (family: string, name: string | undefined): number | undefined =>
    name === undefined
      ? undefined
      : series.find((one) => one.name === family && one.labels?.["volume"] === name)?.value;
  return mounts.map((one) => ({
    inside: one.destination ?? "",
    from: one.name ?? one.source,
    type: one.type,
    readOnly: one.read_only ?? false,
    bytes: ofVolume("container_fs_volume_usage_bytes", one.name),
    users: ofVolume("container_fs_volume_users", one.name),
  }));
}

/** A namespace of the workload's first process. */
export interface DetailNamespace {
  type: string;
  inode: string;
  /** own, host or shared */
  sharing: string;
  with?: string;
}

const kNamespaceWords: Record<string, string> = {
  mnt: "mounts",
  net: "network",
  pid: "processes",
  ipc: "IPC",
  uts: "host name",
  user: "users",
  cgroup: "cgroups",
  time: "clocks",
};
const kSharingWords: Record<string, string> = { own: "its own", host: "the host's", shared: "shared" };

export interface Namespace {
  type: string;
  meaning: string;
  sharing: string;
  inode: string;
  with: string;
}

export function namespacesOf(namespaces: readonly DetailNamespace[]): Namespace[] {
  return namespaces
    .map((one) => ({
      type: one.type,
      meaning: kNamespaceWords[one.type] ?? "",
      sharing: kSharingWords[one.sharing] ?? one.sharing,
      inode: one.inode,
      with: one.with ?? "",
    }))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}

export interface OpenFiles {
  open: number | undefined;
  sockets: number | undefined;
  /** The soft limit of its oldest process. */
  limit: number | undefined;
}

export function openFilesOf(series: readonly OneSeries[]): OpenFiles {
  const find = (name: string, ulimit?: string): number | undefined =>
    series.find((one) => one.name === name && (ulimit === undefined || one.labels?.["ulimit"] === ulimit))?.value;
  return {
    open: find("container_file_descriptors"),
    sockets: find("container_sockets"),
    limit: find("container_ulimits_soft", "max_open_files"),
  };
}
