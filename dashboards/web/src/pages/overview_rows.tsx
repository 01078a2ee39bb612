// One line of the table: a workload, or a group with the sums of its members.
import { useMemo } from "preact/hooks";
import { useApp } from "../app_context";
import type { Live } from "../data/live";
import { bytes, cores, count, duration, formatValue, kAbsentText, percent } from "../model/format";
import { displayName, subtitle } from "../model/workload";
import { viewHash, workloadView } from "../model/url_state";
import type { Group } from "../model/table";
import { Badge, Kind } from "../parts/badge";
import { toggleChosen } from "../parts/chosen";
import { Chevron } from "../parts/icons";
import { Meter } from "../parts/meter";
import { Spark } from "../parts/spark";
import { Name } from "../parts/name";
import type { RatedRow } from "./overview_model";

export interface RowPosition {
  rowIndex: number;
  top: number;
  tabIndex: number;
  onFocus: () => void;
}

function rowProps(position: RowPosition) {
  return {
    role: "row" as const,
    "aria-rowindex": position.rowIndex,
    tabIndex: position.tabIndex,
    onFocus: position.onFocus,
    style: { transform: `translateY(${position.top}px)` },
  };
}

export function WorkloadRow({
  rated,
  inGroup,
  position,
  live,
  badges,
}: {
  rated: RatedRow;
  inGroup: boolean;
  position: RowPosition;
  live: Live;
  badges: number;
}) {
  const app = useApp();
  const { id } = rated.entry.facts;
  const chosen = app.chosen.includes(id);
  const worst = rated.conditions.some((one) => one.severity === "critical")
    ? " is-critical"
    : rated.conditions.length > 0
      ? " is-warning"
      : "";
  // A row that is only scrolled is not drawn again: `rated` is another one with each sample.
  const cells = useMemo(
    () => <Cells rated={rated} live={live} badges={badges} chosen={chosen} toggle={() => toggleChosen(app, id)} />,
    [rated, live, badges, chosen, app, id],
  );
  return (
    <div
      {...rowProps(position)}
      class={`row${worst}${inGroup ? " in-group" : ""}${chosen ? " is-chosen" : ""}`}
      aria-selected={chosen}
      data-id={id}
    >
      {cells}
    </div>
  );
}

function Cells({
  rated,
  live,
  badges,
  chosen,
  toggle,
}: {
  rated: RatedRow;
  live: Live;
  badges: number;
  chosen: boolean;
  toggle: () => void;
}) {
  const { entry, conditions } = rated;
  const { facts } = entry;
  const value = (field: string): number | null => live.value(entry, field);
  const spark = (fields: string[], least: number, limit?: number) => (
    <Spark
      recent={entry.recent}
      columns={fields.map((field) => live.column(field))}
      now={live.time}
      interval={live.interval}
      least={least}
      limit={limit}
    />
  );
  const name = displayName(facts);
  const memory = value("working_set_bytes") ?? value("memory_bytes");
  const limits = facts.limits ?? {};
  return (
    <>
      <div role="gridcell" class="cell c-name">
        <input
          type="checkbox"
          class="choose"
          tabIndex={-1}
          checked={chosen}
          aria-label={`Compare ${name.slice(0, 80)}`}
          onChange={toggle}
        />
        <span class="name-box">
          <a class="name" tabIndex={-1} href={viewHash(workloadView(facts.id))}>
            <Name text={name} longest={96} />
          </a>
          <span class="sub">
            <Kind kind={facts.kind} />
            <Name text={subtitle(facts)} longest={96} />
          </span>
        </span>
      </div>
      <div role="gridcell" class="cell c-status">
        {conditions.slice(0, badges).map((one) => (
          <Badge key={one.type + one.text} condition={one} />
        ))}
        {conditions.length > badges && (
          <span
            class="more"
            title={conditions
              .slice(badges)
              .map((one) => one.title)
              .join("; ")}
          >
            +{conditions.length - badges}
          </span>
        )}
      </div>
      <div role="gridcell" class="cell c-cpu">
        {spark(["cpu_cores"], 0.1, limits.cpu_cores)}
        <Figure
          main={value("cpu_cores") === null ? kAbsentText : cores(value("cpu_cores") ?? 0)}
          note={limits.cpu_cores ? `of ${cores(limits.cpu_cores)}` : ""}
          used={value("cpu_cores")}
          limit={limits.cpu_cores}
        />
      </div>
      <div role="gridcell" class="cell c-memory">
        {spark(
          [value("working_set_bytes") === null ? "memory_bytes" : "working_set_bytes"],
          1 << 20,
          limits.memory_bytes,
        )}
        <Figure
          main={formatValue(memory, "bytes")}
          note={limits.memory_bytes ? `of ${bytes(limits.memory_bytes)}` : ""}
          used={memory}
          limit={limits.memory_bytes}
        />
      </div>
      <div role="gridcell" class="cell c-io">
        {spark(["io_read_bytes", "io_write_bytes"], 65536)}
        <Pair
          words={["r", "w"]}
          longWords={["read", "written"]}
          values={[value("io_read_bytes"), value("io_write_bytes")]}
        />
      </div>
      <div role="gridcell" class="cell c-net">
        {spark(["net_rx_bytes", "net_tx_bytes"], 65536)}
        <Pair
          words={["in", "out"]}
          longWords={["received", "sent"]}
          values={[value("net_rx_bytes"), value("net_tx_bytes")]}
        />
      </div>
      <div role="gridcell" class="cell c-pids">
        <Figure
          main={formatValue(value("pids"), "count")}
          note={limits.pids ? `of ${count(limits.pids)}` : ""}
          used={value("pids")}
          limit={limits.pids}
        />
      </div>
      <div role="gridcell" class="cell c-pressure">
        <Pressure values={[value("psi_cpu"), value("psi_memory"), value("psi_io")]} />
      </div>
      <div role="gridcell" class="cell c-age">
        {entry.started === undefined ? kAbsentText : duration(Math.max(0, Math.floor(live.now() - entry.started)))}
      </div>
    </>
  );
}

