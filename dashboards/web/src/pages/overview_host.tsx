// What the whole machine does, above all that runs on it.
import { useEffect } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { kHostId } from "../model/workload";
import { bytes, formatValue, kAbsentText, percent, splitValue } from "../model/format";
import { viewHash, workloadView } from "../model/url_state";
import { Meter } from "../parts/meter";
import { Spark } from "../parts/spark";
import type { ComponentChildren } from "preact";

const kPressures: readonly (readonly [string, string])[] = [
  ["CPU", "psi_cpu"],
  ["memory", "psi_memory"],
  ["I/O", "psi_io"],
];

export function HostStrip() {
  const live = useLive();
  const { host } = useApp();
  const entry = live.host();
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
  return (
    <section class="strip" aria-label="Host">
      <CpuTile used={value("cpu_cores")} most={host?.cpu_cores}>
        {spark(["cpu_cores"], (host?.cpu_cores ?? 1) * 0.25)}
      </CpuTile>
      <MemoryTile used={value("working_set_bytes") ?? value("memory_bytes")} most={host?.memory_bytes}>
        {spark(
          [value("working_set_bytes") === null ? "memory_bytes" : "working_set_bytes"],
          (host?.memory_bytes ?? 1) * 0.1,
        )}
      </MemoryTile>
      <Tile
        title="Disk"
        pairs={[
          ["read", formatValue(value("io_read_bytes"), "bytes/s")],
          ["write", formatValue(value("io_write_bytes"), "bytes/s")],
        ]}
      >
        {spark(["io_read_bytes", "io_write_bytes"], 65536)}
      </Tile>
      <Tile
        title="Network"
        pairs={[
          ["in", formatValue(value("net_rx_bytes"), "bytes/s")],
          ["out", formatValue(value("net_tx_bytes"), "bytes/s")],
        ]}
      >
        {spark(["net_rx_bytes", "net_tx_bytes"], 65536)}
      </Tile>
      <Tile title="Pressure" pairs={kPressures.map(([name, field]) => [name, waitingText(value(field))])}>
        {spark(["psi_cpu"], 0.2)}
      </Tile>
      <a class="strip-more" href={viewHash(workloadView(kHostId))}>
        Host details
      </a>
    </section>
  );
}

function waitingText(part: number | null): string {
  return part === null ? kAbsentText : percent(part);
}

interface UsageProps {
  used: number | null;
  /** What the machine has, once it is known. */
  most: number | undefined;
  children: ComponentChildren;
}

function CpuTile({ used, most, children }: UsageProps) {
  const { number, unit } = splitValue(used, "cores");
  return (
    <Tile
      title="CPU"
      number={number}
      unit={most ? `of ${most} cores` : unit}
      meter={<Meter used={used} limit={most} />}
    >
      {children}
    </Tile>
  );
}

function MemoryTile({ used, most, children }: UsageProps) {
  const { number, unit } = splitValue(used, "bytes");
  return (
    <Tile
      title="Memory"
      number={number}
      unit={`${unit}${most ? ` of ${bytes(most)}` : ""}`}
      meter={<Meter used={used} limit={most} />}
    >
      {children}
    </Tile>
  );
}

function Tile({
  title,
  number,
  unit,
  meter,
  pairs,
  children,
}: {
  title: string;
  number?: string;
  unit?: string;
  meter?: ComponentChildren;
  pairs?: [string, string][];
  children: ComponentChildren;
}) {
  return (
    <div class="tile">
      <h2 class="tile-title">{title}</h2>
      {number !== undefined && (
        <p class="tile-figure">
          <span class="tile-number">{number}</span> <span class="tile-unit">{unit}</span>
        </p>
      )}
      {pairs && (
        <dl class="tile-pairs">
          {pairs.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      {meter}
      <div class="tile-spark">{children}</div>
    </div>
  );
}
