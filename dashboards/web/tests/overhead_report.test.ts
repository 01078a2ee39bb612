import { describe, expect, it } from "vitest";
import measured from "../mock/overhead_sample.json";
import {
  chaptersOf,
  measuresCpu,
  median,
  reasonOf,
  reportOf,
  tally,
  type Group,
  type Report,
} from "../src/model/overhead_report";
import {
  changeText,
  exportRows,
  intervalText,
  kExportHeader,
  noiseText,
  scaleOf,
  accessibleOutcome,
  timeText,
  withoutNumber,
} from "../src/model/overhead_words";

const read = (answer: unknown): Report => {
  const report = reportOf(answer);
  if (report === undefined) throw new Error("no report");
  return report;
};
const report = read(measured);
const groupOf = (workload: string, of = report): Group => {
  const group = of.groups.find((one) => one.workload === workload);
  if (group === undefined) throw new Error(`no group ${workload}`);
  return group;
};
const rowOf = (group: Group, label: string) => group.rows.find((row) => row.label === label);

/** A report of one workload with one place, with what is to be tried. */
const small = (result: object, more: object = {}): Report =>
  read({
    run: "r",
    baseline: "bare",
    results: [
      {
        workload: "integer",
        operation: "1000 steps",
        label: "docker",
        rounds: 10,
        wall_ns: 105,
        baseline_wall_ns: 100,
        wall: null,
        cpu: null,
        ...result,
      },
    ],
    ...more,
  });
const differing = (low: number, ratio: number, high: number, floor = 1.01) => ({
  differs: true,
  interval: [low, high],
  p_corrected: 0.001,
  noise_floor: floor,
  ratio,
});
const alike = (low: number, high: number, floor = 1.01) => ({
  differs: false,
  interval: [low, high],
  p_corrected: 1,
  noise_floor: floor,
});

describe("a report as a machine gave it", () => {
  it("has its facts, remarks and what did not run", () => {
    expect(report).toMatchObject({
      run: "20261124-175459-6c8e",
      extent: "quick",
      baseline: "bare",
      rounds: 10,
      durationNs: 20_000_000,
      unmeasured: [],
    });
    expect(report.remarks[0]).toBe("The machine was busy when the run began: load 1.47 on 2 CPUs.");
    expect(report.leftOut.map((mode) => mode.name)).toEqual(["docker", "docker-published"]);
    expect(report.leftOut[0]?.reason).toMatch(/Cannot connect to the Docker daemon/);
    expect(report.facts).toContainEqual(["podman", "4.3.1"]);
    expect(report.clocks.map(([mode, ratio]) => [mode, ratio.toFixed(3)])).toEqual([
      ["cgroup", "1.008"],
      ["overlay", "1.010"],
      ["lxc", "1.007"],
    ]);
  });
  it("says what the program's own table says", () => {
    const start = groupOf("start");
    const podman = rowOf(start, "podman");
    expect(`${timeText(start.baseline.wall ?? 0)} per ${start.operation}; noise ${noiseText(start.floor.wall)}`).toBe(
      "5.56 ms per start; noise 39.1 %",
    );
    expect([
      changeText(podman?.outcome.wall?.ratio ?? 0),
      podman?.outcome.wall && intervalText(podman.outcome.wall),
      timeText(podman?.time.wall ?? 0),
    ]).toEqual(["x 49", "x 37 .. 63", "281 ms"]);
    expect(noiseText(groupOf("small-files").floor.cpu)).toBe("x 2.2");
  });
  it("has CPU times from the samples, and none of a start", () => {
    const copyUp = groupOf("copy-up-4k");
    expect(copyUp.baseline.cpu).toBeGreaterThan(0);
    expect(copyUp.baseline.cpu).toBeLessThan((copyUp.baseline.wall ?? 0) * 1.5);
    const overlay = rowOf(copyUp, "overlay");
    expect(changeText(overlay?.outcome.cpu?.ratio ?? 0)).toBe("x 24");
    expect((overlay?.time.cpu ?? 0) / (copyUp.baseline.cpu ?? 1)).toBeGreaterThan(15);
    expect(measuresCpu(groupOf("start"))).toBe(false);
    expect(measuresCpu(copyUp)).toBe(true);
  });
  it("has a group of which only the control was measured", () => {
    const tcp = groupOf("tcp-latency");
    expect(tcp).toMatchObject({ operation: "round trip", rows: [] });
    expect(timeText(tcp.baseline.wall ?? 0)).toBe("25.3 µs");
    expect(noiseText(tcp.floor.wall)).toBe("22.7 %");
    expect(scaleOf(tcp, "wall").logarithmic).toBe(false);
  });
  it("has the control apart from the places", () => {
    expect(report.groups.flatMap((group) => group.rows.map((row) => row.label))).not.toContain("control");
    expect(groupOf("integer").control.wall?.high).toBeCloseTo(1.0334, 4);
  });
  it("has the control of CPU time where the report does", () => {
    expect(groupOf("integer").control.cpu).toBeUndefined();
    const withControl = read({
      ...measured,
      results: measured.results.map((result) =>
        result.label === "control" ? { ...result, cpu: { interval: [0.98, 1.03] } } : result,
      ),
    });
    const group = groupOf("tcp-latency", withControl);
    expect(group.control.cpu).toEqual({ low: 0.98, high: 1.03 });
    expect(noiseText(group.floor.cpu)).toBe("3.0 %");
  });
  it("counts the differences", () => {
    const all = measured.results.filter((result) => result.label !== "control");
    expect(tally(report, "wall")).toEqual({
      compared: all.length,
      differing: all.filter((result) => "differs" in result.wall && result.wall.differs).length,
    });
    expect(tally(report, "cpu").compared).toBe(all.filter((result) => result.cpu !== null).length);
  });
  it("is shown by chapters in their order", () => {
    expect(chaptersOf(report).map((one) => [one.title, one.groups.length])).toEqual([
      ["Processor and kernel", 1],
      ["Start", 1],
      ["Files", 2],
      ["First write to a file of a lower layer", 1],
      ["Network", 1],
    ]);
  });
});

