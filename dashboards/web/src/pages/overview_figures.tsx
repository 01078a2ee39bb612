// The figures in the table's cells.
import { formatValue, kAbsentText, percent } from "../model/format";
import { Meter } from "../parts/meter";

/** Words of the two directions of traffic. */
export const kDiskWords = { words: ["r", "w"], longWords: ["read", "written"] } as const;
export const kNetworkWords = { words: ["in", "out"], longWords: ["received", "sent"] } as const;

export function Figure({
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

export function Pair({
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

export function Pressure({ values }: { values: readonly (number | null)[] }) {
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
