// One line of the table: a workload, or a group with the sums of its members.
import { useMemo } from "preact/hooks";
import { useApp } from "../app_context";
import type { Entry, Live } from "../data/live";
import type { Condition } from "../model/conditions";
import { bytes, cores, count, duration, formatValue, kAbsentText } from "../model/format";
import { displayName, subtitle, type Facts } from "../model/workload";
import { viewHash, workloadView } from "../model/url_state";
import type { Group } from "../model/table";
import { Badge, Kind } from "../parts/badge";
import { toggleChosen } from "../parts/chosen";
import { Chevron } from "../parts/icons";
import { Spark } from "../parts/spark";
import { Name } from "../parts/name";
import { Figure, kDiskWords, kNetworkWords, Pair, Pressure } from "./overview_figures";
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
  return (
    <>
      <NameCell facts={entry.facts} chosen={chosen} toggle={toggle} />
      <StatusCell conditions={conditions} badges={badges} />
      <FigureCells entry={entry} live={live} />
      <div role="gridcell" class="cell c-age">
        {entry.started === undefined ? kAbsentText : duration(Math.max(0, Math.floor(live.now() - entry.started)))}
      </div>
    </>
  );
}

function NameCell({ facts, chosen, toggle }: { facts: Facts; chosen: boolean; toggle: () => void }) {
  const name = displayName(facts);
  return (
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
  );
}

/** As many badges as fit; the others are counted. */
function StatusCell({ conditions, badges }: { conditions: readonly Condition[]; badges: number }) {
  const others = conditions.slice(badges);
  return (
    <div role="gridcell" class="cell c-status">
      {conditions.slice(0, badges).map((one) => (
        <Badge key={one.type + one.text} condition={one} />
      ))}
      {others.length > 0 && (
        <span class="more" title={others.map((one) => one.title).join("; ")}>
          +{others.length}
        </span>
      )}
    </div>
  );
}

function FigureCells({ entry, live }: { entry: Entry; live: Live }) {
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
  const limits = entry.facts.limits ?? {};
  const cpu = value("cpu_cores");
  const memoryField = value("working_set_bytes") === null ? "memory_bytes" : "working_set_bytes";
  const memory = value(memoryField);
  return (
    <>
      <div role="gridcell" class="cell c-cpu">
        {spark(["cpu_cores"], 0.1, limits.cpu_cores)}
        <Figure
          main={cpu === null ? kAbsentText : cores(cpu)}
          note={limits.cpu_cores ? `of ${cores(limits.cpu_cores)}` : ""}
          used={cpu}
          limit={limits.cpu_cores}
        />
      </div>
      <div role="gridcell" class="cell c-memory">
        {spark([memoryField], 1 << 20, limits.memory_bytes)}
        <Figure
          main={formatValue(memory, "bytes")}
          note={limits.memory_bytes ? `of ${bytes(limits.memory_bytes)}` : ""}
          used={memory}
          limit={limits.memory_bytes}
        />
      </div>
      <div role="gridcell" class="cell c-io">
        {spark(["io_read_bytes", "io_write_bytes"], 65536)}
        <Pair {...kDiskWords} values={[value("io_read_bytes"), value("io_write_bytes")]} />
      </div>
      <div role="gridcell" class="cell c-net">
        {spark(["net_rx_bytes", "net_tx_bytes"], 65536)}
        <Pair {...kNetworkWords} values={[value("net_rx_bytes"), value("net_tx_bytes")]} />
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
          <span class="sub">{group.note}</span>
        </span>
      </div>
      <div role="gridcell" class="cell c-status">
        <InsideBadge group={group} rated={rated} />
      </div>
      <div role="gridcell" class="cell c-cpu">
        <Figure main={sum("cpu_cores") === null ? kAbsentText : cores(sum("cpu_cores") ?? 0)} note="" />
      </div>
      <div role="gridcell" class="cell c-memory">
        <Figure main={formatValue(sum("working_set_bytes") ?? sum("memory_bytes"), "bytes")} note="" />
      </div>
      <div role="gridcell" class="cell c-io">
        <Pair {...kDiskWords} values={[sum("io_read_bytes"), sum("io_write_bytes")]} />
      </div>
      <div role="gridcell" class="cell c-net">
        <Pair {...kNetworkWords} values={[sum("net_rx_bytes"), sum("net_tx_bytes")]} />
      </div>
      <div role="gridcell" class="cell c-pids">
        <Figure main={formatValue(sum("pids"), "count")} note="" />
      </div>
      <div role="gridcell" class="cell c-pressure" />
      <div role="gridcell" class="cell c-age" />
    </div>
  );
}

/** How many conditions the members of a group have, as bad as the worst of them. */
function InsideBadge({ group, rated }: { group: Group; rated: ReadonlyMap<string, RatedRow> }) {
  const conditions = group.members.flatMap((row) => rated.get(row.facts.id)?.conditions ?? []);
  if (conditions.length === 0) return null;
  return (
    <Badge
      condition={{
        type: "pressured",
        severity: conditions.some((one) => one.severity === "critical") ? "critical" : "warning",
        text: `${conditions.length} inside`,
        title: [...new Set(conditions.map((one) => one.text))].slice(0, 8).join(", "),
      }}
    />
  );
}
