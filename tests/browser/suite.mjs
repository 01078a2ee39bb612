// The dashboard in a real browser against a real agent with real containers:
//   TALLYMAN_SITE=... node --test suite.mjs
// TALLYMAN_PAGES="charts scale" takes some of the files.
import { after, before } from "node:test";
import { begin, finish } from "./support.mjs";

const kFiles = ["first_screen", "pages", "overview", "charts", "overhead", "connection", "hostile", "scale"];
/** These look at made-up hosts alone. */
const kMadeUp = ["first_screen"];
const files = process.env.TALLYMAN_PAGES?.split(" ") ?? kFiles;

before(() => begin(files.some((file) => !kMadeUp.includes(file))), { timeout: 90_000 });
after(finish, { timeout: 90_000 });

for (const file of files) await import(`./${file}.mjs`);
