import { afterEach, describe, expect, it, vi } from "vitest";
import { askHistory } from "../src/hooks/use_series";

const question = { metrics: ["cpu_cores"], from: -60, step: 1 };
const signal = new AbortController().signal;

/** An agent whose history has these; 404 for a question about any other. */
function agentWith(...known: string[]): string[][] {
  const asked: string[][] = [];
  vi.stubGlobal("fetch", (path: string) => {
    const wanted = new URLSearchParams(path.split("?")[1]).getAll("workload");
    asked.push(wanted);
    if (wanted.includes("/broken")) return Promise.resolve(new Response("", { status: 500 }));
    if (!wanted.every((id) => known.includes(id)))
      return Promise.resolve(new Response('{"error":"none"}', { status: 404 }));
    return Promise.resolve(
      Response.json({
        from: 0,
        to: 60,
        step: 1,
        series: wanted.map((workload) => ({ workload, metric: "cpu_cores", points: [[1, 1]] })),
      }),
    );
  });
  return asked;
}
const workloads = (answers: Awaited<ReturnType<typeof askHistory>>): string[] =>
  answers.flatMap((one) => one.series.map((series) => series.workload));

describe("the history of some workloads", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is one question about those that run", async () => {
    const asked = agentWith("/a", "/b");
    expect(workloads(await askHistory(["/a", "/b"], [], question, signal))).toEqual(["/a", "/b"]);
    expect(asked).toEqual([["/a", "/b"]]);
  });
  it("has nothing of one that nobody knows, and all of the others", async () => {
    agentWith("/a", "/ended");
    expect(workloads(await askHistory(["/a"], ["/never", "/ended"], question, signal))).toEqual(["/a", "/ended"]);
  });
  it("is an error when the agent fails", async () => {
    agentWith("/a");
    await expect(askHistory(["/a"], ["/broken"], question, signal)).rejects.toThrow("The agent failed (500).");
  });
});
