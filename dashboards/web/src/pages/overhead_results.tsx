// The results of one report: a group for each workload, a line for each place.
import { chaptersOf, measuresCpu, reasonOf, type Group, type Report, type Row } from "../model/overhead_report";
import {
  changeText,
  intervalText,
  noiseText,
  scaleOf,
  accessibleOutcome,
  timeText,
  withoutNumber,
  type Scale,
} from "../model/overhead_words";
import type { Quantity } from "../model/url_state";
import { Name } from "../parts/name";
import { RatioAxis, RatioPlot } from "../parts/ratio_plot";

export function Results({ report, quantity }: { report: Report; quantity: Quantity }) {
  return (
    <>
      {chaptersOf(report).map(({ title, groups }) => (
        <section key={title} aria-label={title}>
          <h2 class="overhead-chapter">{title}</h2>
          <div class="overhead-groups">
            {groups.map((group) => (
              <GroupPanel key={group.workload} group={group} quantity={quantity} baseline={report.baseline} />
            ))}
          </div>
        </section>
      ))}
    </>
  );
}

function GroupPanel({ group, quantity, baseline }: { group: Group; quantity: Quantity; baseline: string }) {
  const measured = quantity === "wall" || measuresCpu(group);
  const scale = scaleOf(group, quantity);
  const time = group.baseline[quantity];
  const drawn = group.rows.length > 0 || group.floor[quantity] !== undefined;
  return (
    <section class="panel overhead-group" data-workload={group.workload}>
      <div class="overhead-head">
        <h3 class="overhead-name">
          <Name text={group.workload} longest={60} />
        </h3>
        {group.what !== "" && <span class="overhead-what">{group.what}</span>}
        {time !== undefined && (
          <span class="overhead-baseline">
            <strong>{timeText(time)}</strong> per {group.operation}, <Name text={baseline} longest={40} />
          </span>
        )}
      </div>
      {!measured ? (
        <p class="empty">CPU time of this workload is not measured.</p>
      ) : (
        drawn && (
          <>
            <ul class="overhead-rows">
              <ControlRow group={group} quantity={quantity} scale={scale} />
              {group.rows.map((row) => (
                <ResultRow key={row.label} row={row} quantity={quantity} scale={scale} floor={group.floor[quantity]} />
              ))}
            </ul>
            <div class="overhead-row overhead-axis">
              <span />
              <RatioAxis scale={scale} />
              <span class="overhead-scale">{scale.logarithmic ? "logarithmic scale" : ""}</span>
            </div>
          </>
        )
      )}
      {group.rows.length === 0 && <p class="empty">No other environment was measured. “Did not run” below says why.</p>}
    </section>
  );
}

function ControlRow({ group, quantity, scale }: { group: Group; quantity: Quantity; scale: Scale }) {
  const floor = group.floor[quantity];
  return (
    <li class="overhead-row is-control" data-label="control">
      <span class="overhead-label">control</span>
      <RatioPlot scale={scale} floor={floor} interval={group.control[quantity]} />
      <span class="overhead-words">noise {noiseText(floor)}</span>
    </li>
  );
}

function ResultRow({
  row,
  quantity,
  scale,
  floor,
}: {
  row: Row;
  quantity: Quantity;
  scale: Scale;
  floor: number | undefined;
}) {
  const outcome = row.outcome[quantity];
  const label = <Name class="overhead-label" text={row.label} longest={60} />;
  if (outcome === undefined) {
    return (
      <li class="overhead-row is-absent" data-label={row.label}>
        {label}
        <span class="overhead-reason">
          not measured: <Name text={reasonOf(row, quantity)} longest={400} />
        </span>
      </li>
    );
  }
  const time = row.time[quantity];
  return (
    <li class="overhead-row" data-label={row.label} data-differs={outcome.differs}>
      {label}
      <RatioPlot scale={scale} floor={floor} interval={outcome} ratio={outcome.ratio} />
      {outcome.ratio === undefined ? (
        <span class="overhead-words is-none">{withoutNumber(outcome)}</span>
      ) : (
        <span class="overhead-words">
          <span class="sr-only">{accessibleOutcome(outcome, time)}</span>
          <strong aria-hidden="true">{changeText(outcome.ratio)}</strong>
          <span class="overhead-interval" aria-hidden="true">
            {intervalText(outcome)}
          </span>
          {time !== undefined && (
            <span class="overhead-time" aria-hidden="true">
              {timeText(time)}
            </span>
          )}
        </span>
      )}
      {row.reason !== "" && (
        <span class="overhead-note">
          <Name text={row.reason} longest={400} />
        </span>
      )}
    </li>
  );
}