describe("what is not there", () => {
  const cells = (reason: string) => ({
    cells: [{ workload: "integer", mode: "docker", label: "docker", reason, samples: [] }],
  });
  it("has the cell's reason, else the mode's, else how few rounds there were", () => {
    const modes = { modes: [{ name: "docker", what: "docker run", reason: "no daemon", cgroups: [] }] };
    const reason = (one: Report, quantity: "wall" | "cpu" = "wall"): string =>
      reasonOf(one.groups[0]!.rows[0]!, quantity);
    expect(reason(small({}, { ...cells("it broke"), ...modes }))).toBe("it broke");
    expect(reason(small({}, { ...cells(""), ...modes }))).toBe("no daemon");
    expect(reason(small({ rounds: 3 }))).toBe("only 3 rounds");
    expect(reason(small({ rounds: 1 }))).toBe("only 1 round");
    expect(reason(small({ wall: alike(0.9, 1.1) }), "cpu")).toBe("its CPU time was not measured");
  });
  it("names workloads without any comparison", () => {
    const without = read({
      run: "r",
      results: [],
      cells: [
        { workload: "nginx", mode: "bare", label: "bare", reason: "nginx is not installed", samples: [] },
        { workload: "read", mode: "bare", label: "bare", reason: "", samples: [] },
      ],
    });
    expect(without.unmeasured).toEqual([
      { workload: "nginx", reason: "nginx is not installed" },
      { workload: "read", reason: "too few rounds to compare" },
    ]);
  });
  it.each([null, 1, "x", [], {}, { run: "r" }, { results: [] }, { run: 5, results: [] }])("%j is no report", (answer) =>
    expect(reportOf(answer)).toBeUndefined(),
  );
  it("leaves out what is no figure, and keeps the rest", () => {
    const outcome = (wall: unknown) => small({ wall }).groups[0]?.rows[0]?.outcome.wall;
    expect(outcome({ differs: true, interval: [1.1, 1.2] }), "a difference without its ratio").toBeUndefined();
    for (const interval of [[1.2, 1.1], [0, 1], [1], "1", [null, 2], ["1", "2"]])
      expect(outcome({ differs: false, interval }), JSON.stringify(interval)).toBeUndefined();
    expect(outcome({ differs: "no", interval: [1, 2] })).toBeUndefined();
    expect(
      outcome({ differs: false, interval: [0.9, 1.1], ratio: 1.05 })?.ratio,
      "no number where there is no difference",
    ).toBeUndefined();
    const odd = read({
      run: "r",
      results: [5, null, { label: "x" }, { workload: "new-one", label: "y", wall: alike(0.9, 1.1, 0.5) }],
      remarks: [1, "busy"],
      facts: { a: 1 },
      cells: "no",
      modes: 3,
      cgroup_cpu_over_own: { a: "x", b: 1.5 },
    });
    expect(odd.groups.map((group) => [group.workload, group.chapter, group.operation, group.floor.wall])).toEqual([
      ["new-one", "Other", "operation", undefined],
    ]);
    expect([odd.remarks, odd.facts, odd.clocks, odd.baseline]).toEqual([["busy"], [["a", ""]], [["b", 1.5]], "bare"]);
    expect(noiseText(odd.groups[0]?.floor.wall)).toBe("unknown");
  });
});

