// A made-up host whose CPUs are all in use: 130 bare programs, 30 cgroups and 12 containers of
// which one is OOM-killed and started again, and one throttled. Both use little themselves, so a
// table by CPU time alone has them at its end; and each cgroup waits for a CPU as long as the host.
import { hash, id64, kDisks, MiB, smooth } from "./made_up_host.mjs";

const kWaits = 0.72; // of the host, and with it of all its cgroups
const kProgramNames = [
  ...["cc1plus", "ffmpeg", "python3", "postgres", "node", "java", "bash", "sshd", "rsync", "gzip", "git", "make", "ld"],
  ...["kworker", "ksoftirqd", "migration", "rcu_preempt", "kswapd0", "systemd-logind", "dbus-daemon", "agetty"],
];
const kServices = [
  "web",
  "api",
  "worker",
  "db",
  "cache",
  "mailer",
  "search",
  "metrics",
  "proxy",
  "queue",
  "auth",
  "cron",
];

function container(service, more) {
  const id = id64(`shop_${service}_1`);
  return {
    id: `/docker/${id}`,
    kind: "container",
    workload: `shop_${service}_1`,
    name: `shop_${service}_1`,
    runtime: "docker",
    container_id: id,
    image: `registry.example/shop/${service}:4.2`,
    compose: { project: "shop", service, number: "1" },
    load: 0.008 + 0.004 * (hash(service) % 20),
    memory: (24 + (hash(service) % 160)) * MiB,
    pids: 2 + (hash(service) % 9),
    ...more,
  };
}

const program = (i) => {
  const name = kProgramNames[i] ?? `job-${String(i).padStart(3, "0")}`;
  return {
    id: `process:${name}`,
    kind: "process",
    workload: name,
    load: i === 0 ? 0.9 : i < 10 ? 0.06 : 0.0004,
    memory: (2 + (hash(name) % 90)) * MiB,
    pids: 1 + (i % 3),
  };
};

/** Thirty that run something, and the two parents that only hold others. */
function cgroups(containers) {
  const sum = (all, member) => all.reduce((total, one) => total + one[member], 0);
  const cgroup = (id, more) => ({ id, kind: "cgroup", workload: id, ...more });
  const leaves = Array.from({ length: 30 }, (_, i) =>
    cgroup(`/batch/task-${String(i + 1).padStart(2, "0")}`, { load: 0.004, memory: 6 * MiB, pids: 2 }),
  );
  const parent = (id, held) =>
    cgroup(id, { load: sum(held, "load"), memory: sum(held, "memory"), pids: sum(held, "pids") });
  return [parent("/docker", containers), parent("/batch", leaves), ...leaves];
}

/** `now`: in seconds; the agent has run for as long as the events need. */
export function makeBusyHost(now) {
  const containers = kServices.map((service) =>
    service === "mailer"
      ? container(service, { load: 0.002, memory: 21 * MiB, limits: { memory_bytes: 64 * MiB } })
      : service === "worker"
        ? container(service, { load: 0.05, limits: { cpu_cores: 0.05, memory_bytes: 256 * MiB }, throttled: 0.41 })
        : container(service),
  );
  const list = [
    { id: "/", kind: "host", workload: "host", load: 1.97, memory: 5.6 * 1024 * MiB, pids: 412 },
    ...Array.from({ length: 130 }, (_, i) => program(i)),
    ...cgroups(containers),
    ...containers,
  ];
  const begin = now - 400;
  const iso = (time) => new Date(time * 1000).toISOString();
  const world = list.map((one, i) => ({
    key: i + 1,
    seen: iso(begin),
    created: iso(now - 3600 * (1 + (i % 50))),
    ...one,
  }));
  return {
    world,
    valueOf,
    begin,
    events: eventsOf(world, now),
    hostSeries: kDisks,
    host: {
      hostname: "shop-1",
      cpu_cores: 2,
      memory_bytes: 8 * 1024 * MiB,
      swap_bytes: 2 * 1024 * MiB,
      stats: { memory_swap_bytes: 310 * MiB },
      load_average: [6.12, 5.8, 4.97],
    },
  };
}

/** Three kills, each followed by the restart less than a second later, as the agent numbers them. */
function eventsOf(world, now) {
  const { id, kind, workload, name, runtime, container_id } = world.find((one) => one.workload === "shop_mailer_1");
  const of = { id, kind, workload, name, runtime, container_id };
  return [-330, -210, -95].flatMap((at, i) =>
    [
      [0.8, "restarted", "shop_mailer_1 was restarted", {}],
      [0, "oom_killed", "shop_mailer_1 was OOM-killed", { killed: 1, process: "mailer", memory_limit_bytes: 64 * MiB }],
      [0.1, "died", "shop_mailer_1 was OOM-killed after 115 s", { outcome: "oom_killed", lifetime_seconds: 115 }],
    ].map(([later, type, message, details], j) => ({
      id: 3 * i + j + 1,
      time: new Date((now + at + later) * 1000).toISOString(),
      type,
      workload: of,
      message,
      details,
    })),
  );
}

function valueOf(one, field, t) {
  const seed = (hash(one.id) % 10007) / 10007;
  const beat = 0.9 + 0.2 * smooth(seed, t, 20);
  const isProcess = one.kind === "process";
  const isHost = one.id === "/";
  switch (field) {
    case "cpu_cores":
      return Math.min(one.load * beat, isHost ? 2 : (one.limits?.cpu_cores ?? 2));
    case "cpu_throttled":
      return one.limits?.cpu_cores ? (one.throttled ?? 0) * beat : null;
    case "memory_bytes":
      return Math.round(one.memory * beat);
    case "working_set_bytes":
      return Math.round(one.memory * beat * 0.9);
    case "io_read_bytes":
    case "io_write_bytes":
      return one.load > 0.04 ? Math.round(60000 * one.load * smooth(seed + 3, t, 7)) : 0;
    case "net_rx_bytes":
    case "net_tx_bytes":
      return one.kind === "container" || isHost ? Math.round(400000 * one.load * beat) : null;
    case "pids":
      return one.pids;
    case "psi_cpu":
      return isProcess ? null : Math.min(1, kWaits + 0.02 * smooth(seed, t, 5));
    case "psi_memory":
      return isProcess ? null : 0;
    case "psi_io":
      return isProcess ? null : 0.01 * smooth(seed, t, 5);
    default:
      return 0;
  }
}
