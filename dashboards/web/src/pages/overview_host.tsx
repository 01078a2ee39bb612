// What the whole machine does, above all that runs on it.
import { useEffect } from "preact/hooks";
import { useApp, useLive } from "../app_context";
import { kHostId } from "../model/workload";
import { bytes, formatValue, kAbsentText, percent, splitValue } from "../model/format";
import { viewHash, workloadView } from "../model/url_state";
import { Meter } from "../parts/meter";
import { Spark } from "../parts/spark";
import type { ComponentChildren } from "preact";

export function HostStrip() {
  const live = useLive();
  const { host } = useApp();
  const entry = live.host();
  const hasFields = live.fields.length > 0;
  useEffect(() => live.backfill.want([kHostId]), [live, hasFields]);
  const value = (field: string): number | null => (entry ? live.value(entry, field) : null);
  const spark = (fields: string[], least: number, limit?: number) => (
    <Spark
      recent={entry?.recent}
      columns={fields.map((field) => live.column(field))}
      now={live.now()}
      interval={live.interval}
      least={least}
      limit={limit}
    />
  );
  const cpu = splitValue(value("cpu_cores"), "cores");
  const used = value("working_set_bytes") ?? value("memory_bytes");
  const memory = splitValue(used, "bytes");
  const pressures: [string, string][] = [
    ["CPU", "psi_cpu"],
    ["memory", "psi_memory"],
    ["I/O", "psi_io"],
  ];
  return (
    <section class="strip" aria-label="Host">
      <Tile
        title="CPU"
        number={cpu.number}
        unit={host?.cpu_cores ? `of ${host.cpu_cores} cores` : cpu.unit}
        meter={<Meter used={value("cpu_cores")} limit={host?.cpu_cores} />}
      >
        {spark(["cpu_cores"], (host?.cpu_cores ?? 1) * 0.25)}
      </Tile>
      <Tile
        title="Memory"
        number={memory.number}
        unit={`${memory.unit}${host?.memory_bytes ? ` of ${bytes(host.memory_bytes)}` : ""}`}
        meter={<Meter used={used} limit={host?.memory_bytes} />}
      >
        {spark(
          [value("working_set_bytes") === null ? "memory_bytes" : "working_set_bytes"],
          (host?.memory_bytes ?? 1) * 0.1,
        )}
      </Tile>
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
      <Tile
        title="Pressure"
        pairs={pressures.map(([name, field]) => {
          const waiting = value(field);
          return [name, waiting === null ? kAbsentText : percent(waiting)];
        })}
      >
        {spark(["psi_cpu"], 0.2)}
      </Tile>
      <a class="strip-more" href={viewHash(workloadView(kHostId))}>
        Host details
      </a>
    </section>
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
