// Which folder of src may import which, and that no import leads round in a circle:
//   node lint/imports.mjs
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const kSource = process.argv[2] ?? fileURLToPath(new URL("../src", import.meta.url));

/** From the bottom to the top: a folder imports itself and what stands before it. */
const kFloors = ["model", "data", "app_context", "hooks", "parts", "pages", "shell", "main"];

const floorOf = (file) => kFloors.indexOf(file.split("/")[0].replace(/\.tsx?$/, ""));

function importsOf(file, files) {
  const text = readFileSync(join(kSource, file), "utf8");
  const names = [...text.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["']/gms)].map((match) => match[1]);
  return names
    .filter((name) => !name.endsWith(".css"))
    .map((name) => {
      const path = normalize(join(dirname(file), name));
      const found = [path, `${path}.ts`, `${path}.tsx`].find((one) => files.includes(one));
      if (found === undefined) throw new Error(`${file} imports ${name}, which is not there`);
      return found;
    });
}

/** The first circle that is found, as the files along it. */
function circleIn(graph) {
  const done = new Set();
  const visit = (file, path) => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file)) {
      const circle = visit(next, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

const files = readdirSync(kSource, { recursive: true, withFileTypes: true })
  .filter((one) => one.isFile() && /\.tsx?$/.test(one.name))
  .map((one) => relative(kSource, join(one.parentPath ?? one.path, one.name)))
  .sort();
const graph = new Map(files.map((file) => [file, importsOf(file, files)]));
const faults = [];
for (const [file, imported] of graph) {
  if (floorOf(file) < 0) faults.push(`${file} is in no folder that lint/imports.mjs knows`);
  for (const other of imported) {
    if (floorOf(other) > floorOf(file))
      faults.push(`${file} imports ${other}: from ${kFloors[floorOf(file)]} up to ${kFloors[floorOf(other)]}`);
  }
}
const circle = circleIn(graph);
if (circle) faults.push(`a circle: ${circle.join(" -> ")}`);
for (const fault of faults) console.error(fault);
const arrows = [...graph.values()].reduce((sum, imported) => sum + imported.length, 0);
console.log(`${files.length} files, ${arrows} imports, ${circle ? "a circle" : "no circle"}`);
process.exit(faults.length > 0 ? 1 : 0);
