// Names and labels that somebody chose to harm: shown as what they are, nowhere as more.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { accessibility, kPhone, live, rowOf, until, withPage, world } from "./support.mjs";

describe("hostile names", { concurrency: 2 }, () => {
  const kNames = {
    html: "<img src=x onerror=alert(1)>",
    script: "<script>alert(1)<_script>",
    direction: "\u202egpj.exe\u202c\u2066evil",
    formula: "=HYPERLINK(1)",
    attribute: `" onmouseover="alert(1)" x="`,
    url: "javascript:alert(1)",
    percent: "%00%2e%2e&x=1#y",
    long: "n".repeat(240),
  };
  let parent;
  let labelled;

  before(async () => {
    parent = (await world.ask("make_cgroups", { names: Object.values(kNames) })).parent;
    labelled = await world.ask("run", {
      name: "labelled",
      steps: ["stay"],
      options: [
        "--label",
        `io.kubernetes.evil=<svg onload=alert(1)>`,
        "--label",
        "com.docker.compose.project=</select><script>alert(1)</script>",
        "--label",
        `io.kubernetes.big=${"v".repeat(4096)}`,
        "--label",
        "io.kubernetes.rtl=\u202eabc",
        "--label",
        "database.password=hunter2", // no label that is exported
      ],
    });
  });

  /** Elements that only markup out of a name could have made. */
  const foreign = (page) =>
    page.evaluate(
      () =>
        document.querySelectorAll("img, iframe, object, embed, body script, svg[onload], [onerror], [onmouseover]")
          .length,
    );

  test("in the table, its filters and its export", async () => {
    await withPage({ hash: `#/overview?q=${encodeURIComponent(`${parent} -bare`)}` }, async (page) => {
      await live(page);
      for (const name of Object.values(kNames)) await rowOf(page, `${parent}/${name}`).waitFor();
      const text = await page.locator(".grid-body").innerText();
      assert.match(text, /<img src=x onerror=alert\(1\)>/);
      assert.match(text, /<202E>gpj\.exe/);
      assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069]/);
      assert.equal(await foreign(page), 0);
      await page.getByRole("button", { name: "Export" }).click();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("menuitem", { name: /CSV/ }).click(),
      ]);
      const csv = await readFile(await download.path(), "utf8");
      assert.equal(csv.trim().split("\r\n").length, Object.keys(kNames).length + 2, "one line a row, and the parent's");
      assert.doesNotMatch(csv, /(^|,)"?=HYPERLINK/m);
    });
  });

  test("in a link, a chart and a page of their own, on a phone too", async () => {
    for (const name of Object.values(kNames)) {
      await withPage(
        { hash: `#/workload?id=${encodeURIComponent(`${parent}/${name}`)}`, viewport: kPhone },
        async (page) => {
          await live(page);
          await page.locator('.chart[data-chart="CPU"] canvas').waitFor();
          assert.equal(await foreign(page), 0);
          assert.ok(
            await page.evaluate(
              () => document.getElementById("main").scrollWidth <= document.getElementById("main").clientWidth,
            ),
            `${name.slice(0, 20)} fits`,
          );
          assert.doesNotMatch(await page.title(), /[\u202a-\u202e\u2066-\u2069]/);
        },
      );
    }
  });

  test("in labels and Compose projects", async () => {
    await withPage({ hash: `#/workload?id=${encodeURIComponent(labelled.id)}` }, async (page) => {
      await live(page);
      const labels = page.locator(".panel", { hasText: "Labels" });
      await labels.waitFor();
      await labels.getByText("<svg onload=alert(1)>").waitFor();
      await labels.getByText("<202E>abc").waitFor();
      assert.equal(await page.getByText("hunter2").count(), 0);
      assert.equal(await foreign(page), 0);
      assert.deepEqual(await accessibility(page), []);
    });
    await withPage({ hash: "#/overview?group=project" }, async (page) => {
      await live(page);
      await page.locator(".row-group", { hasText: "</select><script>alert(1)</script>" }).click();
      await page.locator(".row.in-group", { hasText: "labelled" }).waitFor();
      assert.equal(await foreign(page), 0);
    });
  });

  test("names compared with one another", async () => {
    const ids = [kNames.html, kNames.direction, kNames.long].map(
      (name) => `id=${encodeURIComponent(`${parent}/${name}`)}`,
    );
    await withPage({ hash: `#/compare?${ids.join("&")}` }, async (page) => {
      await live(page);
      assert.equal(await page.locator(".compared .chip").count(), 3);
      assert.equal(await foreign(page), 0);
    });
  });

  test("a link that is nonsense", async () => {
    for (const hash of [
      "#/workload?id=" + "x".repeat(4096),
      "#/overview?q=%E0%A4%A&sort=__proto__",
      "#/compare?id=&id=&from=1e999",
      "#/__proto__",
    ]) {
      await withPage({ hash, allow: [/404|400|431|414/] }, async (page) => {
        await live(page);
        await until(
          () =>
            page
              .locator("#main")
              .innerText()
              .then((text) => text.length > 20),
          8,
          "something to read",
        );
        assert.equal(await foreign(page), 0);
      });
    }
  });
});
