// Speaks the agent's HTTP for a made-up host: what server.mjs runs, and the browser's tests where
// they want a host that no machine can be made into.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { kFields, kUnits } from "./made_up_host.mjs";

const kOfMockAlone = new Set(["load", "memory", "throttled", "oom", "pids", "figures"]);
const facts = (one) => Object.fromEntries(Object.entries(one).filter(([name]) => !kOfMockAlone.has(name)));
const kHost = {
  hostname: "farm-host",
  agent_version: "0.1.0",
  kernel_version: "6.18.0",
  os_version: "Debian GNU/Linux 12",
  cgroup_mode: "hybrid",
  cpu_cores: 8,
  memory_bytes: 16 * 2 ** 30,
  swap_bytes: 4 * 2 ** 30,
  load_average: [3.41, 2.96, 2.7],
  stats: { memory_swap_bytes: 410 * 2 ** 20 },
  workloads: {},
};

function detail(one) {
  const t = Date.now() / 1000;
  const interfaces = one.kind === "container" ? ["eth0", "eth1"] : [];
  const counter = (name, labels, value) => ({ name, labels, value: Math.round(value) });
  return {
    ...facts(one),
    time: new Date().toISOString(),
    stats: {},
    init_pid: 4711,
    network_mode: "bridge",
    storage_driver: "overlay2",
    mounts:
      one.kind === "container"
        ? [
            {
              type: "volume",
              source: "/var/lib/docker/volumes/data/_data",
              destination: "/var/lib/data",
              name: "data",
              driver: "local",
              read_only: false,
            },
            { type: "bind", source: "/etc/farm/nginx.conf", destination: "/etc/nginx/nginx.conf", read_only: true },
          ]
        : [],
    networks:
      one.kind === "container" ? [{ name: "farm_default", ip_address: "172.18.0.3", gateway: "172.18.0.1" }] : [],
    ports:
      one.kind === "container" ? [{ container_port: 80, protocol: "tcp", host_ip: "0.0.0.0", host_port: 8080 }] : [],
    series: [
      ...interfaces.flatMap((name, i) => [
        counter("container_network_receive_bytes_total", { interface: name }, ((t % 100000) * 90000) / (i + 1)),
        counter("container_network_transmit_bytes_total", { interface: name }, ((t % 100000) * 190000) / (i + 1)),
        counter("container_network_receive_packets_total", { interface: name }, (t % 100000) * 90),
        counter("container_network_transmit_packets_total", { interface: name }, (t % 100000) * 80),
        counter("container_network_receive_packets_dropped_total", { interface: name }, 0),
        counter("container_network_receive_errors_total", { interface: name }, 0),
        counter("container_network_transmit_packets_dropped_total", { interface: name }, 3),
        counter("container_network_transmit_errors_total", { interface: name }, 0),
      ]),
      { name: "container_last_seen", labels: {}, value: t },
    ],
  };
}

const catalogue = [
  ["container_cpu_usage_seconds_total", "counter", "seconds", "CPU time used", ["cpu"], "cpu", 42],
  ["container_memory_working_set_bytes", "gauge", "bytes", "Memory that cannot be reclaimed easily", [], "memory", 42],
  ["container_network_receive_bytes_total", "counter", "bytes", "Bytes received", ["interface"], "network", 20],
  ["tallyman_exposition_duration_seconds", "histogram", "seconds", "Time to render a body", [], "self", 1],
].map(([name, type, unit, help, labels, collector, number]) => ({
  name,
  type,
  unit,
  help,
  labels,
  collector,
  series: number,
}));

const kTypes = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const kPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A page of the built dashboard. */
async function sendFile(dist, path, response) {
  const name = normalize(path === "/" ? "/index.html" : path);
  try {
    const body = await readFile(join(dist, name));
    response.writeHead(200, {
      "Content-Type": kTypes[extname(name)] ?? "application/octet-stream",
      "Content-Security-Policy": kPolicy,
    });
    response.end(body);
  } catch {
    response.writeHead(404).end("No such page");
  }
}

function seriesAnswer(query, find, valueOf, begin) {
  const now = Date.now() / 1000;
  const at = (text, otherwise) => (text === null ? otherwise : Number(text) <= 0 ? now + Number(text) : Number(text));
  const from = at(query.get("from"), now - 900);
  const to = at(query.get("to"), now);
  const step = Number(query.get("step") ?? 1);
  const points = (one, metric) => {
    const list = [];
    for (let t = Math.ceil(Math.max(from, begin) / step) * step; t <= Math.min(to, now); t += step) {
      const value = valueOf(one, metric, t);
      if (value !== null) list.push([t, value]);
    }
    return list;
  };
  const found = query.getAll("workload").map(find).filter(Boolean);
  return {
    from,
    to,
    step,
    series: found.flatMap((one) =>
      query
        .getAll("metric")
        .map((metric) => ({ workload: one.id, metric, unit: kUnits[metric], points: points(one, metric) })),
    ),
  };
}