describe("a busy machine", () => {
  const busy = small(
    { wall: { ...alike(1.5, 4), unclear: true } },
    { summary: ["A Docker container here: computing: cannot tell, because this machine is busy.", 5] },
  );
  it("has no number, and says why", () => {
    const outcome = busy.groups[0]!.rows[0]!.outcome.wall!;
    expect(withoutNumber(outcome)).toBe("cannot tell: this machine was busy");
    expect(accessibleOutcome(outcome, 281e6)).toBe("cannot tell: this machine was busy");
    expect(exportRows(busy, "wall")[0]?.[kExportHeader.indexOf("differs")]).toBe("unclear");
    expect(tally(busy, "wall")).toEqual({ compared: 1, differing: 0 });
  });
  it("is said in the summary, which older reports do not have", () => {
    expect(busy.summary).toEqual(["A Docker container here: computing: cannot tell, because this machine is busy."]);
    expect(report.summary).toEqual([]);
  });
});

describe("words", () => {
  it.each([
    [1.052, "+5.2 %"],
    [0.948, "-5.2 %"],
    [1.1234, "+12 %"],
    [1.99, "+99 %"],
    [2, "x 2.0"],
    [9.9, "x 9.9"],
    [49.12, "x 49"],
    [0.5, "-50 %"],
    [0.0137, "x 0.01"],
    [1, "+0.0 %"],
  ])("a ratio of %d is %s", (ratio, text) => expect(changeText(ratio)).toBe(text));
  it.each([
    [1.041, 1.063, "+4.1 .. +6.3 %"],
    [1.5, 2.5, "x 1.5 .. 2.5"],
    [0.9, 1.2, "-10 .. +20 %"],
  ])("%d to %d is %s", (low, high, text) => expect(intervalText({ low, high })).toBe(text));
  it.each([
    [1.004, "0.4 %"],
    [1, "0.0 %"],
    [2.2, "x 2.2"],
    [undefined, "unknown"],
  ])("noise of %d is %s", (floor, text) => expect(noiseText(floor)).toBe(text));
  it.each([
    [2.144, "2.14 ns"],
    [999.9, "1.00 µs"],
    [5189.55, "5.19 µs"],
    [93400, "93.4 µs"],
    [281287701, "281 ms"],
    [2.5e9, "2.50 s"],
  ])("%d ns are %s", (ns, text) => expect(timeText(ns)).toBe(text));
  it("are read out without signs", () => {
    const textOf = (wall: object) => accessibleOutcome(small({ wall }).groups[0]!.rows[0]!.outcome.wall!, 281e6);
    expect(textOf(differing(37, 49, 63))).toBe("49 times, 95 percent interval 37 times to 63 times, 281 ms");
    expect(textOf(differing(1.041, 1.052, 1.063))).toBe(
      "5.2 percent more, 95 percent interval 4.1 percent more to 6.3 percent more, 281 ms",
    );
    expect(textOf(differing(0.4, 0.6, 0.8))).toBe(
      "40 percent less, 95 percent interval 0.40 times to 0.80 times, 281 ms",
    );
    expect(textOf(alike(0.9, 1.1))).toBe("no measurable difference");
  });
  it("takes the middle of an even number", () =>
    expect([median([4, 1, 3, 2]), median([5]), median([])]).toEqual([2.5, 5, undefined]));
});

