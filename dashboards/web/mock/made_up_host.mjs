// A made-up host for working on the page without an agent: every figure is a function
// of the workload and the time, so that history and stream agree.

export const kFields = [
  "cpu_cores",
  "cpu_throttled",
  "memory_bytes",
  "working_set_bytes",
  "io_read_bytes",
  "io_write_bytes",
  "net_rx_bytes",
  "net_tx_bytes",
  "pids",
  "psi_cpu",
  "psi_memory",
  "psi_io",
  "oom_kills",
];
export const kUnits = {
  cpu_cores: "cores",
  cpu_throttled: "ratio",
  memory_bytes: "bytes",
  working_set_bytes: "bytes",
  io_read_bytes: "bytes/s",
  io_write_bytes: "bytes/s",
  net_rx_bytes: "bytes/s",
  net_tx_bytes: "bytes/s",
  pids: "count",
  psi_cpu: "ratio",
  psi_memory: "ratio",
  psi_io: "ratio",
  oom_kills: "count",
};

export const MiB = 1024 * 1024;
export const hash = (text) => [...text].reduce((h, c) => (Math.imul(h, 31) + c.codePointAt(0)) >>> 0, 7);
const noise = (seed, t) => {
  const x = Math.sin(seed * 12.9898 + t * 78.233) * 43758.5453;
  return x - Math.floor(x);
};
export const smooth = (seed, t, period) => {
  const at = t / period;
  const k = Math.floor(at);
  const f = at - k;
  const w = f * f * (3 - 2 * f);
  return noise(seed, k) * (1 - w) + noise(seed, k + 1) * w;
};
export const id64 = (name) =>
  Array.from({ length: 8 }, (_, i) =>
    hash(name + i)
      .toString(16)
      .padStart(8, "0"),
  ).join("");

const booted = Date.now() / 1000 - 5 * 86400;

function container(name, extra = {}) {
  const id = id64(name);
  return {
    id: `/docker/${id}`,
    kind: "container",
    workload: name,
    name,
    runtime: "docker",
    container_id: id,
    image: extra.image ?? `registry.example/${name.split("_")[0]}:1.4`,
    created: booted + (hash(name) % 400000),
    started: new Date((booted + (hash(name) % 400000)) * 1000).toISOString(),
    health: "healthy",
    ...extra,
  };
}
const farm = (service, number, image, more = {}) =>
  container(`farm_${service}_${number}`, {
    image,
    compose: { project: "farm", service, number: String(number) },
    labels: { "com.docker.compose.project": "farm", "com.docker.compose.service": service, maintainer: "ops" },
    ...more,
  });
const pod = (namespace, podName, name, more = {}) => {
  const id = id64(podName + name);
  const slice = `kubepods-burstable-pod${hash(podName).toString(16)}.slice`;
  return {
    id: `/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${id}.scope`,
    kind: "container",
    workload: name,
    name,
    runtime: "containerd",
    container_id: id,
    image: `ghcr.example/${name}:v2.1.0`,
    pod: podName,
    namespace,
    started: new Date((booted + 9000) * 1000).toISOString(),
    ...more,
  };
};
const service = (unit) => ({ id: `/system.slice/${unit}`, kind: "service", workload: unit, created: booted });

export const kHostile = [
  container("<img src=x onerror=alert(1)>", { image: "<script>alert(1)</script>" }),
  container("\u202egpj.exe\u202c evil\u0000name", { image: "x:\u200bhidden" }),
  container("long" + "n".repeat(4092), { image: "busybox", labels: { big: "v".repeat(4096) } }),
];

export function makeWorld(number) {
  const list = [
    { id: "/", kind: "host", workload: "host" },
    farm("web", 1, "nginx:1.22", { limits: { cpu_cores: 1, memory_bytes: 128 * MiB, pids: 200 }, load: 0.62 }),
    farm("web", 2, "nginx:1.22", { limits: { cpu_cores: 1, memory_bytes: 128 * MiB, pids: 200 }, load: 0.55 }),
    farm("db", 1, "postgres:15", { limits: { memory_bytes: 512 * MiB }, load: 1.2, memory: 480 * MiB }),
    farm("monitor", 1, "tallyman:0.1", { limits: { memory_bytes: 64 * MiB }, load: 0.012, memory: 18 * MiB }),
    farm("worker", 1, "farm/worker:7", {
      limits: { cpu_cores: 0.5, memory_bytes: 256 * MiB },
      load: 0.5,
      throttled: 0.31,
      health: "unhealthy",
    }),
    farm("cache", 1, "redis:7", { load: 0.06, memory: 90 * MiB }),
    pod("shop", "checkout-6d5f8b7c9-x2lqp", "checkout", {
      limits: { cpu_cores: 2, memory_bytes: 1024 * MiB },
      load: 0.8,
    }),
    pod("shop", "checkout-6d5f8b7c9-x2lqp", "istio-proxy", { load: 0.1 }),
    pod("shop", "catalog-58c9d7-9tq7m", "catalog", {
      load: 0.3,
      oom: 2,
      limits: { memory_bytes: 200 * MiB },
      memory: 190 * MiB,
    }),
    pod("kube-system", "coredns-5dd5756b68-abcde", "coredns", { load: 0.02 }),
    { id: "/system.slice", kind: "slice", workload: "system.slice", created: booted, load: 0.5, memory: 900 * MiB },
    ...[
      "ssh.service",
      "cron.service",
      "dbus.service",
      "systemd-journald.service",
      "containerd.service",
      "docker.service",
      "nginx.service",
    ].map(service),
    { id: "/user.slice/user-1000.slice/session-3.scope", kind: "scope", workload: "session-3.scope", created: booted },
    { id: "process:postgres", kind: "process", workload: "postgres", load: 0.4, memory: 260 * MiB, pids: 12 },
    { id: "process:python3", kind: "process", workload: "python3", load: 0.05, memory: 60 * MiB },
    ...kHostile,
  ];
  for (let i = list.length; i < number; i += 1) {
    list.push(
      i % 3 === 0
        ? service(`job-${i}.service`)
        : container(`app${i % 17}_task_${i}`, {
            image: `registry.example/app${i % 17}:2.${i % 9}`,
            compose: { project: `app${i % 17}`, service: "task", number: String(i) },
            ...(i % 5 === 0 ? { limits: { cpu_cores: 0.5, memory_bytes: 256 * MiB } } : {}),
          }),
    );
  }
  return list.map((one, key) => ({ key: key + 1, ...one }));
}

