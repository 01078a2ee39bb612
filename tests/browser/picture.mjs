// The picture of the README: docs/images/dashboard.png. Real containers of two Compose
// projects under load, for somewhat longer than the lines are:
//   TALLYMAN_SITE=... node picture.mjs OUT.png [light|dark]
import { begin, finish, live, withPage, world } from "./support.mjs";

const [, , out, colorScheme = "light"] = process.argv;
const labels = (project, service) => [
  "--label",
  `com.docker.compose.project=${project}`,
  "--label",
  `com.docker.compose.service=${service}`,
];
const repeat = (times, steps) =>
  Array.from({ length: times }, (_, i) => [...(i > 0 ? ["then"] : []), ...steps(i)]).flat();
const run = (project, service, image, steps, options = []) =>
  world.ask("run", {
    name: `${project}-${service}-1`,
    image,
    steps,
    options: [...labels(project, service), ...options],
  });
const kMinutes = 2.1;

await begin();
try {
  const db = await run(
    "shop",
    "db",
    "postgres:15",
    [
      "touch-memory",
      "120",
      "then",
      ...repeat(400, (i) => [
        "burn",
        String(0.02 + 0.05 * Math.abs(Math.sin(i / 9))),
        "then",
        "write",
        "/data",
        String(1 + (i % 3)),
        "then",
        "sleep",
        "0.8",
      ]),
    ],
    ["--memory", "512m", "--cpus", "0.5"],
  );
  const proxy = await run(
    "shop",
    "proxy",
    "nginx:1.25",
    [
      "touch-memory",
      "9",
      "then",
      ...repeat(400, (i) => ["receive", String(8000 + i), String(200000 + 40000 * (i % 9))]),
    ],
    ["--memory", "512m"],
  );
  await run(
    "shop",
    "web",
    "shop/web:4.2",
    [
      "touch-memory",
      "60",
      "then",
      ...repeat(400, (i) => [
        "burn",
        String(0.08 + 0.06 * Math.sin(i / 5)),
        "then",
        "send",
        proxy.address,
        String(8000 + i),
        String(200000 + 40000 * (i % 9)),
        "then",
        "sleep",
        "0.6",
      ]),
    ],
    ["--memory", "256m"],
  );
  await run(
    "shop",
    "worker",
    "shop/worker:4.2",
    ["touch-memory", "24", "then", "spin"],
    ["--memory", "64m", "--cpus", "0.1"],
  );
  await run("shop", "cache", "redis:7", ["touch-memory", "94", "then", "stay"], ["--memory", "100m"]);
  await run(
    "shop",
    "mailer",
    "shop/mailer:1.0",
    ["sleep", "25", "then", "hog", "64"],
    ["--memory", "24m", "--restart", "on-failure:50"],
  );
  await run(
    "monitoring",
    "prometheus",
    "prometheus:2.42",
    [
      "touch-memory",
      "180",
      "then",
      ...repeat(400, (i) => ["burn", i % 15 === 0 ? "0.3" : "0.01", "then", "sleep", "1"]),
    ],
    ["--pids-limit", "512"],
  );
  await run("monitoring", "alerts", "alertmanager:0.25", [
    "touch-memory",
    "18",
    "then",
    ...repeat(900, () => ["sleep", "1"]),
  ]);
  void db;
  await new Promise((resolve) => setTimeout(resolve, kMinutes * 60_000));
  await withPage(
    {
      hash: "#/overview?group=project&open=shop&open=monitoring&open=farm&kind=container",
      viewport: { width: 1400, height: 820 },
      colorScheme,
    },
    async (page) => {
      await live(page);
      await page.mouse.move(5, 5);
      await new Promise((resolve) => setTimeout(resolve, 8000)); // the lines' past is filled in
      await page.screenshot({ path: out });
    },
  );
} finally {
  await finish();
}