const summaryOf = ({ run, began, extent, baseline, rounds, duration_ns }) => ({
  run,
  began,
  extent,
  baseline,
  rounds,
  duration_ns,
});

/** The stream of samples. Late, it sends none and has no newer one, as an agent that does not keep up. */
function makeStream(world, valueOf) {
  const clients = new Set();
  const state = { late: false, time: Date.now() / 1000 };
  const send = (client, event, data) => client.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const sample = () => ({
    sequence: Math.floor(state.time),
    time: state.time,
    fields: kFields,
    rows: world.map((one) => [one.key, ...kFields.map((field) => valueOf(one, field, state.time))]),
  });
  const timer = setInterval(() => {
    if (state.late) return;
    state.time = Date.now() / 1000;
    const newest = sample();
    for (const client of clients) send(client, "sample", newest);
  }, 1000);
  const open = (request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write("retry: 2000\n\n");
    const time = new Date(state.time * 1000).toISOString();
    send(response, "hello", { sequence: 1, time, interval_seconds: 1, version: "0.1.0", boot_id: "mock" });
    send(response, "workloads", { workloads: world.map(facts), removed: [], full: true });
    send(response, "sample", sample());
    clients.add(response);
    request.on("close", () => clients.delete(response));
  };
  return { state, open, stop: () => clearInterval(timer) };
}

function eventsAnswer(events, query) {
  const since = Number(query.get("since") ?? 0);
  const id = query.get("workload");
  return {
    events: events.filter((one) => one.id > since && (id === null || one.workload.id === id)),
    newest: events.length,
    oldest: 1,
    dropped: 0,
  };
}

/**
 * `begin`: when the agent started, in seconds; `host` and `hostSeries`: what it says of the machine
 * beside the default; `dist`: the directory of the built dashboard.
 */
export function makeAgent({ world, valueOf, events, dist, begin, host = {}, hostSeries = [], reports = [] }) {
  const stream = makeStream(world, valueOf);
  const find = (id) => world.find((one) => one.id === id || one.id === `/${id}` || one.workload === id);
  const exposition = () =>
    world
      .map(({ id, kind, workload }) => {
        const labels = `id=${JSON.stringify(id)},kind="${kind}",workload=${JSON.stringify(workload)},cpu="total"`;
        return `container_cpu_usage_seconds_total{${labels}} ${(Math.random() * 1e4).toFixed(3)}`;
      })
      .join("\n") + "\n";
  const detailOf = (one) => ({ ...detail(one), ...(one.id === "/" ? { series: hostSeries } : {}) });
  /** The answer in JSON, or undefined. */
  const answer = (path, query) => {
    const below = (prefix) => (path.startsWith(prefix) ? decodeURIComponent(path.slice(prefix.length)) : undefined);
    if (path === "/api/v1/series") return seriesAnswer(query, find, valueOf, begin);
    if (path === "/api/v1/events") return eventsAnswer(events, query);
    if (path === "/api/v1/metrics") return catalogue;
    if (path === "/api/v1/overhead") return { reports: reports.map(summaryOf) };
    if (path === "/api/v1/host") return { ...kHost, ...host, time: new Date(stream.state.time * 1000).toISOString() };
    const id = below("/api/v1/workloads/");
    if (id !== undefined) {
      const one = find(id === "" ? "/" : id);
      return one && detailOf(one);
    }
    const run = below("/api/v1/overhead/");
    return run === undefined ? undefined : reports.find((report) => report.run === run);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://mock");
    if (url.pathname === "/api/v1/stream") return stream.open(request, response);
    if (url.pathname === "/metrics") return response.writeHead(200, { "Content-Type": "text/plain" }).end(exposition());
    if (!url.pathname.startsWith("/api/")) return void sendFile(dist, url.pathname, response);
    const found = answer(url.pathname, url.searchParams);
    response
      .writeHead(found ? 200 : 404, { "Content-Type": "application/json" })
      .end(JSON.stringify(found ?? { error: "there is no such thing" }));
  });
  server.on("close", stream.stop);
  return { server, state: stream.state };
}
