// Charts: in step, zoomed by mouse, compared; events and metrics pages.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { farm, live, until, withPage, world } from "./support.mjs";

describe("charts, events, metrics", () => {
  const chart = (page, title) => page.locator(`.chart[data-chart=${JSON.stringify(title)}]`);
  const figure = async (locator) => parseFloat(await locator.textContent());

  test("a zoom by mouse takes all charts along, is in the link, and leads back to now", async () => {
    await withPage({ hash: `#/workload?id=${encodeURIComponent(farm.web)}&from=-120` }, async (page) => {
      await live(page);
      const over = chart(page, "CPU").locator(".u-over");
      await over.waitFor();
      const box = await over.boundingBox();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.75, box.y + 60, { steps: 6 });
      await page.mouse.up();
      await until(() => /from=\d+.*to=\d+/.test(page.url()), 3, "the range is in the link");
      const query = new URLSearchParams(page.url().split("?")[1]);
      const seconds = Number(query.get("to")) - Number(query.get("from"));
      assert.ok(seconds > 24 && seconds < 36, `${seconds} s of 30`);
      await withPage({ at: page.url(), hash: "" }, async (again) => {
        await live(again);
        await again.getByText(/ to /).first().waitFor();
        const text = await again.locator(".range-text").textContent();
        assert.equal(text, await page.locator(".range-text").textContent(), "the link shows the same time");
      });
      await page.getByRole("button", { name: "Earlier" }).click();
      await until(
        () => Number(new URLSearchParams(page.url().split("?")[1]).get("to")) < Number(query.get("to")) - 10,
        3,
        "moved back",
      );
      await page.getByRole("button", { name: "Back to now" }).click();
      await until(() => !/to=/.test(page.url()), 3, "live again");
    });
  });

  test("the cursor is at one time in all charts", async () => {
    await withPage({ hash: `#/workload?id=${encodeURIComponent(farm.web)}&from=-120` }, async (page) => {
      await live(page);
      await until(
        async () => /\d/.test(await chart(page, "CPU").locator(".legend-value").textContent()),
        10,
        "figures",
      );
      const box = await chart(page, "CPU").locator(".u-over").boundingBox();
      await page.mouse.move(box.x + box.width * 0.9, box.y + 30);
      await until(
        async () => /\d\d:\d\d:\d\d/.test(await page.locator(".cursor-text").textContent()),
        3,
        "the time under the cursor",
      );
      const left = (title) =>
        chart(page, title)
          .locator(".u-cursor-x")
          .evaluate((one) => new DOMMatrix(getComputedStyle(one).transform).m41);
      assert.ok(Math.abs((await left("CPU")) - (await left("Memory"))) < 2);
    });
  });

  test("what the runtime costs: the shim of a container, the daemons of the host", async () => {
    const memory = async (page, component) => {
      const row = page.locator(".panel", { hasText: "What the runtime costs" }).getByRole("row", { name: component });
      await until(async () => /[KM]iB/.test(await row.textContent()), 20, `the memory of ${component}`);
      return row.textContent();
    };
    await withPage({ hash: `#/workload?id=${encodeURIComponent(farm.web)}` }, async (page) => {
      await live(page);
      assert.match(await memory(page, "containerd-shim"), /^containerd-shim1\D/, "one process");
    });
    await withPage({ hash: "#/workload?id=%2F" }, async (page) => {
      await live(page);
      await memory(page, "dockerd");
      await page.getByText("Daemons serve all containers.").waitFor();
    });
  });

  test("a container and a bare process over one another, absolute and normalised", async () => {
    const bare = (await world.ask("burn_bare", { name: "bare" })).id;
    await withPage(
      { hash: `#/compare?id=${encodeURIComponent(farm.web)}&id=${encodeURIComponent(bare)}&from=-120` },
      async (page) => {
        await live(page);
        const values = chart(page, "CPU").locator(".legend-value");
        await until(
          async () => (await figure(values.nth(0))) > 0.02 && (await figure(values.nth(1))) > 0.1,
          15,
          "both have CPU",
        );
        await page.getByRole("button", { name: "Relative to first" }).click();
        const times = chart(page, "CPU, relative to the first").locator(".legend-value");
        await until(
          async () => (await figure(times.nth(1))) > 1.5,
          5,
          "the bare one uses more than the one with a quota",
        );
        await page.getByRole("button", { name: "Share of limit" }).click();
        const part = chart(page, "CPU, share of the limit").locator(".legend-value");
        await until(async () => (await figure(part.nth(0))) > 60, 5, "near its limit");
        assert.equal((await part.nth(1).textContent()).trim(), "–", "without a limit there is no part of it");
        await page.getByRole("button", { name: "Per unit of work" }).click();
        await page.getByLabel("Work counted by").fill("container_cpu_usage_seconds_total");
        await page.getByLabel("Work counted by").press("Enter");
        await page.keyboard.press("Tab");
        // CPU time for each second of CPU time: 1 s, for any workload.
        const unit = chart(page, "CPU time per unit").locator(".legend-value");
        await until(
          async () => {
            const value = await figure(unit.nth(0));
            const text = await unit.nth(0).textContent();
            return (text.endsWith(" s") && value > 0.7 && value < 1.4) || (text.endsWith("ms") && value > 700);
          },
          20,
          "one second a second",
        );
        assert.match(page.url(), /normalise=unit&counter=container_cpu_usage_seconds_total/);
        await page
          .getByRole("button", { name: /^Remove/ })
          .first()
          .click();
        await page.getByText("Add one more workload").waitFor();
        await page.getByRole("combobox", { name: "Add a workload" }).fill("farm_db");
        await page.getByRole("option").first().waitFor();
        await page.keyboard.press("Enter");
        await chart(page, "CPU time per unit").or(page.getByText("Nothing to draw")).first().waitFor();
        await until(async () => (await page.locator(".compared .chip").count()) === 2, 3, "two again");
      },
    ).finally(() => world.ask("end_bare"));
  });

  test("events come live, filter, and lead to the workload's charts", async () => {
    await withPage({ hash: "#/events" }, async (page) => {
      await live(page);
      await world.ask("run", { name: "shortlived", steps: ["burn", "0.1"] });
      const rows = page.locator(".events-row", { hasText: "shortlived" });
      await until(
        async () => {
          const all = (await rows.allTextContents()).join("\n");
          return /started/.test(all) && /died/.test(all);
        },
        6,
        "its start and its end",
      );
      await page.getByLabel("Type").selectOption("died");
      await page.getByRole("searchbox").fill("shortlived");
      await until(async () => (await page.locator(".events-row").count()) === 1, 3, "one event");
      await withPage({ at: page.url(), hash: "" }, async (again) => {
        await until(async () => (await again.locator(".events-row").count()) === 1, 8, "one event from the link");
      });
      await world.ask("remove", { name: "shortlived" });
    });
  });

  test("the catalogue is searched, shows series, and gives PromQL", async () => {
    await withPage({ hash: "#/metrics", permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
      await live(page);
      await page.getByRole("searchbox").fill("working set bytes");
      await page.getByRole("button", { name: /container_memory_working_set_bytes/ }).click();
      await page.locator(".series li", { hasText: "farm_db_1" }).waitFor();
      await page.locator(".series li", { hasText: "farm_db_1" }).getByRole("button").click();
      await page.locator(".series li", { hasText: "farm_db_1" }).getByText("Copied").waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(copied, /^container_memory_working_set_bytes\{.*workload="farm_db_1".*\}$/);
      assert.match(page.url(), /name=container_memory_working_set_bytes/);
    });
  });
});
