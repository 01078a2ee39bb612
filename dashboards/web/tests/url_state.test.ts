import { describe, expect, it } from "vitest";
import {
  kCompare,
  kDefaultRange,
  kEvents,
  kMetrics,
  kOverhead,
  kOverview,
  parseView,
  viewHash,
  workloadView,
  type ViewState,
} from "../src/model/url_state";

const hostile = '"><script>alert(1)</script>&x=1#\u202e😀 +%00';

describe("every view is a link", () => {
  const views: ViewState[] = [
    kOverview,
    {
      ...kOverview,
      text: hostile,
      kind: "pod",
      runtime: "docker",
      project: "a&b",
      pod: "n/p",
      only: true,
      group: "project",
      open: ["", "farm", hostile],
      frames: true,
      sort: "memory",
      descending: false,
    },
    { ...kOverview, sort: "name", descending: false },
    { ...kOverview, sort: "name", descending: true },
    { ...kOverview, sort: "cpu" },
    { ...kOverview, sort: "limit", descending: false },
    workloadView("/docker/abc"),
    workloadView(`/x/${hostile}`, { last: 3600 }),
    workloadView("/x", { from: 1700000000.25, to: 1700000600 }),
    {
      ...kCompare,
      ids: ["/a", "process:b", hostile],
      normalise: "unit",
      counter: "net_tx_bytes",
      range: { last: 120 },
    },
    { ...kEvents, text: "x y", type: "died", kind: "container", id: "/a" },
    kOverhead,
    { ...kOverhead, run: "20261124-101500-3f2a", quantity: "cpu" },
    { ...kOverhead, run: hostile },
    { ...kMetrics, text: "cpu", collector: "cpu", name: "container_cpu_usage_seconds_total" },
  ];
  it.each(views.map((view) => [viewHash(view), view] as const))("%s", (hash, view) =>
    expect(parseView(hash)).toEqual(view),
  );

  it("is short where nothing is asked for", () => {
    expect(viewHash(kOverview)).toBe("#/overview");
    expect(viewHash(kOverhead)).toBe("#/overhead");
    expect(viewHash({ ...kOverhead, run: "r-1", quantity: "cpu" })).toBe("#/overhead?run=r-1&quantity=cpu");
    expect(viewHash(workloadView("/a"))).toBe("#/workload?id=%2Fa");
  });
  it("takes a name of 4 KiB", () => {
    const view = workloadView("/" + "x".repeat(4095));
    expect(parseView(viewHash(view))).toEqual(view);
  });
  it.each(["", "#", "#/", "#/nothing", "#/overview?sort=evil&group=x&order=up", "#/overview?%", "#/overview?=&&"])(
    "reads %s as the overview",
    (hash) => {
      expect(parseView(hash)).toMatchObject({ page: "overview", sort: "status", group: "" });
    },
  );
  it.each(["from=abc", "from=100&to=100", "from=200&to=100", "from=Infinity&to=1", "from=NaN", "to=5", "from=5"])(
    "falls back from the range %s",
    (query) => {
      expect(parseView(`#/workload?id=/a&${query}`)).toMatchObject({ range: kDefaultRange });
    },
  );
  it.each(["", "?quantity=", "?quantity=energy", "?quantity=WALL&x=1"])(
    "shows wall time where a link to the overhead says %s",
    (query) => {
      expect(parseView(`#/overhead${query}`)).toEqual(kOverhead);
    },
  );
  it("bounds what is absurd", () => {
    expect(parseView("#/workload?id=/a&from=-1e12")).toMatchObject({ range: { last: 366 * 86400 } });
    expect(parseView("#/compare?" + "id=a&id=b&id=c&id=d&id=e&id=f&id=g&id=a")).toMatchObject({
      ids: ["a", "b", "c", "d", "e", "f"],
    });
  });
});
