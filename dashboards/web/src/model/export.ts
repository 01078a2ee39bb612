// Tables as files. Pure.

export type Cell = string | number | null | undefined;

// A spreadsheet takes a cell that begins so for a formula: a name must not run one.
const kFormula = /^[=+\-@\t\r]/;

function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number") return Number.isFinite(cell) ? String(cell) : "";
  const safe = kFormula.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180, with a header line. */
export function toCsv(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

/** One object a row; what is not known is left out, as in the agent's own answers. */
export function toJson(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const objects = rows.map((row): Record<string, Cell> => {
    const cells = header.map((name, i): [string, Cell] => [name, row[i]]);
    return Object.fromEntries(cells.filter(([, value]) => value !== null && value !== undefined));
  });
  return JSON.stringify(objects, null, 2) + "\n";
}