export function valueOf(one, field, t) {
  const seed = (hash(one.id) % 10007) / 10007;
  const load = one.load ?? 0.01 + 0.25 * seed * seed * seed;
  const memory = one.memory ?? (8 + 200 * seed) * MiB;
  const beat = 0.55 + 0.7 * smooth(seed, t, 37) + 0.25 * (smooth(seed + 1, t, 3) - 0.5);
  if (one.id === "/") {
    return (
      {
        cpu_cores: 3.1 * beat,
        cpu_throttled: null,
        memory_bytes: (6.2 + smooth(0.3, t, 90)) * 1024 * MiB,
        working_set_bytes: (4.8 + smooth(0.3, t, 90)) * 1024 * MiB,
        io_read_bytes: 2.2 * MiB * beat,
        io_write_bytes: 9 * MiB * smooth(0.5, t, 9),
        net_rx_bytes: 3.4 * MiB * beat,
        net_tx_bytes: 5.1 * MiB * beat,
        pids: 412,
        psi_cpu: 0.22 * beat,
        psi_memory: 0.001,
        psi_io: 0.03 * beat,
        oom_kills: 2,
      }[field] ?? null
    );
  }
  switch (field) {
    case "cpu_cores":
      return Math.min(load * beat, one.limits?.cpu_cores ?? 99);
    case "cpu_throttled":
      return one.limits?.cpu_cores ? (one.throttled ?? 0) * beat : null;
    case "memory_bytes":
      return Math.round(memory * (0.92 + 0.08 * smooth(seed, t, 120)));
    case "working_set_bytes":
      return Math.round(memory * (0.8 + 0.12 * smooth(seed, t, 120)));
    case "io_read_bytes":
      return load > 0.05 ? Math.round(400000 * load * smooth(seed + 2, t, 11)) : 0;
    case "io_write_bytes":
      return load > 0.05 ? Math.round(900000 * load * smooth(seed + 3, t, 7)) : 0;
    case "net_rx_bytes":
      return one.kind === "container" ? Math.round(1.2 * MiB * load * beat) : null;
    case "net_tx_bytes":
      return one.kind === "container" ? Math.round(3.1 * MiB * load * beat) : null;
    case "pids":
      return one.pids ?? 1 + Math.floor(seed * 12);
    case "psi_cpu":
      return (one.throttled ?? 0.02) * beat * load;
    case "psi_memory":
      return one.memory > 150 * MiB && one.limits ? 0.18 * smooth(seed, t, 20) : 0;
    case "psi_io":
      return 0.02 * smooth(seed + 3, t, 7);
    case "oom_kills":
      return one.oom ?? 0;
    default:
      return null;
  }
}

export function eventsOf(world, now) {
  const of = (name) => {
    const one = world.find((w) => w.workload === name);
    return { id: one.id, kind: one.kind, workload: one.workload, runtime: one.runtime, container_id: one.container_id };
  };
  const list = [
    [-840, "started", "farm_web_1", "Started"],
    [-835, "started", "farm_db_1", "Started"],
    [-420, "limit_changed", "farm_web_2", "Memory limit changed from 64 MiB to 128 MiB"],
    [-300, "throttled", "farm_worker_1", "Throttled for 30 s"],
    [-240, "oom_killed", "catalog", "node (pid 4711) was OOM-killed"],
    [-238, "restarted", "catalog", "Restarted, the first time in 10 minutes"],
    [-120, "oom_killed", "catalog", "node (pid 5222) was OOM-killed"],
    [-118, "restarted", "catalog", "Restarted, the second time in 10 minutes"],
    [-60, "health_changed", "farm_worker_1", "Health: healthy, now unhealthy"],
    [-30, "paused", "farm_cache_1", "Paused"],
    [-20, "resumed", "farm_cache_1", "Resumed"],
  ];
  return list.map(([at, type, name, message], i) => ({
    id: i + 1,
    time: new Date((now + at) * 1000).toISOString(),
    type,
    workload: of(name),
    message,
    details: {},
  }));
}

const disk = (device, used, size) => [
  { name: "container_fs_usage_bytes", labels: { device }, value: used * 1024 * MiB },
  { name: "container_fs_limit_bytes", labels: { device }, value: size * 1024 * MiB },
  { name: "container_fs_available_bytes", labels: { device }, value: (size - used) * 1024 * MiB * 0.97 },
  { name: "container_fs_inodes_total", labels: { device }, value: 65536 * size },
  { name: "container_fs_inodes_free", labels: { device }, value: 60000 * size },
];
/** What the agent has of the host's disks. */
export const kDisks = [...disk("/dev/nvme0n1p2", 187, 233), ...disk("/dev/mapper/vg-data", 512, 931)];
