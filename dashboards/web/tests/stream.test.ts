import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Live } from "../src/data/live";
import { Stream } from "../src/data/stream";

/** What the page holds open, and what it is sent. */
class Source {
  static all: Source[] = [];
  static readonly CLOSED = 2;
  readyState = 1;
  private readonly takers = new Map<string, (event: { data: string }) => void>();
  constructor() {
    Source.all.push(this);
  }
  addEventListener(type: string, take: (event: { data: string }) => void): void {
    this.takers.set(type, take);
  }
  send(type: string, data: unknown = {}): void {
    this.takers.get(type)?.({ data: JSON.stringify(data) });
  }
  close(): void {
    this.readyState = 2;
  }
}

describe("without samples", () => {
  let live: Live;
  let hostTime: number | undefined; // of the agent's newest sample; undefined: no answer

  beforeEach(async () => {
    vi.useFakeTimers({ now: 1_000_000_000 });
    Source.all = [];
    vi.stubGlobal("EventSource", Source);
    vi.stubGlobal("document", { hidden: true, addEventListener: () => undefined });
    vi.stubGlobal("window", { addEventListener: () => undefined });
    vi.stubGlobal("fetch", (path: string) => {
      if (hostTime === undefined) return Promise.reject(new TypeError("unreachable"));
      const answer = path.includes("events") ? { events: [] } : { time: hostTime };
      return Promise.resolve(new Response(JSON.stringify(answer)));
    });
    hostTime = 50;
    live = new Live();
    new Stream(live).start();
    Source.all[0]?.send("hello", { interval_seconds: 1, time: 50 });
    Source.all[0]?.send("sample", { time: 50, fields: [], rows: [] });
    await vi.advanceTimersByTimeAsync(1);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("the agent is late while its own newest one is ours: the stream stays", async () => {
    expect(live.status).toBe("live");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(live.status).toBe("late");
    expect(Source.all).toHaveLength(1);
    Source.all[0]?.send("sample", { time: 110, fields: [], rows: [] });
    expect(live.status).toBe("live");
  });
  it("the stream is broken when the agent has newer ones: it is opened again", async () => {
    hostTime = 60;
    await vi.advanceTimersByTimeAsync(9000);
    expect(live.status).toBe("stale");
    await vi.advanceTimersByTimeAsync(4000);
    expect(Source.all).toHaveLength(2);
  });
  it("the connection is lost when nobody answers: it is opened again", async () => {
    hostTime = undefined;
    await vi.advanceTimersByTimeAsync(13_000);
    expect(live.status).toBe("stale");
    expect(Source.all.length).toBeGreaterThan(1);
  });
  it("a late agent whose connection breaks is lost", async () => {
    await vi.advanceTimersByTimeAsync(6000);
    expect(live.status).toBe("late");
    Source.all[0]?.send("error");
    expect([live.status, live.connected]).toEqual(["stale", false]);
  });
  it("an agent that was late, and has newer ones that do not come, has a broken stream", async () => {
    await vi.advanceTimersByTimeAsync(20_000);
    expect(live.status).toBe("late");
    hostTime = 70;
    await vi.advanceTimersByTimeAsync(6000);
    expect(Source.all).toHaveLength(2);
  });
});
