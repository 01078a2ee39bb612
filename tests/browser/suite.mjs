// The dashboard in a real browser against a real agent with real containers:
//   TALLYMAN_SITE=... node --test suite.mjs
// TALLYMAN_PAGES="charts scale" takes some of the files.
import { after, before } from "node:test";
import { begin, finish } from "./support.mjs";

before(begin, { timeout: 90_000 });
after(finish, { timeout: 90_000 });

const kFiles = ["pages", "overview", "charts", "overhead", "connection", "hostile", "scale"];
for (const file of process.env.TALLYMAN_PAGES?.split(" ") ?? kFiles) await import(`./${file}.mjs`);
