// The agent of a made-up host, to work on the page: npm run mock, then npm run dev.
//   MOCK_WORKLOADS=1000 MOCK_REPORTS=0 npm run mock
//   MOCK_HOST=busy npm run mock
import { readFile } from "node:fs/promises";
import { makeAgent } from "./agent.mjs";
import { makeBusyHost } from "./busy_host.mjs";
import { eventsOf, kDisks, makeWorld, valueOf } from "./made_up_host.mjs";

const port = Number(process.env.PORT ?? 8255);
const now = Date.now() / 1000;

function farm() {
  const world = makeWorld(Number(process.env.MOCK_WORKLOADS ?? 40));
  return { world, valueOf, events: eventsOf(world, now), begin: now - 3 * 3600, hostSeries: kDisks };
}

// A report as a machine with podman and LXC gave it, with six of its workloads; and the same under an older run's name.
const measured = JSON.parse(await readFile(new URL("overhead_sample.json", import.meta.url), "utf8"));
const reports = [
  measured,
  { ...measured, run: "20261118-090210-11aa", began: "2026-11-18T09:02:10Z", remarks: [] },
].slice(0, Number(process.env.MOCK_REPORTS ?? 2));
const dist = new URL("../dist/", import.meta.url).pathname;
const host = process.env.MOCK_HOST === "busy" ? makeBusyHost(now) : farm();
makeAgent({ ...host, reports, dist }).server.listen(port, "127.0.0.1", () =>
  console.log(`mock agent on http://127.0.0.1:${port}/`),
);
