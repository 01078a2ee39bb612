import { describe, expect, it } from "vitest";
import { promql, samplesOf } from "../src/model/prometheus";

const text = [
  "# HELP container_cpu_usage_seconds_total CPU",
  "# TYPE container_cpu_usage_seconds_total counter",
  'container_cpu_usage_seconds_total{id="/a",workload="quote\\"back\\\\slash\\nline, {x}"} 12.5',
  "container_cpu_usage_seconds_total_extra 1",
  "container_cpu_usage_seconds 7",
  'hist_bucket{le="0.5"} 3',
  'hist_bucket{le="+Inf"} 4',
  "hist_sum 1.5",
  "hist_count 4",
  'container_cpu_usage_seconds_total{broken="x',
  "",
].join("\n");

describe("the text format", () => {
  it("finds one family and undoes the escapes", () => {
    expect(samplesOf(text, "container_cpu_usage_seconds_total", 10)).toEqual({
      total: 1,
      samples: [
        {
          name: "container_cpu_usage_seconds_total",
          labels: { id: "/a", workload: 'quote"back\\slash\nline, {x}' },
          value: "12.5",
        },
      ],
    });
  });
  it("counts what it does not keep", () =>
    expect(samplesOf(text, "hist", 1)).toMatchObject({ total: 4, samples: [{ labels: { le: "0.5" } }] }));
});

describe("PromQL to copy", () => {
  it("is what one would ask of the type", () => {
    expect(promql("a_total", "counter")).toBe("rate(a_total[5m])");
    expect(promql("a", "gauge", { workload: 'x"\\\n' })).toBe('a{workload="x\\"\\\\\\n"}');
    expect(promql("a_seconds", "histogram")).toBe("histogram_quantile(0.95, sum by (le) (rate(a_seconds_bucket[5m])))");
  });
});
