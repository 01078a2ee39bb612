// What a workload is, beside its charts: events, network by interface, processes,
// namespaces, mounts, labels. A panel of which the agent says nothing is left out.
import type { ComponentChildren } from "preact";
import type { WorkloadDetail } from "../data/api";
import type { WorkloadEvent } from "../data/workload_events";
import { bytes, count, formatValue, kAbsentText, parseTime, moment } from "../model/format";
import { useApp } from "../app_context";
import { kMetrics, kOverhead, viewHash } from "../model/url_state";
import {
  interfacesOf,
  mountsOf,
  namespacesOf,
  openFilesOf,
  programsOf,
  runtimeCostOf,
  type OpenFiles,
  type RuntimeCost,
} from "../model/detail";
import { kHostId, type Facts } from "../model/workload";
import { EventLine } from "../parts/event_list";
import { Name } from "../parts/name";
import { Failure } from "../parts/states";
import type { Rates } from "../hooks/use_detail";

interface Props {
  facts: Facts | undefined;
  detail: WorkloadDetail | undefined;
  detailError: unknown;
  rates: Rates;
  events: readonly WorkloadEvent[];
  onShow: (event: WorkloadEvent) => void;
}

const kMaxEvents = 100;

export function WorkloadPanels({ facts, detail, detailError, rates, events, onShow }: Props) {
  const series = detail?.series ?? [];
  const interfaces = interfacesOf(series, rates);
  const programs = programsOf(detail?.processes ?? [], rates);
  const namespaces = namespacesOf(detail?.namespaces ?? []);
  const labels = Object.entries(detail?.labels ?? facts?.labels ?? {});
  const mounts = mountsOf(detail?.mounts ?? [], series);
  const cost = runtimeCostOf(series, rates);
  return (
    <div class="panels">
      <Panel title="Events" count={events.length}>
        {events.length === 0 ? (
          <p class="empty">No events are recorded.</p>
        ) : (
          <ul class="events events-own">
            {events.slice(0, kMaxEvents).map((event) => (
              <li key={event.id}>
                <EventLine event={event} withWorkload={false} onShow={onShow} />
              </li>
            ))}
          </ul>
        )}
      </Panel>
      {detail === undefined && detailError !== undefined && facts?.id !== undefined && (
        <Panel title="Details">
          <Failure error={detailError} />
        </Panel>
      )}
      {interfaces.length > 0 && (
        <Panel title="Network by interface">
          <Table head={["Interface", "in", "out", "in, total", "out, total", "errors", "dropped"]}>
            {interfaces.map((one) => (
              <tr key={one.name}>
                <th scope="row">
                  <Name text={one.name} />
                </th>
                <td>{formatValue(one.receivedRate, "bytes/s")}</td>
                <td>{formatValue(one.sentRate, "bytes/s")}</td>
                <td>{formatValue(one.received, "bytes")}</td>
                <td>{formatValue(one.sent, "bytes")}</td>
                <td>{formatValue(one.errors, "count")}</td>
                <td>{formatValue(one.dropped, "count")}</td>
              </tr>
            ))}
          </Table>
        </Panel>
      )}
      {programs.length > 0 && (
        <Panel title="Processes by program" count={programs.length}>
          <Table head={["Program", "processes", "threads", "CPU", "CPU time", "memory"]}>
            {programs.map((one) => (
              <tr key={one.name}>
                <th scope="row">
                  <Name text={one.name} longest={60} />
                </th>
                <td>{formatValue(one.processes, "count")}</td>
                <td>{formatValue(one.threads, "count")}</td>
                <td>{formatValue(one.cpu, "cores")}</td>
                <td>{formatValue(one.cpuSeconds, "seconds")}</td>
                <td>{formatValue(one.memory, "bytes")}</td>
              </tr>
            ))}
          </Table>
        </Panel>
      )}
      {(cost.components.length > 0 || facts?.kind === "container") && (
        <RuntimePanel cost={cost} isHost={facts?.id === kHostId} />
      )}
      {namespaces.length > 0 && (
        <Panel title="Namespaces">
          <Table head={["Namespace", "isolates", "owner", "shared with", "inode"]} words>
            {namespaces.map((one) => (
              <tr key={one.type}>
                <th scope="row">{one.type}</th>
                <td>{one.meaning}</td>
                <td>{one.sharing}</td>
                <td>
                  <Name text={one.with} longest={60} />
                </td>
                <td class="mono">{one.inode}</td>
              </tr>
            ))}
          </Table>
        </Panel>
      )}
      {mounts.length > 0 && (
        <Panel title="Mounts" count={mounts.length}>
          <Table head={["Mount point", "source", "type", "size", ""]} words>
            {mounts.map((one, i) => (
              <tr key={i}>
                <th scope="row">
                  <Name text={one.inside} longest={80} class="mono" />
                </th>
                <td class="wide">
                  <Name text={one.from ?? kAbsentText} longest={80} class="mono" />
                </td>
                <td>{one.type ?? kAbsentText}</td>
                <td>{one.bytes === undefined ? "" : bytes(one.bytes)}</td>
                <td>
                  {[one.readOnly ? "read-only" : "", (one.users ?? 0) > 1 ? `shared by ${one.users}` : ""]
                    .filter(Boolean)
                    .join(", ")}
                </td>
              </tr>
            ))}
          </Table>
        </Panel>
      )}
      {facts && <Identity facts={facts} detail={detail} />}
      {labels.length > 0 && (
        <Panel title="Labels" count={labels.length}>
          <dl class="facts">
            {labels.slice(0, 200).map(([name, value]) => (
              <div key={name}>
                <dt>
                  <Name text={name} longest={80} class="mono" />
                </dt>
                <dd>
                  <Name text={value} longest={400} />
                </dd>
              </div>
            ))}
          </dl>
        </Panel>
      )}
    </div>
  );
}

