// The connection to /api/v1/stream: opened, watched and opened again. The browser
// reconnects by itself after a broken connection, not after a refusal, a silent
// one, or a sleep; the watch below does.
import { ApiError, getEvents, getHost } from "./api";
import type { Hello, Live, SampleMessage, WorkloadsMessage } from "./live";
import { parseTime } from "../model/format";
import type { ApiEvent } from "./api";

const kWatchEvery = 1000;
/** Ticks of the watch that are so far apart mean that the browser slept. */
const kSleptAfter = 20_000;
const kMaxWait = 15_000;
/** While no samples come, the agent is asked this often whether it has any. */
const kProbeEvery = 3000;

export class Stream {
  private source: EventSource | undefined;
  private opened = 0;
  private wait = 1000;
  private lastTick = Date.now();
  private lastMessage = 0;
  private probing = false;
  private probed = 0;

  constructor(private readonly live: Live) {}

  start(): void {
    this.open();
    setInterval(() => this.watch(), kWatchEvery);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      this.watch();
      this.live.changed();
    });
    window.addEventListener("online", () => this.open());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.open();
    });
  }

  /** Now, whatever the state of the present connection. */
  open(): void {
    this.source?.close();
    this.opened = Date.now();
    const source = new EventSource("api/v1/stream");
    this.source = source;
    const on = <T>(type: string, take: (message: T) => void): void => {
      source.addEventListener(type, (event: MessageEvent<string>) => {
        if (source !== this.source) return;
        this.lastMessage = Date.now();
        const message = parsed<T>(event.data);
        if (message !== undefined) take(message);
      });
    };
    on<Hello>("hello", (message) => {
      this.wait = 1000;
      this.live.connected = true;
      this.live.hello(message);
      void this.catchUp();
    });
    on<WorkloadsMessage>("workloads", (message) => this.live.workloads(message));
    on<SampleMessage>("sample", (message) => this.live.sample(message));
    on<ApiEvent>("event", (message) => this.live.event(message));
    source.addEventListener("error", () => {
      if (source !== this.source) return;
      this.live.connected = false;
      if (this.live.status === "late") this.live.setStatus("stale");
      void this.askWhy();
    });
  }

  // Events between two connections, and those before the first.
  private async catchUp(): Promise<void> {
    try {
      const answer = await getEvents(this.live.events.newest(), 1000);
      // A lower newest number than ours: the agent was restarted.
      if (answer.newest !== undefined && answer.newest < this.live.events.newest()) {
        this.live.events.clear();
        this.live.events.add((await getEvents(0, 1000)).events);
      } else {
        this.live.events.add(answer.events);
      }
      this.live.changed();
    } catch {
      // The stream's own events go on; the Events page says when it can't load.
    }
  }

  // An EventSource does not say why it failed; a plain question does.
  private async askWhy(): Promise<void> {
    try {
      await getHost();
    } catch (error) {
      if (error instanceof ApiError && error.kind === "denied") this.live.setStatus("denied");
    }
  }

  private isLate(): boolean {
    return Date.now() - this.live.arrived > 1000 * Math.max(3, 3 * this.live.interval);
  }

  /**
   * Samples stay away though the stream is open: the agent has no newer one itself, or what it
   * sends does not arrive. A question beside the stream tells the two apart.
   */
  private async probe(): Promise<void> {
    if (this.probing || Date.now() - this.probed < kProbeEvery || this.live.arrived === 0) return;
    this.probing = true;
    try {
      const newest = parseTime((await getHost()).time);
      if (!this.isLate() || !this.live.connected) return;
      const hasNewer = newest === undefined || newest > this.live.time + this.live.interval / 2;
      this.live.setStatus(hasNewer ? "stale" : "late");
    } catch (error) {
      if (!this.isLate()) return;
      this.live.setStatus(error instanceof ApiError && error.kind === "denied" ? "denied" : "stale");
    } finally {
      this.probing = false;
      this.probed = Date.now();
    }
  }

  private watch(): void {
    const now = Date.now();
    const slept = now - this.lastTick > kSleptAfter;
    // The browser's clock was set back: what lies after now would count as fresh for as long.
    if (now < this.lastTick) {
      this.opened = Math.min(this.opened, now);
      this.lastMessage = Math.min(this.lastMessage, now);
      this.live.arrived = Math.min(this.live.arrived, now);
    }
    this.lastTick = now;
    const silence = now - Math.max(this.lastMessage, this.opened);
    const timeout = Math.max(10_000, 5000 * this.live.interval);
    const closed = this.source?.readyState === EventSource.CLOSED;
    // A stream of an agent that is late is silent, and as good as another one.
    const silent = silence > timeout && this.live.status !== "late";
    if (slept || silent || (closed && now - this.opened > this.wait)) {
      if (closed) this.wait = Math.min(2 * this.wait, kMaxWait);
      this.open();
    }
    if (this.isLate() && this.live.status === "live") this.live.setStatus("stale");
    if (this.isLate() && this.live.connected) void this.probe();
    if (this.live.status !== "live") this.live.changed(); // its age counts on
  }
}

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined; // one broken message costs no other
  }
}
