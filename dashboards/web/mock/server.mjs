// Speaks the agent's HTTP for a made-up host: npm run mock, then npm run dev.
//   MOCK_WORKLOADS=1000 MOCK_REPORTS=0 npm run mock
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { eventsOf, kFields, kUnits, makeWorld, valueOf } from "./made_up_host.mjs";

const port = Number(process.env.PORT ?? 8255);
const world = makeWorld(Number(process.env.MOCK_WORKLOADS ?? 40));
const events = eventsOf(world, Date.now() / 1000);
const dist = new URL("../dist/", import.meta.url).pathname;
const kOfMockAlone = new Set(["load", "memory", "throttled", "oom", "pids"]);
const facts = (one) => Object.fromEntries(Object.entries(one).filter(([name]) => !kOfMockAlone.has(name)));
const clients = new Set();

const send = (client, event, data, id) =>
  client.write(`${id ? `id: ${id}\n` : ""}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
setInterval(() => {
  const t = Date.now() / 1000;
  const sample = {
    sequence: Math.floor(t),
    time: t,
    fields: kFields,
    rows: world.map((one) => [one.key, ...kFields.map((field) => valueOf(one, field, t))]),
  };
  for (const client of clients) send(client, "sample", sample);
}, 1000);

const find = (id) => world.find((one) => one.id === id || one.id === `/${id}` || one.workload === id);

function series(query) {
  const now = Date.now() / 1000;
  const at = (text, otherwise) => (text === null ? otherwise : Number(text) <= 0 ? now + Number(text) : Number(text));
  const from = at(query.get("from"), now - 900);
  const to = at(query.get("to"), now);
  const step = Number(query.get("step") ?? 1);
  const points = (one, metric) => {
    const list = [];
    for (let t = Math.ceil(from / step) * step; t <= Math.min(to, now); t += step) {
      const value = t > now - 3600 * 3 ? valueOf(one, metric, t) : null;
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

const exposition = () =>
  world
    .map(({ id, kind, workload }) => {
      const labels = `id=${JSON.stringify(id)},kind="${kind}",workload=${JSON.stringify(workload)},cpu="total"`;
      return `container_cpu_usage_seconds_total{${labels}} ${(Math.random() * 1e4).toFixed(3)}`;
    })
    .join("\n") + "\n";

// A report as a machine with podman and LXC gave it, with six of its workloads; and the same under an older run's name.
const measured = JSON.parse(await readFile(new URL("overhead_sample.json", import.meta.url), "utf8"));
const reports = [
  measured,
  { ...measured, run: "20261118-090210-11aa", began: "2026-11-18T09:02:10Z", remarks: [] },
].slice(0, Number(process.env.MOCK_REPORTS ?? 2));
const summary = ({ run, began, extent, baseline, rounds, duration_ns }) => ({
  run,
  began,
  extent,
  baseline,
  rounds,
  duration_ns,
});

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

async function file(path, response) {
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

createServer((request, response) => {
  const url = new URL(request.url, "http://mock");
  const json = (value, status = 200) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  if (url.pathname === "/api/v1/stream") {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write("retry: 2000\n\n");
    send(response, "hello", {
      sequence: 1,
      time: new Date().toISOString(),
      interval_seconds: 1,
      version: "0.1.0",
      boot_id: "mock",
    });
    send(response, "workloads", { workloads: world.map(facts), removed: [], full: true });
    clients.add(response);
    request.on("close", () => clients.delete(response));
  } else if (url.pathname === "/api/v1/series") json(series(url.searchParams));
  else if (url.pathname === "/api/v1/events") {
    const since = Number(url.searchParams.get("since") ?? 0);
    const id = url.searchParams.get("workload");
    json({
      events: events.filter((one) => one.id > since && (id === null || one.workload.id === id)),
      newest: events.length,
      oldest: 1,
      dropped: 0,
    });
  } else if (url.pathname === "/api/v1/metrics") json(catalogue);
  else if (url.pathname === "/api/v1/host")
    json({
      hostname: "farm-host",
      agent_version: "0.1.0",
      kernel_version: "6.18.0",
      os_version: "Debian GNU/Linux 12",
      cgroup_mode: "hybrid",
      cpu_cores: 8,
      memory_bytes: 16 * 2 ** 30,
      booted: new Date(Date.now() - 5 * 864e5).toISOString(),
      workloads: {},
    });
  else if (url.pathname.startsWith("/api/v1/workloads/")) {
    const one = find(decodeURIComponent(url.pathname.slice("/api/v1/workloads/".length)));
    if (one) json(detail(one));
    else json({ error: "no workload has this id or name" }, 404);
  } else if (url.pathname === "/api/v1/overhead") json({ reports: reports.map(summary) });
  else if (url.pathname.startsWith("/api/v1/overhead/")) {
    const one = reports.find(
      (report) => report.run === decodeURIComponent(url.pathname.slice("/api/v1/overhead/".length)),
    );
    if (one) json(one);
    else json({ error: "there is no report of this run" }, 404);
  } else if (url.pathname === "/metrics") response.writeHead(200, { "Content-Type": "text/plain" }).end(exposition());
  else void file(url.pathname, response);
}).listen(port, "127.0.0.1", () => console.log(`mock agent on http://127.0.0.1:${port}/`));