/** What it costs to be a container, always on. */
function RuntimePanel({ cost, isHost }: { cost: RuntimeCost; isHost: boolean }) {
  const beside: [string, string | undefined][] = isHost
    ? []
    : [
        [
          "kernel memory",
          cost.kernelMemory === undefined ? undefined : `${bytes(cost.kernelMemory)}, included in its memory`,
        ],
        [
          "writable layer",
          cost.layer === undefined
            ? undefined
            : `${bytes(cost.layer)}${cost.layerFiles === undefined ? "" : ` in ${count(cost.layerFiles)} files`}`,
        ],
      ];
  const known = beside.filter(([, value]) => value !== undefined);
  if (cost.components.length === 0 && known.length === 0) return null;
  return (
    <Panel title="What the runtime costs">
      {cost.components.length > 0 ? (
        <Table head={["Component", "processes", "CPU", "CPU time", "memory"]}>
          {cost.components.map((one) => (
            <tr key={one.name}>
              <th scope="row">
                <Name text={one.name} />
              </th>
              <td>{formatValue(one.processes, "count")}</td>
              <td>{formatValue(one.cpu, "cores")}</td>
              <td>{formatValue(one.cpuSeconds, "seconds")}</td>
              <td>{formatValue(one.memory, "bytes")}</td>
            </tr>
          ))}
        </Table>
      ) : (
        <p class="hint">No shim and no proxy process was found.</p>
      )}
      {known.length > 0 && (
        <dl class="facts">
          {known.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      <p class="panel-foot">
        {isHost ? "Daemons serve all containers." : "Not included in the values of the workload, except kernel memory."}{" "}
        What a container costs in speed: <a href={viewHash(kOverhead)}>Overhead</a>.
      </p>
    </Panel>
  );
}

function Identity({ facts, detail }: { facts: Facts; detail: WorkloadDetail | undefined }) {
  const { live } = useApp();
  const at = (value: string | number | undefined): string | undefined => {
    const time = parseTime(value);
    return time === undefined ? undefined : moment(time, live.now());
  };
  const lines: [string, string | undefined][] = [
    ["cgroup", facts.id],
    ["container id", facts.container_id],
    ["image", facts.image],
    ["pod", facts.pod && (facts.namespace ? `${facts.namespace}/${facts.pod}` : facts.pod)],
    ["created", at(facts.created)],
    ["started", at(facts.started)],
    ["restarts", facts.restart_count === undefined ? undefined : count(facts.restart_count)],
    ["health", facts.health],
    ["first process", detail?.init_pid === undefined ? undefined : `pid ${detail.init_pid}`],
    ["open files", openFilesText(openFilesOf(detail?.series ?? []))],
    ["network", detail?.network_mode],
    [
      "addresses",
      detail?.networks?.map((one) => [one.name, one.ip_address, one.ipv6_address].filter(Boolean).join(" ")).join(", "),
    ],
    [
      "ports",
      detail?.ports
        ?.map(
          (one) =>
            `${one.host_port ? `${one.host_ip ?? ""}:${one.host_port} → ` : ""}${one.container_port}/${one.protocol ?? "tcp"}`,
        )
        .join(", "),
    ],
    ["storage driver", detail?.storage_driver],
    [
      "memory, maximum",
      detail?.stats?.["memory_max_usage_bytes"] === undefined
        ? undefined
        : bytes(detail.stats["memory_max_usage_bytes"]),
    ],
  ];
  const matcher = facts.kind === "container" ? (facts.name ?? facts.workload) : facts.workload;
  return (
    <Panel title="Identity">
      <dl class="facts">
        {lines
          .filter(([, value]) => value !== undefined && value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Name
                  text={value ?? ""}
                  longest={300}
                  class={name === "cgroup" || name === "container id" ? "mono" : ""}
                />
              </dd>
            </div>
          ))}
      </dl>
      <p class="panel-foot">
        <a href={viewHash({ ...kMetrics, text: "" })}>All metrics</a>, in Prometheus as{" "}
        <code class="mono">
          <Name text={`{workload="${matcher}"}`} longest={80} />
        </code>
      </p>
    </Panel>
  );
}

function openFilesText({ open, sockets, limit }: OpenFiles): string | undefined {
  if (open === undefined) return undefined;
  return [
    `${count(open)}`,
    sockets ? `${count(sockets)} of them sockets` : "",
    limit === undefined ? "" : `limit per process ${limit}`,
  ]
    .filter(Boolean)
    .join(", ");
}

export function Panel({
  title,
  count: number,
  children,
}: {
  title: string;
  count?: number;
  children: ComponentChildren;
}) {
  return (
    <section class="panel">
      <h2 class="panel-title">
        {title}
        {number !== undefined && number > 0 && <span class="count">{number}</span>}
      </h2>
      {children}
    </section>
  );
}

/** Figures stand at the right, words at the left. */
function Table({
  head,
  words = false,
  children,
}: {
  head: readonly string[];
  words?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div class="table-box" tabIndex={0} role="group" aria-label={head.join(", ")}>
      <table class={words ? "table table-words" : "table"}>
        <thead>
          <tr>
            {head.map((text) => (
              <th key={text} scope="col">
                {text || <span class="sr-only">notes</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
