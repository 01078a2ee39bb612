// What the browser tests share: the world they look at, Chromium, and ways to look.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const site = process.env.TALLYMAN_SITE;
if (!site) throw new Error("TALLYMAN_SITE names no directory; tests/browser/site.py install makes one");
const require = createRequire(`${site}/package.json`);
const { chromium } = require("playwright-core");
const kAxe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const kPictures = process.env.TALLYMAN_PICTURES ?? `${site}/../pictures`;
mkdirSync(kPictures, { recursive: true });

/** The Python side: one question at a time. */
class World {
  constructor() {
    this.process = spawn("/usr/bin/python3", ["-B", fileURLToPath(new URL("world.py", import.meta.url))], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
    this.turn = Promise.resolve();
    this.ended = new Promise((resolve) => this.process.on("exit", (code) => resolve(code)));
  }
  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error("world.py ended; what it said is above");
    const { ok, error } = JSON.parse(value);
    if (error) throw new Error(error);
    return ok;
  }
  ask(name, more = {}) {
    const turn = this.turn.then(() => {
      this.process.stdin.write(`${JSON.stringify({ do: name, ...more })}\n`);
      return this.answer();
    });
    this.turn = turn.catch(() => undefined);
    return turn;
  }
  async close() {
    this.process.stdin.end();
    assert.equal(await this.ended, 0, "world.py ends cleanly and leaves nothing behind");
  }
}

export let world;
export let base; // of the agent itself
/** Ids of the containers that all tests look at: a Compose project of two. */
export const farm = { web: "", db: "" };
let browser;

const compose = (service) =>
  [
    ["project", "farm"],
    ["service", service],
    ["container-number", "1"],
  ].flatMap(([name, value]) => ["--label", `com.docker.compose.${name}=${value}`]);

/** Chromium, and the world of real containers unless all tests bring an agent of their own. */
export async function begin(withWorld = true) {
  browser = await launch();
  if (withWorld) await beginWorld();
}

async function beginWorld() {
  world = new World();
  base = `http://127.0.0.1:${(await world.answer()).port}/`;
  farm.web = (
    await world.ask("run", {
      name: "farm_web_1",
      steps: ["spin"],
      options: ["--cpus", "0.05", "--memory", "64m", ...compose("web")],
    })
  ).id;
  farm.db = (
    await world.ask("run", {
      name: "farm_db_1",
      steps: ["touch-memory", "40", "then", "stay"],
      options: ["--memory", "256m", ...compose("db")],
    })
  ).id;
}

const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

export async function finish() {
  await browser?.close();
  await world?.close();
}

export const kDesktop = { width: 1440, height: 900 };
export const kPhone = { width: 390, height: 844 };

