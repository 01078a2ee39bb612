// The connection to /api/v1/stream: opened, watched and opened again. The browser
// reconnects by itself after a broken connection, not after a refusal, a silent
// one, or a sleep; the watch below does.
import { ApiError, getEvents, getHost } from "./api";
import type { Hello, Live, SampleMessage, WorkloadsMessage } from "./live";
import type { ApiEvent } from "./api";

const kWatchEvery = 1000;
/** Ticks of the watch that are so far apart mean that the browser slept. */
const kSleptAfter = 20_000;
const kMaxWait = 15_000;

export class Stream {
  private source: EventSource | undefined;
  private opened = 0;
  private wait = 1000;
  private lastTick = Date.now();
  private lastMessage = 0;

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
      this.live.hello(message);
      void this.catchUp();
    });
    on<WorkloadsMessage>("workloads", (message) => this.live.workloads(message));
    on<SampleMessage>("sample", (message) => this.live.sample(message));
    on<ApiEvent>("event", (message) => this.live.event(message));
    source.addEventListener("error", () => {
      if (source === this.source) void this.askWhy();
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
    if (slept || silence > timeout || (closed && now - this.opened > this.wait)) {
      if (closed) this.wait = Math.min(2 * this.wait, kMaxWait);
      this.open();
    }
    const late = now - this.live.arrived > 1000 * Math.max(3, 3 * this.live.interval);
    if (late && this.live.status === "live") this.live.setStatus("stale");
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
