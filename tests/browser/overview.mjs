// The table: a new container, sorting, filters, groups, links, keys, exports.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { live, rowOf, until, withPage, world } from "./support.mjs";

describe("the overview", () => {
  const texts = (locator) => locator.evaluateAll((all) => all.map((one) => one.textContent));
  const names = (page) => texts(page.locator(".row[data-id] .name"));

  test("a container that starts is there within two seconds, and its chart shows the core that it burns", async () => {
    await withPage({ hash: "#/overview?sort=started" }, async (page) => {
      await live(page);
      const { id } = await world.ask("run", { name: "newcomer", steps: ["await", "then", "burn", "25", "then", "stay"], options: ["--cpu-shares", "100000"] });
      const started = Date.now();
      await rowOf(page, id).waitFor({ timeout: 2000 });
      const took = Date.now() - started;
      assert.ok(took < 2000, `${took} ms`);
      await rowOf(page, id).getByRole("link").click();
      await page.getByRole("button", { name: "2 min" }).click();
      await world.ask("go_on", { name: "newcomer" });
      const shown = async () => Number((await page.locator('.chart[data-chart="CPU"] .legend-value').textContent()).replace("–", "NaN"));
      // One core, or what the machine's other work leaves of it: the kernel's own figure of
      // the same seconds. Near it for three samples on end.
      let near = 0;
      let last = NaN;
      let truth = NaN;
      let earlier = await world.ask("cpu_seconds", { name: "newcomer" });
      await until(async () => {
        const value = await shown();
        if (value === last) return false;
        last = value;
        const now = await world.ask("cpu_seconds", { name: "newcomer" });
        truth = (now.seconds - earlier.seconds) / (now.at - earlier.at);
        earlier = now;
        near = value > 0.05 && Math.abs(value - truth) < 0.15 + 0.15 * truth ? near + 1 : 0;
        return near >= 3;
      }, 22, "the burnt core in the chart").catch((error) => { throw new Error(`${error.message}; it showed ${last} of ${truth}`); });
      console.log(`# the chart shows ${last} cores, the kernel accounted ${truth.toFixed(2)}`);
      assert.match(await page.locator('.chart[data-chart="CPU"] .chart-box').getAttribute("aria-label"), /now \d\.\d+ cores/);
      await world.ask("remove", { name: "newcomer" });
      await page.getByText(/This workload ended at/).waitFor({ timeout: 10_000 });
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
      await until(async () => {
        rising = await names(page);
        return rising.join() === [...rising].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase(), undefined, { numeric: true })).join();
      }, 3, "names in their order");
      assert.equal(await page.locator(".grid-head .c-name").getAttribute("aria-sort"), "ascending");
      await page.getByRole("button", { name: "Workload", exact: true }).click();
      await page.mouse.move(5, 5);
      await until(async () => { const falling = await names(page); return falling.length > 1 && falling[0].localeCompare(falling.at(-1), undefined, { numeric: true }) > 0 && falling[0] !== rising[0]; }, 3, "the last is the first");
      await page.getByRole("button", { name: /^Memory/ }).click();
      await page.mouse.move(5, 5);
      const memory = async () => texts(page.locator(".row[data-id] .c-memory .figure > span:first-child"));
      const sizes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
      await until(async () => {
        const figures = (await memory()).filter((text) => text !== "–").map((text) => { const [number, unit] = text.split(" "); return Number(number) * sizes[unit]; });
        return figures.length > 1 && figures.every((value, i) => i === 0 || value <= figures[i - 1]);
      }, 5, "memory falls from row to row");
    });
  });

  test("filters by text, kind, runtime and project; the link gives the view back", async () => {
    await withPage({}, async (page) => {
      await live(page);
      const count = () => page.locator(".table-count").textContent();
      await page.getByRole("searchbox").fill("farm -db");
      await until(async () => (await names(page)).join() === "farm_web_1", 3, "one row by text");
      await page.getByLabel("Kind").selectOption("container");
      await page.getByLabel("Runtime").selectOption("docker");
      await page.getByLabel("Project").selectOption("farm");
      assert.match(await count(), /^1 of \d+ workloads/);
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
      const summed = await until(async () => { const text = await group.locator(".c-memory").textContent(); return /MiB/.test(text) && parseFloat(text); }, 5, "a sum of memory");
      assert.ok(summed > 40 && summed < 80, `${summed} MiB of 40 touched and a little`);
      await group.click();
      await page.locator(".row.in-group").first().waitFor();
      assert.match(page.url(), /open=farm/);
      const web = page.locator(".row.in-group", { hasText: "farm_web_1" });
      assert.match(await web.locator(".c-memory").textContent(), /of 64\.0 MiB/);
      assert.match(await web.locator(".c-cpu").textContent(), /of 0\.20/);
      await web.locator(".c-cpu .meter").waitFor();
    });
  });

  test("what is throttled stands out", async () => {
    // So small a quota that a busy machine too gives it more than that.
    const { id } = await world.ask("run", { name: "throttled", steps: ["spin"], options: ["--cpus", "0.02"] });
    await withPage({ hash: "#/overview?only=1" }, async (page) => {
      await live(page);
      await rowOf(page, id).locator("[data-condition=throttled]").waitFor();
      assert.match(await rowOf(page, id).getAttribute("class"), /is-warning|is-critical/);
    });
    await world.ask("remove", { name: "throttled" });
  });

  test("keys alone: search, move, choose, open, chart, back", async () => {
    await withPage({}, async (page) => {
      await live(page);
      await page.keyboard.press("/");
      await page.keyboard.type("farm_");
      await until(async () => (await names(page)).length === 2, 3, "two rows");
      for (let i = 0; i < 30 && !(await page.evaluate(() => document.activeElement?.getAttribute("role") === "row")); i += 1) await page.keyboard.press("Tab");
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute("data-id"));
      const first = await focused();
      assert.ok(first, "Tab leads into the table");
      await page.keyboard.press("x");
      await page.keyboard.press("ArrowDown");
      assert.notEqual(await focused(), first);
      await page.keyboard.press("x");
      assert.equal(await page.locator(".chosen .chip").count(), 2);
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
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: item }).click()]);
    return { name: download.suggestedFilename(), body: await readFile(await download.path()) };
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
      await until(async () => { // a rate takes two samples
        json = JSON.parse((await saved(page, "Export", /JSON/)).body);
        return json.every((one) => typeof one.cpu_cores === "number");
      }, 10, "figures of CPU in the export");
      assert.deepEqual(json.map((one) => one.project), ["farm", "farm"]);
    });
  });

  test("the charts as PNG and CSV", async () => {
    await withPage({ hash: "#/overview?q=farm_web" }, async (page) => {
      await live(page);
      await page.locator(".row[data-id] .name").click();
      await until(async () => /\d/.test(await page.locator('.chart[data-chart="CPU"] .legend-value').textContent()), 10, "figures");
      const png = await saved(page, "Export", /PNG/);
      assert.match(png.name, /^tallyman-farm_web_1-.*\.png$/);
      assert.equal(png.body.subarray(1, 4).toString(), "PNG");
      assert.ok(png.body.length > 5000, "there is something in the picture");
      const csv = (await saved(page, "Export", /CSV/)).body.toString().split("\r\n");
      assert.match(csv[0], /^time,cpu_cores,working_set_bytes/);
      assert.ok(csv.length > 3);
    });
  });
});
