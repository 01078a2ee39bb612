// The last samples of one workload, for sparklines and for its condition: a
// ring of fixed size, so that a page that is open for a week holds no more than at first.

/** Two minutes at one sample a second. */
export const kRecentSamples = 120;

export class RecentSamples {
  /** Values of the newest sample, by the position of the stream's fields. */
  last: (number | null)[] = [];
  /** When the newest sample was taken, in seconds since the epoch; 0 before the first. */
  lastTime = 0;
  private readonly times = new Float64Array(kRecentSamples);
  private readonly columns: Float32Array[] = [];
  private next = 0;
  private used = 0;

  push(time: number, values: (number | null)[]): void {
    // The agent's clock was set back: what lies after now never was.
    while (this.used > 0 && (this.times[this.newest()] ?? 0) >= time) {
      this.next = this.newest();
      this.used -= 1;
    }
    this.times[this.next] = time;
    for (let i = 0; i < values.length; i += 1) this.column(i)[this.next] = values[i] ?? NaN;
    this.next = (this.next + 1) % kRecentSamples;
    this.used = Math.min(this.used + 1, kRecentSamples);
    this.last = values;
    this.lastTime = time;
  }

  /**
   * What the agent's history has: older points in front, where there is room, and what
   * the first sample of a connection lacks, which has no rates.
   */
  prepend(points: Map<number, (number | null)[]>): void {
    const oldest =
      this.used > 0 ? (this.times[(this.next - this.used + kRecentSamples) % kRecentSamples] ?? 0) : Infinity;
    const room = kRecentSamples - this.used;
    const older = [...points.entries()].filter(([time]) => time < Math.floor(oldest)).sort((a, b) => a[0] - b[0]);
    for (const [time, values] of older.slice(-room).reverse()) {
      const at = (this.next - this.used - 1 + 2 * kRecentSamples) % kRecentSamples;
      this.times[at] = time;
      for (let i = 0; i < values.length; i += 1) this.column(i)[at] = values[i] ?? NaN;
      this.used += 1;
    }
    for (let i = 0; i < this.used; i += 1) {
      const at = (this.next - 1 - i + 2 * kRecentSamples) % kRecentSamples;
      const point = points.get(Math.floor(this.times[at] ?? 0));
      point?.forEach((value, column) => {
        if (value !== null && Number.isNaN(this.column(column)[at])) this.column(column)[at] = value;
      });
    }
  }

  get size(): number {
    return this.used;
  }

  value(column: number): number | null {
    return this.last[column] ?? null;
  }

  /** Calls for each sample of a column, oldest first; a gap is NaN. */
  each(column: number, visit: (time: number, value: number) => void): void {
    const values = this.columns[column];
    for (let i = 0; i < this.used; i += 1) {
      const at = (this.next - this.used + i + kRecentSamples) % kRecentSamples;
      visit(this.times[at] ?? 0, values?.[at] ?? NaN);
    }
  }

  private newest(): number {
    return (this.next - 1 + kRecentSamples) % kRecentSamples;
  }

  private column(index: number): Float32Array {
    return (this.columns[index] ??= new Float32Array(kRecentSamples).fill(NaN));
  }
}
