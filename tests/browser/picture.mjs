// The picture of the README, docs/images/dashboard.png: the first screen of the made-up host that
// first_screen.mjs looks at.
//   TALLYMAN_SITE=... node picture.mjs OUT.png [light|dark]
import { begin, finish, live, made, madeUpAgent, withPage } from "./support.mjs";

const [, , out, colorScheme = "light"] = process.argv;

const { makeBusyHost } = await made("busy_host");
const agent = await madeUpAgent(makeBusyHost(Date.now() / 1000));
await begin(false);
try {
  await withPage({ at: agent.at, viewport: { width: 1440, height: 880 }, colorScheme }, async (page) => {
    await live(page);
    await page.getByText("Disk space").waitFor();
    await new Promise((resolve) => setTimeout(resolve, 8000)); // the lines' past is filled in
    await page.screenshot({ path: out });
  });
} finally {
  await finish();
  await agent.close();
}
