// Files to the person's disk.
import { toCsv, toJson, type Cell } from "../model/export";
import { fileName } from "../model/text";

export function saveBlob(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export interface Table {
  name: string;
  header: readonly string[];
  rows: readonly (readonly Cell[])[];
}

function stamped(name: string, end: string): string {
  return `${fileName(name)}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${end}`;
}

export function saveCsv({ name, header, rows }: Table): void {
  saveBlob(stamped(name, "csv"), new Blob([toCsv(header, rows)], { type: "text/csv;charset=utf-8" }));
}

export function saveJson({ name, header, rows }: Table): void {
  saveBlob(stamped(name, "json"), new Blob([toJson(header, rows)], { type: "application/json" }));
}

/** A picture made of canvases, one under the other, each with its title. */
export function savePng(
  name: string,
  title: string,
  pictures: readonly { title: string; canvas: HTMLCanvasElement }[],
): void {
  const style = getComputedStyle(document.documentElement);
  const scale = window.devicePixelRatio || 1;
  const line = 22 * scale;
  const edge = 16 * scale;
  const width = Math.max(...pictures.map((one) => one.canvas.width)) + 2 * edge;
  const height = pictures.reduce((sum, one) => sum + one.canvas.height + 2 * line, 2 * edge + line);
  const sheet = document.createElement("canvas");
  sheet.width = width;
  sheet.height = height;
  const draw = sheet.getContext("2d");
  if (!draw) return;
  draw.fillStyle = style.getPropertyValue("--page") || "#fff";
  draw.fillRect(0, 0, width, height);
  draw.fillStyle = style.getPropertyValue("--text") || "#000";
  draw.textBaseline = "top";
  draw.font = `600 ${15 * scale}px system-ui, sans-serif`;
  draw.fillText(title, edge, edge, width - 2 * edge);
  let y = edge + 1.6 * line;
  for (const one of pictures) {
    draw.font = `${12 * scale}px system-ui, sans-serif`;
    draw.fillText(one.title, edge, y, width - 2 * edge);
    draw.drawImage(one.canvas, edge, y + line);
    y += one.canvas.height + 2 * line;
  }
  sheet.toBlob((blob) => {
    if (blob) saveBlob(stamped(name, "png"), blob);
  }, "image/png");
}
