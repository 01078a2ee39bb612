// What a workload is: its ids, its image, its addresses, and how Prometheus names it.
import { useApp } from "../app_context";
import type { WorkloadDetail } from "../data/api";
import { openFilesOf, type OpenFiles } from "../model/detail";
import { bytes, count, moment, parseTime } from "../model/format";
import { kMetrics, viewHash } from "../model/url_state";
import type { Facts } from "../model/workload";
import { Name } from "../parts/name";
import { Panel } from "./panel";

const kIds = ["cgroup", "container id"];

export function Identity({ facts, detail }: { facts: Facts; detail: WorkloadDetail | undefined }) {
  const { live } = useApp();
  const matcher = facts.kind === "container" ? (facts.name ?? facts.workload) : facts.workload;
  return (
    <Panel title="Identity">
      <dl class="facts">
        {factsOf(facts, detail, live.now())
          .filter(([, value]) => value !== undefined && value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Name text={value ?? ""} longest={300} class={kIds.includes(name) ? "mono" : ""} />
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

function factsOf(facts: Facts, detail: WorkloadDetail | undefined, now: number): [string, string | undefined][] {
  const at = (value: string | number | undefined): string | undefined => {
    const time = parseTime(value);
    return time === undefined ? undefined : moment(time, now);
  };
  const most = detail?.stats?.["memory_max_usage_bytes"];
  return [
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
    ["addresses", addressesText(detail)],
    ["ports", portsText(detail)],
    ["storage driver", detail?.storage_driver],
    ["memory, maximum", most === undefined ? undefined : bytes(most)],
  ];
}

function addressesText(detail: WorkloadDetail | undefined): string | undefined {
  return detail?.networks
    ?.map((one) => [one.name, one.ip_address, one.ipv6_address].filter(Boolean).join(" "))
    .join(", ");
}

function portsText(detail: WorkloadDetail | undefined): string | undefined {
  return detail?.ports
    ?.map((one) => {
      const published = one.host_port ? `${one.host_ip ?? ""}:${one.host_port} → ` : "";
      return `${published}${one.container_port}/${one.protocol ?? "tcp"}`;
    })
    .join(", ");
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
