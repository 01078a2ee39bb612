import { describe, expect, it } from "vitest";
import {
  ago,
  bytes,
  cores,
  count,
  duration,
  formatValue,
  parseTime,
  percent,
  significant,
  splitValue,
  accessibleText,
} from "../src/model/format";

describe("numbers as people read them", () => {
  it.each([
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [1536, "1.50 KiB"],
    [10240, "10.0 KiB"],
    [1023.7 * 1024, "1.00 MiB"],
    [2 ** 30, "1.00 GiB"],
    [2 ** 63, "8.00 EiB"],
    [0.3, "1 B"],
  ])("%d bytes are %s", (value, text) => expect(bytes(value)).toBe(text));

  it.each([
    [0, "0.000"],
    [0.0001, "<0.001"],
    [0.012, "0.012"],
    [0.987, "0.99"],
    [9.999, "10.0"],
    [128, "128"],
  ])("%d cores are %s", (value, text) => expect(cores(value)).toBe(text));

  it.each([
    [0, "0 %"],
    [0.0001, "<0.1 %"],
    [0.0713, "7.1 %"],
    [0.0999, "10 %"],
    [1, "100 %"],
  ])("%d is %s", (value, text) => expect(percent(value)).toBe(text));

  it.each([
    [0, "0 s"],
    [0.0004, "<1 ms"],
    [0.25, "250 ms"],
    [59.9, "59 s"],
    [61, "1 min 1 s"],
    [3600, "1 h"],
    [93784, "1 d 2 h"],
    [86400 + 30, "1 d"],
    [-5, "-5 s"],
  ])("%d seconds are %s", (value, text) => expect(duration(value)).toBe(text));

  it.each([
    [0, "0"],
    [9999, "9999"],
    [12345, "12.3k"],
    [1.5, "1.50"],
    [2.5e6, "2.50M"],
  ])("%d is %s", (value, text) => expect(count(value)).toBe(text));

  it("keeps three digits without exponents", () => {
    expect(significant(0.00001)).toBe("<0.001");
    expect(significant(0.0123)).toBe("0.012");
    expect(significant(123.4)).toBe("123");
  });

  it("shows what is not known as a dash, never as 0", () => {
    for (const unit of ["bytes", "cores", "ratio", "count", "bytes/s", "seconds"] as const) {
      expect(formatValue(null, unit)).toBe("–");
      expect(formatValue(NaN, unit)).toBe("–");
      expect(formatValue(0, unit)).not.toBe("–");
    }
    expect(accessibleText(null, "bytes")).toBe("unknown");
  });

  it("parts a figure from its unit", () => {
    expect(splitValue(1536, "bytes")).toEqual({ number: "1.50", unit: "KiB" });
    expect(splitValue(2, "cores")).toEqual({ number: "2.00", unit: "cores" });
    expect(splitValue(null, "bytes")).toEqual({ number: "–", unit: "" });
  });

  it("reads times of both forms, and says how long ago", () => {
    expect(parseTime("1970-01-01T00:01:00Z")).toBe(60);
    expect(parseTime(12.5)).toBe(12.5);
    expect(parseTime("soon")).toBeUndefined();
    expect(ago(100, 100.5)).toBe("just now");
    expect(ago(100, 165)).toBe("1 min 5 s ago");
    expect(ago(200, 100)).toBe("in 1 min 40 s"); // clocks differ
  });
});