describe("the scale", () => {
  const scale = (wall: object, quantity: "wall" | "cpu" = "wall") => scaleOf(small({ wall }).groups[0]!, quantity);
  it("is linear up to twice, logarithmic beyond and below half", () => {
    expect(scale(differing(1.5, 1.8, 2)).logarithmic).toBe(false);
    expect(scale(differing(1.5, 1.8, 2.01)).logarithmic).toBe(true);
    expect(scale(differing(0.5, 0.6, 0.7)).logarithmic).toBe(false);
    expect(scale(differing(0.49, 0.6, 0.7)).logarithmic).toBe(true);
    expect(scale(alike(0.99, 1.01, 2.2)).logarithmic, "the band is drawn too").toBe(true);
    expect(scale(differing(40, 49, 63), "cpu").logarithmic, "of the quantity that is shown").toBe(false);
  });
  it.each([
    [differing(0.01, 0.012, 0.014)],
    [differing(155, 168, 314)],
    [alike(0.997, 1.002)],
    [alike(0.7, 1.6, 1.3)],
    [differing(1.9, 2.1, 2.3)],
  ])("%j lies on it, 1 as well, and ticks have room", (wall) => {
    const { at, ticks } = scale(wall);
    const marks = [Math.min(...wall.interval, 1), 1, Math.max(...wall.interval, 1)].map(at);
    expect(marks).toEqual([...marks].sort((a, b) => a - b));
    for (const mark of [...marks, at(wall.noise_floor), at(1 / wall.noise_floor)]) {
      expect(mark).toBeGreaterThan(0);
      expect(mark).toBeLessThan(1);
    }
    expect(ticks.find((tick) => tick.text === "1")?.at).toBeCloseTo(at(1), 9);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThan(8);
    ticks.slice(1).forEach((tick, i) => expect(tick.at - ticks[i]!.at).toBeGreaterThan(0.199));
  });
  it("has a size of its own where all is alike", () => {
    const { at, ticks } = scale(alike(0.999, 1.001, 1.001));
    expect(ticks.map((tick) => tick.text)).toEqual(["-5 %", "1", "+5 %"]);
    expect(at(1.001) - at(0.999)).toBeLessThan(0.05);
  });
  it("has powers of ten where it is long", () =>
    expect(scale(differing(155, 168, 314)).ticks.map((tick) => tick.text)).toEqual(["1", "x 10", "x 100"]));
});

describe("the export", () => {
  const as = (one: Report, quantity: "wall" | "cpu") =>
    exportRows(one, quantity).map((row) => Object.fromEntries(kExportHeader.map((name, i) => [name, row[i]])));
  it("has a line for each place, and no number to quote without a difference", () => {
    const lines = as(report, "wall");
    expect(lines.length).toBe(report.groups.reduce((sum, group) => sum + group.rows.length, 0));
    expect(lines.find((line) => line["workload"] === "start" && line["label"] === "podman")).toMatchObject({
      differs: "true",
      operation: "start",
      rounds: 10,
      time_ns: 281287701,
    });
    const same = lines.find((line) => line["workload"] === "integer" && line["label"] === "cgroup");
    expect(same).toMatchObject({ differs: "false", quantity: "wall", ratio: undefined, time_ns: undefined });
    expect(same?.["interval_high"]).toBeCloseTo(1.1325, 4);
  });
  it("says why there is nothing", () =>
    expect(as(small({ rounds: 2 }), "wall")[0]).toMatchObject({ reason: "only 2 rounds", differs: undefined }));
});