export function GroupRow({
  group,
  open,
  toggle,
  position,
  rated,
}: {
  group: Group;
  open: boolean;
  toggle: () => void;
  position: RowPosition;
  rated: ReadonlyMap<string, RatedRow>;
}) {
  const sum = (field: string): number | null => group.sums.get(field) ?? null;
  const conditions = group.members.flatMap((row) => rated.get(row.facts.id)?.conditions ?? []);
  const critical = conditions.filter((one) => one.severity === "critical").length;
  return (
    <div {...rowProps(position)} class="row row-group" data-group={group.name} onClick={toggle}>
      <div role="gridcell" class="cell c-name">
        <button
          type="button"
          class="twist"
          tabIndex={-1}
          aria-expanded={open}
          aria-label={`${open ? "Close" : "Open"} ${group.label.slice(0, 80)}`}
        >
          <Chevron open={open} />
        </button>
        <span class="name-box">
          <span class="name">
            <Name text={group.label} longest={96} />
          </span>
          <span class="sub">{group.members.length === 1 ? "1 workload" : `${group.members.length} workloads`}</span>
        </span>
      </div>
      <div role="gridcell" class="cell c-status">
        {conditions.length > 0 && (
          <Badge
            condition={{
              type: "pressured",
              severity: critical > 0 ? "critical" : "warning",
              text: `${conditions.length} inside`,
              title: [...new Set(conditions.map((one) => one.text))].slice(0, 8).join(", "),
            }}
          />
        )}
      </div>
      <div role="gridcell" class="cell c-cpu">
        <Figure main={sum("cpu_cores") === null ? kAbsentText : cores(sum("cpu_cores") ?? 0)} note="" />
      </div>
      <div role="gridcell" class="cell c-memory">
        <Figure main={formatValue(sum("working_set_bytes") ?? sum("memory_bytes"), "bytes")} note="" />
      </div>
      <div role="gridcell" class="cell c-io">
        <Pair
          words={["r", "w"]}
          longWords={["read", "written"]}
          values={[sum("io_read_bytes"), sum("io_write_bytes")]}
        />
      </div>
      <div role="gridcell" class="cell c-net">
        <Pair
          words={["in", "out"]}
          longWords={["received", "sent"]}
          values={[sum("net_rx_bytes"), sum("net_tx_bytes")]}
        />
      </div>
      <div role="gridcell" class="cell c-pids">
        <Figure main={formatValue(sum("pids"), "count")} note="" />
      </div>
      <div role="gridcell" class="cell c-pressure" />
      <div role="gridcell" class="cell c-age" />
    </div>
  );
}

function Figure({
  main,
  note,
  used = null,
  limit,
}: {
  main: string;
  note: string;
  used?: number | null;
  limit?: number | undefined;
}) {
  return (
    <span class="figure">
      <span class={main === "0" || main === kAbsentText || main === "0.000" ? "faint" : ""}>{main}</span>
      {note !== "" && <span class="note">{note}</span>}
      <Meter used={used} limit={limit} />
    </span>
  );
}

function Pair({
  words,
  longWords,
  values,
}: {
  words: readonly [string, string];
  longWords: readonly [string, string];
  values: readonly [number | null, number | null];
}) {
  if (values[0] === null && values[1] === null)
    return (
      <span class="figure">
        <span class="faint">{kAbsentText}</span>
      </span>
    );
  return (
    <span class="pair">
      {values.map((value, i) => (
        <span key={words[i]} class={value ? "" : "faint"}>
          {formatValue(value, "bytes/s")}
          <abbr title={longWords[i]}>{words[i]}</abbr>
        </span>
      ))}
    </span>
  );
}

function Pressure({ values }: { values: readonly (number | null)[] }) {
  const names = ["CPU", "memory", "I/O"];
  return (
    <span class="pressures">
      {values.map((value, i) => (
        <span
          key={names[i]}
          class={value === null || value < 0.005 ? "faint" : value >= 0.1 ? "strong" : ""}
          title={`${names[i]} pressure ${value === null ? "unknown" : percent(value)}`}
        >
          {value === null ? kAbsentText : (value * 100).toFixed(0)}
        </span>
      ))}
    </span>
  );
}
