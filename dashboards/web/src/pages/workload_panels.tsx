// What a workload is, beside its charts: events, network by interface, processes,
// namespaces, mounts, labels. A panel of which the agent says nothing is left out.
import type { WorkloadDetail } from "../data/api";
import type { WorkloadEvent } from "../data/workload_events";
import { disksOf, type Disk } from "../model/disks";
import { bytes, count, formatValue, kAbsentText, percent } from "../model/format";
import { kOverhead, viewHash } from "../model/url_state";
import { interfacesOf, mountsOf, namespacesOf, programsOf, runtimeCostOf, type RuntimeCost } from "../model/detail";
import { kHostId, type Facts } from "../model/workload";
import { EventLine } from "../parts/event_list";
import { Name } from "../parts/name";
import { Failure } from "../parts/states";
import type { Rates } from "../hooks/use_detail";
import { Panel, Table } from "./panel";
import { Identity } from "./workload_identity";

interface Props {
  facts: Facts | undefined;
  detail: WorkloadDetail | undefined;
  detailError: unknown;
  rates: Rates;
  events: readonly WorkloadEvent[];
  onShow: (event: WorkloadEvent) => void;
}

const kMaxEvents = 100;
const kMaxLabels = 200;

export function WorkloadPanels({ facts, detail, detailError, rates, events, onShow }: Props) {
  const series = detail?.series ?? [];
  const cost = runtimeCostOf(series, rates);
  return (
    <div class="panels">
      <EventsPanel events={events} onShow={onShow} />
      {detail === undefined && detailError !== undefined && facts?.id !== undefined && (
        <Panel title="Details">
          <Failure error={detailError} />
        </Panel>
      )}
      <InterfacesPanel interfaces={interfacesOf(series, rates)} />
      {facts?.id === kHostId && <DisksPanel disks={disksOf(series)} />}
      <ProgramsPanel programs={programsOf(detail?.processes ?? [], rates)} />
      {(cost.components.length > 0 || facts?.kind === "container") && (
        <RuntimePanel cost={cost} isHost={facts?.id === kHostId} />
      )}
      <NamespacesPanel namespaces={namespacesOf(detail?.namespaces ?? [])} />
      <MountsPanel mounts={mountsOf(detail?.mounts ?? [], series)} />
      {facts && <Identity facts={facts} detail={detail} />}
      <LabelsPanel labels={Object.entries(detail?.labels ?? facts?.labels ?? {})} />
    </div>
  );
}

function EventsPanel({ events, onShow }: Pick<Props, "events" | "onShow">) {
  return (
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
  );
}

function InterfacesPanel({ interfaces }: { interfaces: ReturnType<typeof interfacesOf> }) {
  if (interfaces.length === 0) return null;
  return (
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
  );
}

function ProgramsPanel({ programs }: { programs: ReturnType<typeof programsOf> }) {
  if (programs.length === 0) return null;
  return (
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
  );
}

function DisksPanel({ disks }: { disks: readonly Disk[] }) {
  if (disks.length === 0) return null;
  return (
    <Panel title="Disk space" count={disks.length}>
      <Table head={["Device", "full", "used", "size", "free", "inodes used"]}>
        {disks.map((one) => (
          <tr key={one.name}>
            <th scope="row">
              <Name text={one.name} longest={60} />
            </th>
            <td>{percent(one.part)}</td>
            <td>{bytes(one.used)}</td>
            <td>{bytes(one.size)}</td>
            <td>{formatValue(one.available, "bytes")}</td>
            <td>{formatValue(one.inodes, "ratio")}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

function NamespacesPanel({ namespaces }: { namespaces: ReturnType<typeof namespacesOf> }) {
  if (namespaces.length === 0) return null;
  return (
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
  );
}

function MountsPanel({ mounts }: { mounts: ReturnType<typeof mountsOf> }) {
  if (mounts.length === 0) return null;
  return (
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
  );
}

function LabelsPanel({ labels }: { labels: [string, string][] }) {
  if (labels.length === 0) return null;
  return (
    <Panel title="Labels" count={labels.length}>
      <dl class="facts">
        {labels.slice(0, kMaxLabels).map(([name, value]) => (
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
  );
}

/** What it costs to be a container, always on. */
function RuntimePanel({ cost, isHost }: { cost: RuntimeCost; isHost: boolean }) {
  const remark = isHost
    ? "Daemons serve all containers."
    : "Not included in the values of the workload, except kernel memory.";
  const known = isHost ? [] : storageOf(cost);
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
        {remark} What a container costs in speed: <a href={viewHash(kOverhead)}>Overhead</a>.
      </p>
    </Panel>
  );
}

/** Memory and disk that a container has of its own: what of it is known. */
function storageOf({ kernelMemory, layer, layerFiles }: RuntimeCost): [string, string][] {
  const files = layerFiles === undefined ? "" : ` in ${count(layerFiles)} files`;
  const known: [string, string][] = [];
  if (kernelMemory !== undefined) known.push(["kernel memory", `${bytes(kernelMemory)}, included in its memory`]);
  if (layer !== undefined) known.push(["writable layer", `${bytes(layer)}${files}`]);
  return known;
}
