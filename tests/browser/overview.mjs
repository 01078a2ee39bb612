// The table: a new container, sorting, filters, groups, links, keys, exports.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { chartTime, live, rowOf, sampleTime, until, withPage, world } from "./support.mjs";

describe("the overview", () => {
  const texts = (locator) => locator.evaluateAll((all) => all.map((one) => one.textContent));
  const names = (page) => texts(page.locator(".row[data-id] .name"));

  /** Each frame until there is such an element: the time of the sample that the page then shows. */
  const sampleTimeOfFirst = (page, selector) =>
    page.evaluate(
      (selector) =>
        new Promise((resolve) => {
          const step = () => {
            if (document.querySelector(selector)) resolve(Number(document.querySelector(".freshness").dataset.time));
            else requestAnimationFrame(step);
          };
          step();
        }),
      selector,
    );

  /**
   * CPU seconds that the kernel accounted by a moment, at least and at most: by what it said
   * before the moment and after it.
   */
  const accounted = (readings, time) => [
    Math.max(...readings.filter((one) => one.time <= time).map((one) => one.seconds)),
    Math.min(...readings.filter((one) => one.time >= time).map((one) => one.seconds)),
  ];

  test("a container that starts is there within two seconds, and its chart shows the core that it burns", async () => {
    // The agent may lose it in the moment in which its page asks for it.
    await withPage({ hash: "#/overview?sort=started", allow: [/404/] }, async (page) => {
      await live(page);
      const { id } = await world.ask("run", {
        name: "newcomer",
        steps: ["await", "then", "burn", "25", "then", "stay"],
        options: ["--cpu-shares", "100000"],
      });
      // By the agent's clock: how long the browser takes to draw is the machine's affair.
      const before = await sampleTime(page);
      const took = (await sampleTimeOfFirst(page, `.row[data-id=${JSON.stringify(id)}]`)) - before;
      assert.ok(took < 2.5, `it was there ${took} s of samples later`);
      await rowOf(page, id).getByRole("link").click();
      await page.getByRole("button", { name: "2 min" }).click();
      await world.ask("go_on", { name: "newcomer" });
      // One core, or what the machine's other work leaves of it: over three seconds of CPU time
      // the chart's area must be what the kernel accounted, which is read all the while.
      const readings = [];
      await until(
        async () => {
          readings.push(await world.ask("cpu_seconds", { name: "newcomer" }));
          const [first, newest] = [readings[0], readings.at(-1)];
          return newest.seconds - first.seconds > 3 && (await chartTime(page)) > first.time + 3;
        },
        60,
        "three seconds of CPU time, and the chart's samples of them",
      );
      const points = (await saved(page, "Export", /JSON/)).rows
        .map((one) => ({ time: Date.parse(one.time) / 1000, cores: one.cpu_cores }))
        .filter((one) => one.cores !== undefined && one.time > readings[0].time && one.time < readings.at(-1).time);
      assert.ok(points.length >= 3, `${points.length} samples`);
      const area = points.slice(1).reduce((sum, one, i) => sum + one.cores * (one.time - points[i].time), 0);
      const [fromLeast, fromMost] = accounted(readings, points[0].time);
      const [toLeast, toMost] = accounted(readings, points.at(-1).time);
      const [least, most] = [toLeast - fromMost, toMost - fromLeast];
      const range = `${least.toFixed(2)} to ${most.toFixed(2)}`;
      console.log(`# the chart shows ${area.toFixed(2)} CPU seconds, the kernel accounted ${range}`);
      // The kernel accounts a running task at its clock's ticks, and the agent's pass takes its time.
      assert.ok(area > least - 0.1 && area < most + 0.1);
      assert.match(
        await page.locator('.chart[data-chart="CPU"] .chart-box').getAttribute("aria-label"),
        /now \d\.\d+ cores/,
      );
      await world.ask("remove", { name: "newcomer" });
      await page.getByText(/This workload ended at/).waitFor();
      assert.equal(await page.locator('.chart[data-chart="CPU"] canvas').count(), 1, "its last figures stay");
      assert.equal(await page.locator(".title-row [data-condition=ended]").count(), 1);
    });
  });

  test("columns sort, both ways", async () => {
    await withPage({}, async (page) => {
      await live(page);
      await page.getByRole("button", { name: "Workload", exact: true }).click();
      await page.mouse.move(5, 5); // rows keep their places under a pointer, and processes come at any time
      let rising;
      await until(
        async () => {
          rising = await names(page);
          return (
            rising.join() ===
            [...rising]
              .sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase(), undefined, { numeric: true }))
              .join()
          );
        },
        3,
        "names in their order",
      );
      assert.equal(await page.locator(".grid-head .c-name").getAttribute("aria-sort"), "ascending");
      await page.getByRole("button", { name: "Workload", exact: true }).click();
      await page.mouse.move(5, 5);
      await until(
        async () => {
          const falling = await names(page);
          return (
            falling.length > 1 &&
            falling[0].localeCompare(falling.at(-1), undefined, { numeric: true }) > 0 &&
            falling[0] !== rising[0]
          );
        },
        3,
        "the last is the first",
      );
      await page.getByRole("button", { name: /^Memory/ }).click();
      await page.mouse.move(5, 5);
      const memory = async () => texts(page.locator(".row[data-id] .c-memory .figure > span:first-child"));
      const sizes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
      await until(
        async () => {
          const figures = (await memory())
            .filter((text) => text !== "–")
            .map((text) => {
              const [number, unit] = text.split(" ");
              return Number(number) * sizes[unit];
            });
          return figures.length > 1 && figures.every((value, i) => i === 0 || value <= figures[i - 1]);
        },
        5,
        "memory falls from row to row",
      );
    });
  });

  test("filters by text, kind, runtime and project; the link gives the view back", async () => {
    await withPage({}, async (page) => {
      await live(page);
      const count = () => page.locator(".table-count-rows").textContent();
      await page.getByRole("searchbox").fill("farm -db");
      await until(async () => (await names(page)).join() === "farm_web_1", 3, "one row by text");
      await page.getByLabel("Kind").selectOption("container");
      await page.getByLabel("Runtime").selectOption("docker");
      await page.getByLabel("Project").selectOption("farm");
      await until(async () => /^1 of \d+ workloads/.test(await count()), 3, "the count of one row");
      const link = page.url();
      await withPage({ at: link, hash: "" }, async (again) => {
        await live(again);
        await until(async () => (await names(again)).join() === "farm_web_1", 5, "the same row from the link");
        assert.equal(await again.getByRole("searchbox").inputValue(), "farm -db");
        assert.equal(await again.getByLabel("Project").inputValue(), "farm");
      });
      await page.getByRole("searchbox").fill("no such thing");
      await page.getByText("Nothing matches").waitFor();
      await page.getByRole("link", { name: "Show all" }).click();
      await until(async () => (await names(page)).length > 1, 3, "all again");
    });
  });

  test("groups sum and open, and limits are drawn", async () => {
    await withPage({ hash: "#/overview?group=project" }, async (page) => {
      await live(page);
      const group = page.locator('.row-group[data-group="farm"]');
      await group.waitFor();
      await until(async () => /2 workloads/.test(await group.textContent()), 5, "two workloads in the group");
      const summed = await until(
        async () => {
          const text = await group.locator(".c-memory").textContent();
          return /MiB/.test(text) && parseFloat(text);
        },
        5,
        "a sum of memory",
      );
      assert.ok(summed > 40 && summed < 80, `${summed} MiB of 40 touched and a little`);
      await group.click();
      await page.locator(".row.in-group").first().waitFor();
      assert.match(page.url(), /open=farm/);
      const web = page.locator(".row.in-group", { hasText: "farm_web_1" });
      assert.match(await web.locator(".c-memory").textContent(), /of 64\.0 MiB/);
      assert.match(await web.locator(".c-cpu").textContent(), /of 0\.050/);
      await web.locator(".c-cpu .meter").waitFor();
    });
  });

  test("what is throttled stands out", async () => {
    // A millisecond in each second: a busy machine, too, gives it more than that.
    const { id } = await world.ask("run", { name: "throttled", steps: ["spin"] });
    await world.ask("limit_cpu", { name: "throttled", quota: 1000, period: 1_000_000 });
    await withPage({ hash: "#/overview?only=1&q=throttled" }, async (page) => {
      await live(page);
      await page
        .locator(".row.is-warning, .row.is-critical")
        .and(rowOf(page, id))
        .locator("[data-condition=throttled]")
        .waitFor();
    });
    await world.ask("remove", { name: "throttled" });
  });

  test("keys alone: search, move, choose, open, chart, back", async () => {
    await withPage({}, async (page) => {
      await live(page);
      await page.keyboard.press("/");
      await page.keyboard.type("farm_");
      await until(async () => (await names(page)).length === 2, 3, "two rows");
      for (
        let i = 0;
        i < 30 && !(await page.evaluate(() => document.activeElement?.getAttribute("role") === "row"));
        i += 1
      )
        await page.keyboard.press("Tab");
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-id"));
      const first = await focused();
      assert.ok(first, "Tab leads into the table");
      await page.keyboard.press("x");
      await page.keyboard.press("ArrowDown");
      await until(
        async () => {
          const now = await focused();
          return now && now !== first;
        },
        3,
        "the other row has the focus",
      );
      await page.keyboard.press("x");
      await until(async () => (await page.locator(".chosen .chip").count()) === 2, 3, "both are chosen");
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Enter");
      await until(() => page.url().includes("#/workload"), 3, "the workload's page");
      await page.locator('.chart[data-chart="CPU"] .chart-box').focus();
      await page.keyboard.press("-");
      await until(() => page.url().includes("from=-1800"), 3, "zoomed out");
      await page.keyboard.press("ArrowLeft");
      await until(() => /from=\d+.*to=\d+/.test(page.url()), 3, "moved in time");
      await page.keyboard.press("0");
      await until(() => !page.url().includes("from="), 3, "as at first");
      await page.keyboard.press("2");
      await until(() => page.url().includes("#/compare?id="), 3, "the chosen are compared");
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("1");
      await until(() => page.url().includes("q=farm_"), 3, "the overview as it was left");
    });
  });

  async function saved(page, menu, item) {
    await page.getByRole("button", { name: menu }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: item }).click(),
    ]);
    const body = await readFile(await download.path());
    return { name: download.suggestedFilename(), body, rows: /JSON/.test(String(item)) ? JSON.parse(body) : undefined };
  }

  test("the table as CSV and JSON", async () => {
    await withPage({ hash: "#/overview?q=farm_" }, async (page) => {
      await live(page);
      await until(async () => (await names(page)).length === 2, 5, "two rows");
      const csv = await saved(page, "Export", /CSV/);
      assert.match(csv.name, /^tallyman-workloads-.*\.csv$/);
      const lines = csv.body.toString().trim().split("\r\n");
      assert.equal(lines.length, 3);
      assert.match(lines[0], /^id,kind,workload,.*cpu_cores/);
      let json = [];
      await until(
        async () => {
          // a rate takes two samples
          json = (await saved(page, "Export", /JSON/)).rows;
          return json.every((one) => typeof one.cpu_cores === "number");
        },
        10,
        "figures of CPU in the export",
      );
      assert.deepEqual(
        json.map((one) => one.project),
        ["farm", "farm"],
      );
    });
  });

  test("the charts as PNG and CSV", async () => {
    await withPage({ hash: "#/overview?q=farm_web" }, async (page) => {
      await live(page);
      await page.locator(".row[data-id] .name").click();
      await until(
        async () => /\d/.test(await page.locator('.chart[data-chart="CPU"] .legend-value').textContent()),
        10,
        "figures",
      );
      const png = await saved(page, "Export", /PNG/);
      assert.match(png.name, /^tallyman-farm_web_1-.*\.png$/);
      assert.equal(png.body.subarray(1, 4).toString(), "PNG");
      assert.ok(png.body.length > 5000, "there is something in the picture");
      await until(
        async () => {
          // the history comes after the page
          const [header, ...lines] = (await saved(page, "Export", /CSV/)).body.toString().trim().split("\r\n");
          assert.match(header, /^time,cpu_cores,working_set_bytes/);
          return lines.length > 1;
        },
        10,
        "the points shown",
      );
    });
  });
});
