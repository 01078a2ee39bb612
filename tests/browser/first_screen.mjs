// The first screen of a host whose CPUs are all in use: 130 bare programs, 30 cgroups and 12
// containers, of which one is OOM-killed again and again and one throttled.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { inBothThemes, kDesktop, kPhone, live, made, madeUpAgent, until, withPage } from "./support.mjs";

describe("the first screen", () => {
  let agent;
  let host;
  // For each test: its events are to be recent, however long the others take.
  beforeEach(async () => {
    host = (await made("busy_host")).makeBusyHost(Date.now() / 1000);
    agent = await madeUpAgent(host);
  });
  afterEach(() => agent?.close());

  const texts = (locator) => locator.evaluateAll((all) => all.map((one) => one.textContent));
  /** The rows from top to bottom: names of workloads, and heads of what is folded. */
  const lines = (page) =>
    page.locator(".row").evaluateAll((rows) =>
      rows
        .map((row) => ({ top: row.getBoundingClientRect().top, text: row.querySelector(".name").textContent }))
        .sort((a, b) => a.top - b.top)
        .map((row) => row.text),
    );
  const rows = async (page) => Number(await page.locator(".grid").getAttribute("aria-rowcount")) - 1;
  const open = (more, body) => withPage({ at: agent.at, colorScheme: "light", ...more }, body);
  const settled = async (page) => {
    await live(page);
    await until(async () => (await lines(page)).length > 10, 10, "the rows");
    await page.locator("[data-condition=oom_killed]").first().waitFor();
    await page.getByText("Disk space").waitFor();
  };

  for (const [width, viewport] of Object.entries({ desktop: kDesktop, phone: kPhone })) {
    test(`what needs attention is in the first two rows, ${width}, light and dark`, async () => {
      await open({ viewport }, async (page) => {
        await settled(page);
        assert.deepEqual((await lines(page)).slice(0, 2), ["shop_mailer_1", "shop_worker_1"]);
        for (const [name, condition] of [
          ["shop_mailer_1", "oom_killed"],
          ["shop_worker_1", "throttled"],
        ]) {
          const row = page.locator(".row", { hasText: name });
          await row.locator(`[data-condition=${condition}]`).waitFor();
          const { y, height } = await row.boundingBox();
          assert.ok(y > 0 && y + height <= viewport.height, `${name} is at ${y}, of ${viewport.height}`);
        }
        await inBothThemes(page, `first-screen-${width}`);
      });
    });
  }

  test("containers have a line each, by CPU time; programs and cgroups have one for all, with their sum", async () => {
    await open({}, async (page) => {
      await settled(page);
      const all = await lines(page);
      assert.equal(all.length, 14);
      assert.deepEqual(
        all.filter((name) => !name.startsWith("shop_")),
        ["130 programs", "30 cgroups"],
      );
      assert.deepEqual(all.slice(12), ["130 programs", "30 cgroups"]);
      const cpu = (await texts(page.locator(".row .c-cpu .figure > span:first-child"))).map(Number);
      const others = cpu.slice(2, 12);
      assert.deepEqual(
        others,
        others.toSorted((a, b) => b - a),
        "the others are by CPU",
      );
      assert.ok(cpu[12] > 1.3 && cpu[12] < 1.8, `${cpu[12]} of the 1.49 cores that the programs use`);
      assert.ok(cpu[13] > 0.1 && cpu[13] < 0.15, `${cpu[13]} of the 0.12 cores that the cgroups use`);
      await page.locator('.row-group[data-group="programs"]').click();
      await until(async () => (await rows(page)) === 14 + 130, 5, "the programs are unfolded");
      assert.match(page.url(), /open=programs/);
      assert.equal((await lines(page))[13], "cc1plus", "they are by CPU, too");
      await page.locator('.row-group[data-group="programs"]').click();
      await until(async () => (await rows(page)) === 14, 5, "and folded again");
    });
  });

  test("parents that only hold others are shown when they are asked for, and found by a search", async () => {
    await open({}, async (page) => {
      await settled(page);
      await page.getByRole("button", { name: "2 parents hidden" }).click();
      await until(async () => (await lines(page)).includes("32 cgroups"), 5, "the parents are among the cgroups");
      await page.getByRole("button", { name: "Hide 2 parents" }).click();
      await until(async () => (await lines(page)).includes("30 cgroups"), 5, "and no more");
      await page.getByRole("searchbox").fill("/batch");
      await until(async () => (await rows(page)) === 31, 5, "the parent and its thirty");
    });
  });

  test("a host that waits says so once, and marks nobody for it", async () => {
    await open({}, async (page) => {
      await settled(page);
      assert.equal(await page.locator("[data-condition=pressured]").count(), 0);
      const waits = page.locator(".strip .is-warning");
      assert.equal(await waits.count(), 1);
      assert.match(await waits.textContent(), /^CPU7\d %/);
      assert.match(await page.locator(".row .c-pressure").first().textContent(), /^7\d %cpu/, "with its unit");
      const button = page.getByRole("button", { name: "Needs attention: 1 critical, 1 warning" });
      await button.click();
      await until(async () => (await rows(page)) === 2, 5, "those two");
      assert.deepEqual(await lines(page), ["shop_mailer_1", "shop_worker_1"]);
    });
  });

  test("the strip has disks, swap and load; the title has the host's name", async () => {
    await open({}, async (page) => {
      await settled(page);
      const strip = await page.locator(".strip").innerText();
      for (const text of ["load 6.12", "swap 15 %", "nvme0n1p2", /81\s% of 233 GiB/, /vg-data\s56 %/])
        assert.match(strip, text instanceof RegExp ? text : new RegExp(text));
      assert.equal(await page.title(), "Overview · shop-1 · Tallyman");
    });
    await open({ hash: "#/workload?id=%2F" }, async (page) => {
      await live(page);
      const panel = page.locator(".panel", { hasText: "Disk space" });
      await panel.getByRole("row", { name: /nvme0n1p2 81 % 187 GiB 233 GiB/ }).waitFor();
      await panel.getByRole("row", { name: /vg-data 56 %/ }).waitFor();
    });
  });

  test("the nearest limit is an order of its own", async () => {
    await open({ hash: "#/overview?kind=container" }, async (page) => {
      await settled(page);
      await page.getByRole("button", { name: "of limit" }).click();
      await page.mouse.move(5, 5);
      await until(
        async () => (await lines(page)).slice(0, 2).join() === "shop_worker_1,shop_mailer_1",
        5,
        "the one at its CPU limit, then the one nearer to that of its memory",
      );
      assert.match(page.url(), /sort=limit/);
    });
  });

  test("an event leads to its moment, of a workload that runs again too", async () => {
    await open({ hash: "#/events?type=oom_killed" }, async (page) => {
      await live(page);
      const kills = host.events.filter((one) => one.type === "oom_killed");
      const links = page.locator(".events-row a");
      await until(async () => (await links.count()) === kills.length, 5, "the kills");
      await links.last().click();
      await page.locator('.chart[data-chart="Memory"] canvas').waitFor();
      const query = new URLSearchParams(page.url().split("?")[1]);
      const time = Date.parse(kills[0].time) / 1000;
      assert.ok(Math.abs(Number(query.get("from")) - (time - 450)) < 0.01, page.url());
      assert.ok(Math.abs(Number(query.get("to")) - (time + 150)) < 0.01, page.url());
    });
  });

  /** Colours of the chart's own pixels, at a part of its width and so many CSS pixels below its top. */
  const pixels = (page, title, at) =>
    page.locator(`.chart[data-chart=${JSON.stringify(title)}] canvas`).evaluate((canvas, at) => {
      const over = canvas.parentElement.querySelector(".u-over");
      const scale = canvas.width / canvas.clientWidth;
      return at.map(([part, y]) => {
        const x = over.offsetLeft + part * over.clientWidth;
        const data = canvas.getContext("2d").getImageData(x * scale, (over.offsetTop + y) * scale, 1, 1).data;
        return [...data];
      });
    }, at);

  test("the time before the agent's start is shaded, and an OOM kill lies on top of its restart", async () => {
    const mailer = host.world.find((one) => one.workload === "shop_mailer_1");
    const kill = Date.parse(host.events.find((one) => one.type === "oom_killed").time) / 1000;
    const from = kill - 450;
    const view = `id=${encodeURIComponent(mailer.id)}&from=${from}&to=${from + 600}`;
    await open({ hash: `#/workload?${view}`, allow: [/willReadFrequently/] }, async (page) => {
      await live(page);
      const legend = page.locator('.chart[data-chart="Memory"] .legend-value').first();
      await until(async () => /MiB/.test(await legend.textContent()), 10, "figures");
      // The agent started 400 s before now, the first kill was 330 s before: 380 s are before the start.
      const [mark, ...others] = await until(
        async () => {
          const parts = [0.75, 0.2, 0.3, 0.4, 0.9, 0.93, 0.96];
          const found = await pixels(
            page,
            "Memory",
            parts.map((part) => [part, 2.5]),
          );
          return found[0][3] > 0 && found;
        },
        5,
        "the mark of the kill",
      );
      const least = (colours) => Math.min(...colours.map((one) => one[3])); // one may be on a line of the grid
      assert.ok(least(others.slice(0, 3)) > 0, "shaded before the start");
      assert.equal(least(others.slice(3)), 0, "not after it");
      const critical = await page.evaluate(() =>
        getComputedStyle(document.documentElement).getPropertyValue("--critical").trim(),
      );
      const hex = `#${mark
        .slice(0, 3)
        .map((one) => one.toString(16).padStart(2, "0"))
        .join("")}`;
      assert.equal(hex, critical);
    });
  });

  test("an agent that is late is not a lost connection", async () => {
    await open({}, async (page) => {
      await settled(page);
      let streams = 0;
      page.on("request", (request) => {
        if (request.url().endsWith("/api/v1/stream")) streams += 1;
      });
      agent.state.late = true;
      try {
        await page.getByText("The agent is late: it answers, but has taken no newer sample.").waitFor();
        assert.match(await page.locator(".freshness").textContent(), /^Late · \d/);
        assert.equal(await page.getByText(/connection to the agent is lost/).count(), 0);
        assert.equal((await lines(page))[0], "shop_mailer_1", "the last figures stay");
      } finally {
        agent.state.late = false;
      }
      await live(page);
      assert.equal(await page.locator(".stale-bar").count(), 0);
      assert.equal(streams, 0, "on the stream that was open all the while");
    });
  });
});
