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

const kPressureWords = [
  ["cpu", "CPU"],
  ["mem", "memory"],
  ["i/o", "I/O"],
] as const;

/** Of CPU, memory and I/O: those that are felt, the worst first, two at most. */
export function Pressure({ values }: { values: readonly (number | null)[] }) {
  const title = values
    .map((value, i) => `${kPressureWords[i]?.[1]} pressure ${value === null ? "unknown" : percent(value)}`)
    .join(", ");
  const felt = values
    .flatMap((value, i) => (value !== null && value >= 0.005 ? [{ value, word: kPressureWords[i]?.[0] ?? "" }] : []))
    .sort((a, b) => b.value - a.value)
    .slice(0, 2);
  if (felt.length === 0) {
    const unknown = values.every((value) => value === null);
    return (
      <span class="figure faint" title={title}>
        {unknown ? kAbsentText : "0 %"}
      </span>
    );
  }
  return (
    <span class="pair pressures" title={title}>
      {felt.map(({ value, word }) => (
        <span key={word}>
          {(value * 100).toFixed(0)} %<abbr>{word}</abbr>
        </span>
      ))}
    </span>
  );
}