/** A page of its own context; anything that the browser complains of fails the test. */
export async function withPage(options, body) {
  const { hash = "#/overview", at = base, allow = [], clock = false, init, ...rest } = options;
  const context = await browser.newContext({ viewport: kDesktop, ...rest });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000); // long, since the machine may be busy
  const complaints = [];
  const complain = (text) => {
    if (!allow.some((one) => one.test(text))) complaints.push(text);
  };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complain(message.text());
  });
  page.on("pageerror", (error) => complain(String(error)));
  page.on("dialog", (dialog) => {
    complain(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  try {
    if (clock) await page.clock.install();
    if (init) await page.addInitScript(init);
    await page.goto(at + hash);
    await body(page);
    assert.deepEqual(complaints, []);
  } catch (error) {
    await page.screenshot({ path: `${kPictures}/failed-${Date.now()}.png` }).catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
}

/** The first true value, or an error that says what was waited for. */
export async function until(condition, seconds, what) {
  const limit = Math.max(60, 3 * seconds); // long, since the machine may be busy
  const deadline = Date.now() + 1000 * limit;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${limit} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const rowOf = (page, id) => page.locator(`.row[data-id=${JSON.stringify(id)}]`);
export const freshness = (page) => page.locator(".freshness").getAttribute("data-state");
/** When the newest sample that the page shows was taken, by the agent's clock, in seconds. */
export const sampleTime = async (page) => Number(await page.locator(".freshness").getAttribute("data-time"));
/** Of which sample the chart's figure is, by the agent's clock; NaN without a figure. */
export const chartTime = async (page, title = "CPU") =>
  parseFloat(
    (await page
      .locator(`.chart[data-chart=${JSON.stringify(title)}] .legend-value`)
      .first()
      .getAttribute("data-time")) ?? "",
  );
/** The samples that come on the page's stream, whether it shows them or not: a function that says how many so far. */
export async function samplesOf(page) {
  const session = await page.context().newCDPSession(page);
  let samples = 0;
  session.on("Network.eventSourceMessageReceived", (event) => {
    if (event.eventName === "sample") samples += 1;
  });
  await session.send("Network.enable");
  return () => samples;
}

export const live = (page) => until(async () => (await freshness(page)) === "live", 15, "the page is live");

/** What assistive technology would stumble over. `rules`: only these. */
export async function accessibility(page, rules) {
  await page.evaluate(kAxe);
  const options = { resultTypes: ["violations"], ...(rules ? { runOnly: rules } : {}) };
  const { violations } = await page.evaluate((options) => globalThis.axe.run(document, options), options);
  return violations.map(
    (one) =>
      `${one.id}: ${one.help}: ${one.nodes
        .slice(0, 3)
        .map((node) => `${node.target.join(" ")} ${node.failureSummary}`)
        .join(" | ")}`,
  );
}

/** The page fits, and axe finds nothing, in light and dark; a picture of each. */
export async function inBothThemes(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await until(
      () => page.evaluate((wanted) => document.documentElement.dataset.theme === wanted, colorScheme),
      2,
      `${colorScheme}, as the system`,
    );
    const [wide, inner] = await page.evaluate(() => {
      const main = document.getElementById("main");
      return [
        Math.max(document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth),
        innerWidth,
      ];
    });
    assert.ok(wide <= 0, `${wide} px wider than the ${inner} px there are`);
    // In the other theme the same elements have other colours.
    assert.deepEqual(await accessibility(page, colorScheme === "dark" ? ["color-contrast"] : undefined), []);
    await page.screenshot({ path: `${kPictures}/${name}-${colorScheme}.png` });
  }
}

/** An agent of a made-up host, with the dashboard of this repository. */
export async function madeUpAgent(host) {
  const { makeAgent } = await import(`${site}/mock/agent.mjs`);
  const dist = process.env.TALLYMAN_DIST ?? fileURLToPath(new URL("../../dashboards/web/dist/", import.meta.url));
  const { server, state } = makeAgent({ ...host, dist });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    state,
    at: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
export const made = (name) => import(`${site}/mock/${name}.mjs`);

/** A line of the stream as an agent with a clock `seconds` off would send it. */
const shifted = (line, seconds) =>
  line.replace(/"time":([\d.]+(?:E9)?)/, (_, time) => `"time":${Number(time) + seconds}`);

/** A server in front of the agent: under a path prefix, with a door that can be closed, and a clock that can be set. */
export async function frontServer(prefix) {
  const state = { refuse: 0, streams: 0, clock: 0 };
  const server = createServer((request, response) => {
    if (!request.url.startsWith(prefix)) return response.writeHead(404).end();
    const path = request.url.slice(prefix.length - 1);
    if (path.startsWith("/api/v1/stream")) state.streams += 1;
    if (state.refuse && path.startsWith("/api/")) return response.writeHead(state.refuse).end("not for you");
    const onward = httpRequest(
      base + path.slice(1),
      { headers: { ...request.headers, host: new URL(base).host } },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        if (!path.startsWith("/api/v1/stream")) return answer.pipe(response);
        createInterface({ input: answer })
          .on("line", (line) => response.write(`${shifted(line, state.clock)}\n`))
          .on("error", () => response.destroy())
          .on("close", () => response.end());
      },
    );
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    onward.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    state,
    at: `http://127.0.0.1:${server.address().port}${prefix}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections?.();
        server.close(resolve);
      }),
  };
}
