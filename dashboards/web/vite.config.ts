import { defineConfig } from "vite";

// The agent (or `npm run mock`) that the page asks while one works on it.
const agent = process.env["TALLYMAN"] ?? "http://127.0.0.1:8255";

export default defineConfig({
  base: "./", // works behind any path prefix
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2021",
    outDir: "dist",
    assetsInlineLimit: 0, // a data: URL would need a wider Content-Security-Policy
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(["/api", "/metrics", "/-/"].map((path) => [path, { target: agent }])),
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 60_000 }, // a busy machine is no failure
});
