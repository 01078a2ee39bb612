// What the whole machine does, above all that runs on it.
import { useEffect } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import type { HostFacts } from "../data/api";
import { useDisks } from "../hooks/use_disks";
import type { Disk } from "../model/disks";
import { waitingOf, type Resource } from "../model/pressure";
import { kHostId } from "../model/workload";
import { bytes, formatValue, kAbsentText, percent, splitValue } from "../model/format";
import { viewHash, workloadView } from "../model/url_state";
import { Warning } from "../parts/icons";
import { Meter } from "../parts/meter";
import { Name } from "../parts/name";
import { Spark } from "../parts/spark";
import type { ComponentChildren } from "preact";

export function HostStrip() {
  const live = useLive();
  const { host } = useApp();
  const entry = live.host();
  const disks = useDisks(live);
  const hasFields = live.fields.length > 0;
  useEffect(() => live.backfill.want([kHostId]), [live, hasFields]);
  const value = (field: string): number | null => (entry ? live.value(entry, field) : null);
  const spark = (fields: string[], least: number) => (
    <Spark
      recent={entry?.recent}
      columns={fields.map((field) => live.column(field))}
      now={live.now()}
      interval={live.interval}
      least={least}
    />
  );
  const rates = (title: string, fields: readonly (readonly [string, string])[]) => (
    <Tile title={title} pairs={fields.map(([name, field]) => [name, formatValue(value(field), "bytes/s")])}>
      {spark(
        fields.map(([, field]) => field),
        65536,
      )}
    </Tile>
  );
  const load = host?.load_average?.[0];
  return (
    <section class="strip" aria-label="Host">
      <CpuTile
        used={value("cpu_cores")}
        most={host?.cpu_cores}
        note={load === undefined ? "" : `load ${load.toFixed(2)}`}
      >
        {spark(["cpu_cores"], (host?.cpu_cores ?? 1) * 0.25)}
      </CpuTile>
      <MemoryTile
        used={value("working_set_bytes") ?? value("memory_bytes")}
        most={host?.memory_bytes}
        note={swapText(host)}
      >
        {spark(
          [value("working_set_bytes") === null ? "memory_bytes" : "working_set_bytes"],
          (host?.memory_bytes ?? 1) * 0.1,
        )}
      </MemoryTile>
      {disks && disks.length > 0 && <DiskSpaceTile disks={disks} />}
      {rates("Disk I/O", [
        ["read", "io_read_bytes"],
        ["write", "io_write_bytes"],
      ])}
      {rates("Network", [
        ["in", "net_rx_bytes"],
        ["out", "net_tx_bytes"],
      ])}
      <PressureTile pressures={{ cpu: value("psi_cpu"), memory: value("psi_memory"), io: value("psi_io") }}>
        {spark(["psi_cpu"], 0.2)}
      </PressureTile>
    </section>
  );
}

function swapText(host: HostFacts | undefined): string {
  const total = host?.swap_bytes;
  if (total === undefined) return "";
  if (total === 0) return "no swap";
  const used = host?.stats?.memory_swap_bytes;
  return used === undefined ? "" : `swap ${percent(used / total)}`;
}

const kPressureNames: readonly (readonly [Resource, string])[] = [
  ["cpu", "CPU"],
  ["memory", "memory"],
  ["io", "I/O"],
];

/** When the whole host waits it is said here, once: rows are marked only for waiting more than that. */
function PressureTile({
  pressures,
  children,
}: {
  pressures: Record<Resource, number | null>;
  children: ComponentChildren;
}) {
  const waiting = waitingOf({ psi_cpu: pressures.cpu, psi_memory: pressures.memory, psi_io: pressures.io });
  const waits = (resource: Resource): boolean => waiting.some((one) => one.resource === resource);
  return (
    <Tile
      title="Pressure"
      note={<a href={viewHash(workloadView(kHostId))}>Host details</a>}
      pairs={kPressureNames.map(([resource, name]) => [name, waitingText(pressures[resource]), waits(resource)])}
    >
      {children}
    </Tile>
  );
}

function waitingText(part: number | null): string {
  return part === null ? kAbsentText : percent(part);
}

/** The fullest disk, and the next ones in a line. */
function DiskSpaceTile({ disks }: { disks: readonly Disk[] }) {
  const [first, ...others] = disks;
  if (!first) return null;
  return (
    <Tile
      title="Disk space"
      note={<Name text={first.name} longest={20} />}
      number={percent(first.part).replace(" %", "")}
      unit={`% of ${bytes(first.size)}`}
      meter={<Meter used={first.part} limit={1} />}
    >
      <p class="tile-more">
        {others.slice(0, 3).map((one) => (
          <span key={one.name} class={one.part >= 0.9 ? "is-full" : ""}>
            <Name text={one.name} longest={20} /> {percent(one.part)}
          </span>
        ))}
        {others.length > 3 && <span>and {others.length - 3} more</span>}
      </p>
    </Tile>
  );
}

interface UsageProps {
  used: number | null;
  /** What the machine has, once it is known. */
  most: number | undefined;
  note: string;
  children: ComponentChildren;
}

function CpuTile({ used, most, note, children }: UsageProps) {
  const { number, unit } = splitValue(used, "cores");
  return (
    <Tile
      title="CPU"
      note={note}
      number={number}
      unit={most ? `of ${most} cores` : unit}
      meter={<Meter used={used} limit={most} />}
    >
      {children}
    </Tile>
  );
}

function MemoryTile({ used, most, note, children }: UsageProps) {
  const { number, unit } = splitValue(used, "bytes");
  return (
    <Tile
      title="Memory"
      note={note}
      number={number}
      unit={`${unit}${most ? ` of ${bytes(most)}` : ""}`}
      meter={<Meter used={used} limit={most} />}
    >
      {children}
    </Tile>
  );
}

interface TileProps {
  title: string;
  /** At the end of the title's line. */
  note?: ComponentChildren;
  number?: string;
  unit?: string;
  meter?: ComponentChildren;
  /** Name, value, and whether it needs attention. */
  pairs?: [string, string, boolean?][];
  children: ComponentChildren;
}

function Tile({ title, note, number, unit, meter, pairs, children }: TileProps) {
  return (
    <div class="tile">
      <div class="tile-head">
        <h2 class="tile-title">{title}</h2>
        {note && <span class="tile-note">{note}</span>}
      </div>
      {number !== undefined && (
        <p class="tile-figure">
          <span class="tile-number">{number}</span> <span class="tile-unit">{unit}</span>
        </p>
      )}
      {pairs && (
        <dl class="tile-pairs">
          {pairs.map(([name, text, marked]) => (
            <div key={name} class={marked ? "is-warning" : ""}>
              <dt>{name}</dt>
              <dd>
                {text}
                {marked && <Warning />}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {meter}
      <div class="tile-spark">{children}</div>
    </div>
  );
}
