// What the compare page draws and how its figures read. Pure.
import { fieldOf, type Compared } from "./fields";
import { bytes, count, formatValue, kAbsentText, percent, significant, type Unit } from "./format";
import { perLimit, perMean, perUnit, summary, type Point } from "./series";
import type { Facts } from "./workload";
import type { Normalise } from "./url_state";

export function limitOf(facts: Facts | undefined, field: string): number | undefined {
  switch (field) {
    case "cpu_cores":
      return facts?.limits?.cpu_cores;
    case "memory_bytes":
    case "working_set_bytes":
      return facts?.limits?.memory_bytes;
    case "pids":
      return facts?.limits?.pids;
    default:
      return undefined;
  }
}

/** Work in bytes is counted in MiB: CPU time for one byte is no figure for people. */
export function workSize(counter: string): { size: number; word: string } {
  return /bytes/.test(counter) ? { size: 1 << 20, word: "MiB" } : { size: 1, word: "unit" };
}

export interface Normalised {
  normalise: Normalise;
  counter: string;
  step: number;
  facts: Facts | undefined;
  /** Mean of the first workload. */
  base: number | undefined;
  work: readonly Point[];
}

export function normalised(points: readonly Point[], field: string, by: Normalised): Point[] {
  switch (by.normalise) {
    case "":
      return points.slice();
    case "limit":
      return perLimit(points, limitOf(by.facts, field));
    case "first":
      return perMean(points, by.base);
    case "unit": {
      const { size } = workSize(by.counter);
      return perUnit(points, by.work, Math.max(by.step, 3)).map(([time, value]) => [time, value * size]);
    }
  }
}

export function meanOf(points: readonly Point[]): number | undefined {
  return summary(points.map(([, value]) => value))?.mean;
}

/** 0.00032 s is 320 µs. */
export function smallSeconds(value: number): string {
  if (value === 0) return "0 s";
  if (value < 0.9995e-6) return `${significant(value * 1e9)} ns`;
  if (value < 0.9995e-3) return `${significant(value * 1e6)} µs`;
  return value < 0.9995 ? `${significant(value * 1e3)} ms` : `${significant(value)} s`;
}

export function comparedText(value: number | null | undefined, field: string, normalise: Normalise): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return kAbsentText;
  const unit: Unit = fieldOf(field).unit;
  switch (normalise) {
    case "":
      return formatValue(value, unit);
    case "limit":
      return percent(value);
    case "first":
      return `${significant(value)}×`;
    case "unit":
      if (unit === "cores") return smallSeconds(value);
      if (unit === "bytes" || unit === "bytes/s") return bytes(value);
      return unit === "ratio" ? percent(value) : count(value);
  }
}

export function comparedTitle(compared: Compared, normalise: Normalise, counter: string): string {
  switch (normalise) {
    case "":
      return compared.title;
    case "limit":
      return `${compared.title}, share of the limit`;
    case "first":
      return `${compared.title}, relative to the first`;
    case "unit": {
      const { word } = workSize(counter);
      const gauge = ["working_set_bytes", "pids", "psi_cpu", "psi_io"].includes(compared.field);
      return `${compared.field === "cpu_cores" ? "CPU time" : compared.title} per ${word}${gauge ? " a second" : ""}`;
    }
  }
}
