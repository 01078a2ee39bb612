// Every page at both widths and in both themes: it is there, fits, and axe finds nothing.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { farm, inBothThemes, kDesktop, kPhone, live, until, withPage, world } from "./support.mjs";

describe("pages", { concurrency: 2 }, () => {
  before(() => world.ask("keep_reports"));

  const kPages = {
    overview: { hash: () => "#/overview", ready: ".row[data-id]" },
    workload: {
      hash: () => `#/workload?id=${encodeURIComponent(farm.web)}&from=-120`,
      ready: '.chart[data-chart="CPU"] canvas',
    },
    compare: {
      hash: () => `#/compare?${[farm.web, farm.db].map((id) => `id=${encodeURIComponent(id)}`).join("&")}&from=-120`,
      ready: '.chart[data-chart="CPU"] canvas',
    },
    events: { hash: () => "#/events", ready: ".events-row" },
    overhead: { hash: () => "#/overhead", ready: ".overhead-row[data-differs]" },
    metrics: { hash: () => "#/metrics?name=container_cpu_usage_seconds_total", ready: ".series li" },
  };

  for (const [name, page] of Object.entries(kPages)) {
    for (const [width, viewport] of Object.entries({ desktop: kDesktop, phone: kPhone })) {
      test(`${name}, ${width}, light and dark`, async () => {
        await withPage({ hash: page.hash(), viewport, colorScheme: "light" }, async (at) => {
          await live(at);
          await at.locator(page.ready).first().waitFor();
          assert.equal(await at.locator("h1").count(), 1, "one heading of the page");
          await inBothThemes(at, `${name}-${width}`);
        });
      });
    }
  }

  test("nothing moves by itself where less motion is asked for", async () => {
    await withPage({ reducedMotion: "reduce" }, async (page) => {
      await live(page);
      const moving = await page.evaluate(
        () => document.getAnimations().filter((one) => one.playState === "running").length,
      );
      assert.equal(moving, 0);
    });
  });

  test("the theme can be chosen, and stays chosen", async () => {
    await withPage({ colorScheme: "light" }, async (page) => {
      const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
      const button = page.getByRole("button", { name: /^Theme/ });
      await button.click();
      await button.click();
      await until(async () => (await theme()) === "dark", 3, "dark");
      await page.reload();
      await until(async () => (await theme()) === "dark", 5, "dark again after a reload");
    });
  });

  test("the page takes nothing from elsewhere, and one stream is all it holds open", async () => {
    await withPage({}, async (page) => {
      await live(page); // or the first load's requests would be counted with the second's
      const asked = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.reload();
      await live(page);
      for (const name of ["Compare", "Events", "Overhead", "Metrics", "Overview"])
        await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
      const origin = new URL(page.url()).origin;
      assert.deepEqual(
        asked.filter((url) => !url.startsWith(origin)),
        [],
      );
      assert.equal(asked.filter((url) => url.endsWith("/api/v1/stream")).length, 1);
    });
  });
});
