// Connections that break, refuse, fall silent or sleep; the page behind a path prefix.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  chartTime,
  farm,
  freshness,
  frontServer,
  live,
  rowOf,
  samplesOf,
  sampleTime,
  until,
  withPage,
  world,
} from "./support.mjs";

describe("the connection", () => {
  const kBroken = [
    /Failed to load resource/,
    /ERR_CONNECTION_REFUSED/,
    /ERR_INCOMPLETE_CHUNKED/,
    /ERR_EMPTY_RESPONSE/,
    /ERR_CONNECTION_RESET/,
  ];

  test("an agent that goes away and comes back", async () => {
    const id = farm.db;
    // Searched for, since only rows in sight are in the page.
    await withPage({ hash: "#/overview?q=farm_db", allow: kBroken }, async (page) => {
      await live(page);
      await rowOf(page, id).waitFor();
      try {
        await world.ask("stop_agent");
        await page.getByText(/The connection to the agent is lost/).waitFor();
        assert.match(await page.locator(".freshness").textContent(), /^Stale · \d/);
        assert.ok(await rowOf(page, id).isVisible(), "the last figures stay");
      } finally {
        await world.ask("start_agent"); // for the tests that follow, too
      }
      await live(page);
      assert.equal(await page.locator(".stale-bar").count(), 0);
      await rowOf(page, id).waitFor();
      assert.equal(await rowOf(page, id).count(), 1, "the agent counts its keys from 1 again; the row is the same");
    });
  });

  test("an agent that falls silent without closing is found stale, and goes on", async () => {
    await withPage({ allow: kBroken }, async (page) => {
      await live(page);
      await world.ask("freeze_agent");
      try {
        await until(async () => (await freshness(page)) === "stale", 8, "stale");
      } finally {
        await world.ask("thaw_agent");
      }
      await live(page);
    });
  });

  test("a browser that slept for an hour asks again and fills its charts", async () => {
    const id = farm.web;
    await withPage(
      { hash: `#/workload?id=${encodeURIComponent(id)}&from=-120`, clock: true, allow: kBroken },
      async (page) => {
        await live(page);
        let series = 0;
        let streams = 0;
        page.on("request", (request) => {
          if (request.url().includes("/api/v1/series")) series += 1;
          if (request.url().endsWith("/api/v1/stream")) streams += 1;
        });
        await page.clock.fastForward("01:00:00");
        await until(() => streams > 0, 8, "a new stream");
        await until(() => series > 0, 8, "the history asked again");
        await live(page);
        await until(
          async () => /\d/.test(await page.locator('.chart[data-chart="CPU"] .legend-value').textContent()),
          8,
          "figures in the chart",
        );
      },
    );
  });

  /** The chart's figure is of a sample that the agent's clock, so many seconds off, has just taken. */
  const showsSampleOf = async (page, clock, what) => {
    const asked = Date.now() / 1000 + clock;
    await until(
      async () => Math.abs((await chartTime(page)) - asked) < 300 && (await chartTime(page)) > asked,
      8,
      what,
    );
  };

  test("an agent whose clock jumps: the charts go on at its time, and what never was is gone", async () => {
    const front = await frontServer("/");
    try {
      await withPage(
        { at: front.at, hash: `#/workload?id=${encodeURIComponent(farm.web)}&from=-120`, allow: kBroken },
        async (page) => {
          await live(page);
          await showsSampleOf(page, 0, "figures before");
          for (const [clock, what] of [
            [-3600, "set back by an hour"],
            [7200, "set forward by two"],
            [0, "right again"],
          ]) {
            front.state.clock = clock;
            await showsSampleOf(page, clock, `figures ${what}`);
            await live(page);
            await page.getByRole("button", { name: "Pause" }).click();
            let paused = "";
            await until(
              async () => {
                paused = await page.locator(".freshness").textContent();
                return /\d\d:\d\d:\d\d/.test(paused);
              },
              5,
              "the time at which it was paused",
            );
            const [, hours, minutes] = paused.match(/(\d\d):(\d\d):\d\d/).map(Number);
            const wanted = new Date(Date.now() + 1000 * clock);
            const off = Math.abs(60 * hours + minutes - 60 * wanted.getHours() - wanted.getMinutes());
            assert.ok(Math.min(off, 1440 - off) <= 1, `${paused}, at ${wanted} by the agent`);
            await page.getByRole("button", { name: "Pause" }).click();
            await live(page);
          }
        },
      );
    } finally {
      await front.close();
    }
  });

  test("a browser whose clock jumps stays live, and finds silence all the same", async () => {
    const init = () => {
      const now = Date.now.bind(Date);
      globalThis.clockOff = 0; // milliseconds
      Date.now = () => now() + globalThis.clockOff;
    };
    const set = (page, hours) =>
      page.evaluate((off) => {
        globalThis.clockOff = off;
      }, hours * 3_600_000);
    await withPage(
      { hash: `#/workload?id=${encodeURIComponent(farm.web)}&from=-120`, init, allow: kBroken },
      async (page) => {
        await live(page);
        for (const hours of [-5, 5]) {
          const before = await sampleTime(page);
          await set(page, hours);
          await until(async () => (await sampleTime(page)) > before + 4, 12, "more samples than figures are fresh for");
          await showsSampleOf(page, 0, `figures ${hours} hours off`);
          await live(page);
          assert.equal(await page.locator(".stale-bar").count(), 0);
        }
        await world.ask("freeze_agent");
        try {
          await set(page, 0);
          await until(async () => (await freshness(page)) === "stale", 8, "stale after the clock was set back");
          assert.match(await page.locator(".freshness").textContent(), /^Stale · \d/);
        } finally {
          await world.ask("thaw_agent");
        }
        await live(page);
      },
    );
  });

  test("behind a path prefix; without permission it says so", async () => {
    const front = await frontServer("/ops/tallyman/");
    try {
      await withPage({ at: front.at, allow: [...kBroken, /403/] }, async (page) => {
        await live(page);
        await page.locator(".row[data-id]").first().waitFor();
        front.state.refuse = 403;
        await page.reload();
        await page.getByText("No permission").first().waitFor();
        front.state.refuse = 0;
        // Or the page itself has tried again before, and the button is gone.
        await page
          .getByRole("button", { name: "Try again" })
          .click({ timeout: 3000 })
          .catch(() => undefined);
        await live(page);
      });
    } finally {
      await front.close();
    }
  });

  test("a link to what never was says so and suggests", async () => {
    await withPage({ hash: "#/workload?id=%2Fdocker%2Ffarm_web", allow: [/404/] }, async (page) => {
      await live(page);
      await page.getByText("Workload not found").waitFor();
      await page.getByRole("link", { name: "farm_web_1" }).click();
      await page.locator('.chart[data-chart="CPU"] canvas').waitFor();
    });
  });

  test("paused, the figures hold still", async () => {
    await withPage({}, async (page) => {
      await live(page);
      const samples = await samplesOf(page);
      await page.getByRole("button", { name: "Pause" }).click();
      await until(async () => (await freshness(page)) === "paused", 3, "paused");
      const text = () => page.locator(".strip").textContent();
      const before = { text: await text(), time: await sampleTime(page), samples: samples() };
      await until(() => samples() >= before.samples + 3, 8, "more samples on the stream");
      assert.deepEqual([await text(), await sampleTime(page)], [before.text, before.time]);
      assert.equal(await freshness(page), "paused");
      await page.keyboard.press("p");
      await live(page);
    });
  });
});
