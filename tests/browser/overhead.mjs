// What a container costs: a report on the page, its link, its export, and none at all.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { frontServer, inBothThemes, kDesktop, kPhone, live, until, withPage, world } from "./support.mjs";

describe("the overhead", () => {
  const group = (page, workload) => page.locator(`.overhead-group[data-workload="${workload}"]`);
  const row = (page, workload, label) => group(page, workload).locator(`.overhead-row[data-label="${label}"]`);
  const words = async (page, workload, label) =>
    (await row(page, workload, label).locator(".overhead-words").innerText()).replace(/\s+/g, " ").trim();
  let newest;
  let older;

  before(async () => {
    [newest, older] = (await world.ask("keep_reports")).runs;
  });

  test("the newest report says what the program's own table says", async () => {
    await withPage({ hash: "#/overhead" }, async (page) => {
      await row(page, "start", "podman").waitFor();
      assert.match(await page.title(), /^Overhead · /);
      assert.equal(await page.getByLabel("Report").inputValue(), newest);
      assert.match(await words(page, "start", "podman"), /x 49 x 37 \.\. 63 281 ms$/);
      assert.equal(await words(page, "integer", "cgroup"), "no measurable difference");
      assert.equal(await words(page, "start", "control"), "noise 39.1 %");
      assert.match(await group(page, "start").locator(".overhead-baseline").innerText(), /^5\.56 ms per start, bare$/);
      assert.equal(await group(page, "start").getByText("logarithmic scale").count(), 1);
      assert.equal(await group(page, "integer").getByText("logarithmic scale").count(), 0);
      assert.equal(
        await row(page, "tcp-latency", "control").count(),
        1,
        "a group of which only the control was measured",
      );
      await page.getByText(/The machine was busy/).waitFor();
      await page
        .locator(".panel", { hasText: "Did not run" })
        .getByText(/Cannot connect to the Docker daemon/)
        .first()
        .waitFor();
      await page.locator(".panel", { hasText: "CPU time by the cgroup" }).getByText("1.0077").waitFor();
    });
  });

  test("bars, intervals and noise are where the figures are, and each line is read as text", async () => {
    await withPage({ hash: "#/overhead" }, async (page) => {
      await row(page, "write-fsync", "podman").waitFor();
      const box = (of, what) => of.locator(what).first().boundingBox();
      const places = async (workload, label) => {
        const line = row(page, workload, label);
        const one = await box(line, ".ratio-one");
        const whisker = await box(line, ".ratio-interval line");
        return {
          one: one.x,
          from: whisker.x,
          to: whisker.x + whisker.width,
          plot: await box(line, ".ratio-plot"),
          noise: await box(line, ".ratio-noise"),
        };
      };
      const slower = await places("start", "podman");
      assert.ok(slower.one < slower.from && slower.from < slower.to, "slower: right of 1");
      assert.ok(
        slower.noise.x < slower.one &&
          slower.noise.x + slower.noise.width > slower.one &&
          slower.noise.x + slower.noise.width < slower.from,
        "beyond the noise",
      );
      assert.ok(slower.plot.x <= slower.noise.x && slower.to <= slower.plot.x + slower.plot.width, "on the scale");
      assert.equal(await row(page, "start", "podman").locator(".ratio-more").count(), 1);
      const faster = await places("write-fsync", "podman");
      assert.ok(faster.to < faster.one, "faster: left of 1");
      assert.equal(await row(page, "write-fsync", "podman").locator(".ratio-less").count(), 1);
      const none = row(page, "integer", "cgroup");
      assert.equal(await none.locator(".ratio-more, .ratio-less").count(), 0, "no bar without a difference");
      assert.match(
        await group(page, "start").locator("ul").ariaSnapshot(),
        /podman.*49 times, 95 percent interval 37 times to 63 times, 281 ms/,
      );
    });
  });

  test("CPU time, another report and the link to both", async () => {
    await withPage({ hash: "#/overhead" }, async (page) => {
      await row(page, "copy-up-4k", "overlay").waitFor();
      assert.match(await words(page, "copy-up-4k", "overlay"), /x 56 /);
      await page.getByRole("button", { name: "CPU time" }).click();
      await until(async () => /x 24 /.test(await words(page, "copy-up-4k", "overlay")), 3, "the ratio of CPU time");
      await group(page, "start").getByText("CPU time of this workload is not measured.").waitFor();
      await page.getByLabel("Report").selectOption(older);
      await until(() => page.url().includes(`run=${older}`), 3, "the run in the link");
      await row(page, "copy-up-4k", "overlay").waitFor();
      assert.equal(await page.getByText(/The machine was busy/).count(), 0, "the other one's remarks");
      await withPage({ at: page.url(), hash: "" }, async (again) => {
        await row(again, "copy-up-4k", "overlay").waitFor();
        assert.equal(await again.getByLabel("Report").inputValue(), older);
        assert.equal(await again.getByRole("button", { name: "CPU time" }).getAttribute("aria-pressed"), "true");
        assert.match(await words(again, "copy-up-4k", "overlay"), /x 24 /);
      });
      await page.goBack();
      await until(async () => (await page.getByLabel("Report").inputValue()) === newest, 3, "back to the newest");
    });
  });

  test("keys alone, and the machine's facts unfold", async () => {
    await withPage({ hash: "#/overview" }, async (page) => {
      await live(page);
      await page.keyboard.press("4");
      await row(page, "integer", "cgroup").waitFor();
      await page.getByLabel("Report").focus();
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await until(() => page.url().includes("quantity=cpu"), 3, "CPU time by the keyboard");
      const facts = page.locator("details");
      await facts.locator("summary").focus();
      await page.keyboard.press("Enter");
      await facts.getByText("AMD EPYC").waitFor();
    });
  });

  test("the export has what is shown", async () => {
    await withPage({ hash: "#/overhead?quantity=cpu" }, async (page) => {
      await row(page, "integer", "cgroup").waitFor();
      const saved = async (item) => {
        await page.getByRole("button", { name: "Export" }).click();
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("menuitem", { name: item }).click(),
        ]);
        return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
      };
      const csv = await saved(/CSV/);
      assert.match(csv.name, /^tallyman-overhead-2026.*\.csv$/);
      assert.match(csv.text, /^run,workload,operation,label,quantity,/);
      const rows = JSON.parse((await saved(/JSON/)).text);
      assert.equal(rows.length, csv.text.trim().split("\r\n").length - 1);
      assert.ok(rows.every((one) => one.quantity === "cpu" && (one.differs === "true") === "ratio" in one));
    });
  });

  test("a report that is not there, and a server that refuses", async () => {
    await withPage({ hash: "#/overhead?run=no-such-run", allow: [/Failed to load resource/] }, async (page) => {
      await page.getByText("Not found").waitFor();
      await page.getByLabel("Report").selectOption(newest);
      await row(page, "integer", "cgroup").waitFor();
    });
    const front = await frontServer("/");
    try {
      await withPage({ at: front.at, hash: "#/overview", allow: [/Failed to load resource/] }, async (page) => {
        await live(page);
        front.state.refuse = 403;
        await page.getByRole("navigation").getByRole("link", { name: "Overhead" }).click();
        await page.getByRole("alert").getByText("No permission").waitFor();
        front.state.refuse = 0;
        await page.getByRole("button", { name: "Try again" }).click();
        await row(page, "integer", "cgroup").waitFor();
      });
    } finally {
      await front.close();
    }
  });

  test("no report yet: the command that makes one, and its report as soon as there is one", async () => {
    await world.ask("forget_reports");
    try {
      for (const [width, viewport] of Object.entries({ desktop: kDesktop, phone: kPhone })) {
        await withPage(
          { hash: "#/overhead", viewport, colorScheme: "light", permissions: ["clipboard-read", "clipboard-write"] },
          async (page) => {
            await live(page);
            await page.getByText("Nothing is measured yet").waitFor();
            await inBothThemes(page, `overhead-empty-${width}`);
            await page.getByRole("button", { name: "Copy the command" }).click();
            await page.getByText("Copied").waitFor();
            assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "tallyman overhead run --quick");
            if (width === "desktop") return;
            await world.ask("keep_reports");
            await row(page, "integer", "cgroup").waitFor();
          },
        );
      }
    } finally {
      await world.ask("keep_reports");
    }
  });
});
