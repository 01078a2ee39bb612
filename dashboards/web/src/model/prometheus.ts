// The text format, as far as the agent's own /metrics writes it, and PromQL to copy. Pure.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: string;
}

/** The samples of one family, at most `most` of them, and how many there are. */
export function samplesOf(text: string, family: string, most: number): { samples: Sample[]; total: number } {
  const samples: Sample[] = [];
  let total = 0;
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf("\n", at);
    if (end < 0) end = text.length;
    if (text.startsWith(family, at) && text[at] !== "#") {
      const line = text.slice(at, end);
      const sample = parseSample(line);
      if (sample && isOf(sample.name, family)) {
        total += 1;
        if (samples.length < most) samples.push(sample);
      }
    }
    at = end + 1;
  }
  return { samples, total };
}

function isOf(name: string, family: string): boolean {
  return name === family || ["_bucket", "_sum", "_count"].some((suffix) => name === family + suffix);
}

function parseSample(line: string): Sample | undefined {
  const labels: Record<string, string> = {};
  const brace = line.indexOf("{");
  if (brace < 0) {
    const space = line.indexOf(" ");
    return space < 0 ? undefined : { name: line.slice(0, space), labels, value: word(line.slice(space + 1)) };
  }
  const name = line.slice(0, brace);
  const label = /([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)",?/y;
  label.lastIndex = brace + 1;
  let found: RegExpExecArray | null;
  let end = brace + 1;
  while ((found = label.exec(line)) !== null) {
    labels[found[1] ?? ""] = unescaped(found[2] ?? "");
    end = label.lastIndex;
  }
  return line[end] === "}" ? { name, labels, value: word(line.slice(end + 1)) } : undefined;
}

function word(text: string): string {
  return text.trim().split(" ")[0] ?? "";
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** What one would most likely ask of a metric. */
export function promql(name: string, type: string, matchers: Record<string, string> = {}): string {
  const inner = Object.entries(matchers).map(([label, value]) => `${label}=${quoted(value)}`);
  const selector = inner.length > 0 ? `{${inner.join(",")}}` : "";
  if (type === "histogram") return `histogram_quantile(0.95, sum by (le) (rate(${name}_bucket${selector}[5m])))`;
  return type === "counter" ? `rate(${name}${selector}[5m])` : `${name}${selector}`;
}
