// Numbers, units and times as people read them. Pure.

export type Unit = "bytes" | "bytes/s" | "cores" | "ratio" | "count" | "seconds" | "count/s";

export const kAbsentText = "–";

const kBinary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const kDecimal = ["", "k", "M", "G", "T"];

/** Three significant digits, without exponents: 0.012, 1.23, 12.3, 123. */
export function significant(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.001) return value < 0 ? "-<0.001" : "<0.001";
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  return value.toFixed(digits);
}

function scaled(value: number, base: number, names: readonly string[]): string {
  const sign = value < 0 ? "-" : "";
  let size = Math.abs(value);
  let step = 0;
  // 1023.6 KiB would print as 1024 KiB: round up into the next unit.
  while (step < names.length - 1 && size >= base - (base === 1024 ? 0.5 : 0.05)) {
    size /= base;
    step += 1;
  }
  const name = names[step] ?? "";
  const text = step === 0 && Number.isInteger(size) ? String(size) : significant(size);
  return `${sign}${text}${name === "" ? "" : name === "B" || base === 1024 ? ` ${name}` : name}`;
}

export function bytes(value: number): string {
  return scaled(value < 1 && value > 0 ? Math.ceil(value) : value < 1024 ? Math.round(value) : value, 1024, kBinary);
}

export function count(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 10000) return String(value);
  return scaled(value, 1000, kDecimal);
}

export function cores(value: number): string {
  if (value !== 0 && value < 0.0005) return "<0.001";
  return value >= 99.95
    ? value.toFixed(0)
    : value >= 9.995
      ? value.toFixed(1)
      : value >= 0.1
        ? value.toFixed(2)
        : value.toFixed(3);
}

/** A part of a whole: 0.0713 is 7.1 %. */
export function percent(value: number): string {
  const hundredfold = value * 100;
  if (hundredfold === 0) return "0 %";
  if (hundredfold < 0.05) return "<0.1 %";
  return `${hundredfold >= 9.95 ? hundredfold.toFixed(0) : hundredfold.toFixed(1)} %`;
}

/** 93784 is 1 d 2 h: the two largest units. */
export function duration(seconds: number): string {
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 1) return seconds === 0 ? "0 s" : seconds < 0.001 ? "<1 ms" : `${Math.round(seconds * 1000)} ms`;
  const parts: [number, string][] = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  let rest = Math.floor(seconds);
  const words: string[] = [];
  for (const [size, name] of parts) {
    const number = Math.floor(rest / size);
    if (number > 0) {
      words.push(`${number} ${name}`);
      rest -= number * size;
    } else if (words.length > 0) {
      break;
    }
    if (words.length === 2) break;
  }
  return words.join(" ");
}

export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return kAbsentText;
  switch (unit) {
    case "bytes":
      return bytes(value);
    case "bytes/s":
      return `${bytes(value)}/s`;
    case "cores":
      return cores(value);
    case "ratio":
      return percent(value);
    case "seconds":
      return duration(value);
    case "count/s":
      return `${count(value)}/s`;
    case "count":
      return count(value);
  }
}

/** The number and its unit word, for large figures with a small unit. */
export function splitValue(value: number | null | undefined, unit: Unit): { number: string; unit: string } {
  const text = formatValue(value, unit);
  const space = text.indexOf(" ");
  if (space < 0) return { number: text, unit: text === kAbsentText ? "" : unit === "cores" ? "cores" : "" };
  return { number: text.slice(0, space), unit: text.slice(space + 1) };
}

/** In words, for screen readers: no abbreviation that is read out oddly. */
export function accessibleText(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "unknown";
  const text = formatValue(value, unit);
  return unit === "cores" ? `${text} cores` : text.replace("/s", " per second").replace(" %", " percent");
}

const two = (n: number): string => String(n).padStart(2, "0");

/** 14:03:59, of the viewer's clock. */
export function clock(seconds: number, withSeconds = true): string {
  const at = new Date(seconds * 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}${withSeconds ? `:${two(at.getSeconds())}` : ""}`;
}

export function day(seconds: number): string {
  const at = new Date(seconds * 1000);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** The clock, with the day where it is not today's. */
export function moment(seconds: number, now: number): string {
  return day(seconds) === day(now) ? clock(seconds) : `${day(seconds)} ${clock(seconds)}`;
}

export function ago(seconds: number, now: number): string {
  const since = now - seconds;
  if (since < 0) return `in ${duration(-since)}`;
  return since < 1 ? "just now" : `${duration(since)} ago`;
}

/** RFC 3339 or a number of seconds, as the API has them. */
export function parseTime(value: string | number | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (value === undefined) return undefined;
  const parsed = Date.parse(value);
  return Number.isNaN(parsed) ? undefined : parsed / 1000;
}
